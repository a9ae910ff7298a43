/* Resume points: checkpoints with everything that a run needs to go on. */
#ifndef LORE_IO_RESUME_H
#define LORE_IO_RESUME_H

#include <dirent.h>
#include <stdint.h>

#include "lore/base/status.h"
#include "lore/io/checkpoint.h"
#include "lore/io/ncfile.h"

/* The members of lore_resume as global attributes "resume_..."; `step` is every checkpoint's. */
void lore_resume_put_fields(lore_ncfile *file, const lore_resume *resume);
lore_status lore_resume_get_fields(int ncid, const char *path, lore_resume *resume);

/* directory/resume_<step>.nc. Free it. */
lore_status lore_resume_path(const char *directory, int64_t step, char **path);

/* The resume points of a directory, newest first. Free them, also after a failure. A directory that
 * does not exist has none. */
typedef struct {
  int count;
  int64_t *step;
} lore_resume_points;

lore_status lore_resume_list(const char *directory, lore_resume_points *points);

/* Removes what a writer that was killed has left. */
void lore_resume_remove_partial(const char *directory);

#endif
