/* Files that appear whole or not at all: written under a temporary name in the same directory,
 * flushed to disk, renamed. What fails leaves the old file, and no temporary one. */
#ifndef LORE_BASE_TEXTFILE_H
#define LORE_BASE_TEXTFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "lore/base/status.h"

typedef struct lore_textfile_sink lore_textfile_sink;

/* A text file that is being written. */
typedef struct {
  FILE *stream; /* print to it */
  char *path, *partial;
  lore_textfile_sink *sink;
} lore_textfile;

/* Begins a new file at `path`. If other processes may write it at the same time (`shared`), the
 * temporary name is this process's own, and what killed processes of this machine have left is
 * removed; else it is path.partial, which takes the place of what one has left. LORE_FILE, "cannot
 * write PATH: reason", if that is impossible; nothing is to be committed then. */
lore_status lore_textfile_begin(const char *path, bool shared, lore_textfile *file);

/* Puts the file at its place and ends it, also if that (or a print before) failed: LORE_FILE,
 * "cannot write PATH: reason". */
lore_status lore_textfile_commit(lore_textfile *file);

/* Ends a file that is not to be put at its place, and leaves nothing. */
void lore_textfile_abandon(lore_textfile *file);

/* Makes `path` of `size` bytes, as a shared text file. */
lore_status lore_bytes_put(const char *path, const void *bytes, size_t size);

/* Whether a file can be put at `path`, to be asked before anything long is computed: LORE_FILE,
 * "cannot write PATH: reason", if not. `makes`: directories that are missing will be made. Leaves
 * nothing. */
lore_status lore_textfile_try(const char *path, bool makes);

/* Writes all bytes; 0 or errno. */
int lore_bytes_write(int fd, const void *bytes, size_t size);

/* The same for files that others write, as libraries do. The name under which `path` is written;
 * free it. */
lore_status lore_partial_name(const char *path, char **partial);

/* Flushes `partial`, open as `fd` since before it was written: only so are all errors of writing
 * told here. LORE_FILE, "cannot flush PARTIAL: reason". */
lore_status lore_partial_flush(int fd, const char *partial);

/* Renames `partial`, which was flushed, to `path` and flushes the directory. LORE_FILE with "cannot
 * put a new file at PATH: reason" and the like; `partial` is left then. */
lore_status lore_partial_rename(const char *partial, const char *path);

/* Ends what lore_partial_name began: after LORE_OK renames `partial`; removes it after another
 * `status`, or if that fails. Frees the name. Returns `status` or that of the renaming. */
lore_status lore_partial_finish(lore_status status, char *partial, const char *path);

#endif
