/* Files that appear whole or not at all: written under a temporary name in the same directory,
 * flushed to disk, renamed. What fails leaves the old file, and no temporary one. */
#ifndef LORE_BASE_TEXTFILE_H
#define LORE_BASE_TEXTFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "lore/base/status.h"

/* A text file that is being written. */
typedef struct {
  FILE *stream; /* print to it */
  char *path, *partial;
} lore_textfile;

/* Begins a new file at `path`. If other processes may write it at the same time (`shared`), the
 * temporary name is this process's own; else it is path.partial, which takes the place of what a
 * killed process has left. LORE_FILE, "cannot write PATH: reason", if that is impossible; nothing
 * is to be committed then. */
lore_status lore_textfile_begin(const char *path, bool shared, lore_textfile *file);

/* Puts the file at its place and ends it, also if that (or a print before) failed: LORE_FILE,
 * "cannot write PATH: reason". */
lore_status lore_textfile_commit(lore_textfile *file);

/* The same for files that others write, as libraries do. The name under which `path` is written;
 * free it. */
lore_status lore_partial_name(const char *path, char **partial);

/* Flushes `partial` to disk, renames it to `path` and flushes the directory. LORE_FILE with
 * "cannot flush PARTIAL: reason" and the like; `partial` is left then. */
lore_status lore_partial_commit(const char *partial, const char *path);

#endif
