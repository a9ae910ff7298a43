/* The paths and file names of a directory of results. */
#ifndef LORE_IO_PATH_H
#define LORE_IO_PATH_H

#include "lore/base/status.h"

enum { LORE_PATH_MAX = 4096 };

/* directory/name, LORE_PATH_MAX bytes at `path`. LORE_USER if that is too long. */
lore_status lore_path_join(const char *directory, const char *name, char *path);

/* Makes `path` and what leads there. */
lore_status lore_directory_make(const char *path);

/* study/runs/<id>, LORE_PATH_MAX bytes at `path`. */
lore_status lore_directory_of_run(const char *study, const char *id, char *path);

#endif
