/* A text that settings come from, the study file or one override, and messages that point into it.
 */
#ifndef LORE_SETTINGS_SOURCE_H
#define LORE_SETTINGS_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "lore/base/status.h"

/* A place that stands for the whole source. */
#define LORE_NOWHERE SIZE_MAX

typedef struct {
  const char *path;   /* of the study file; NULL: an override */
  const char *option; /* "key=value" of an override; NULL: a file */
  const char *text;   /* NUL-terminated UTF-8 */
  size_t length;      /* bytes */
} lore_source;

/* Reads the study file `path` into memory. LORE_USER: it is not there, not a file, unreadable, too
 * large or not UTF-8 text. Free with lore_source_destroy. */
lore_status lore_source_read(const char *path, lore_source *source);
void lore_source_destroy(lore_source *source);

/* The path of a file that the study calls `name`: relative to the study's directory unless
 * absolute. Free it. */
lore_status lore_source_beside(const lore_source *study, const char *name, char **path);

/* LORE_USER if the source is not UTF-8 text or has control characters. */
lore_status lore_source_check(const lore_source *source);

/* LORE_USER with a printf-style message that names byte `at` of the source: "FILE:LINE:COLUMN: ..."
 * followed by the line and a caret, "FILE: ..." for LORE_NOWHERE, "-s key=value: ..." for an
 * override. */
lore_status lore_source_fail(const lore_source *source, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The line (from 1) of byte `at`. */
int lore_source_line(const lore_source *source, size_t at);

/* The byte at `line` and `column` (both from 1, in characters). */
size_t lore_source_at(const lore_source *source, int line, int column);

/* Copies at most `most` characters of `text` into `shown` (`size` bytes), control characters as
 * '?', "..." at the end if there was more. Returns `shown`. */
char *lore_text_show(const char *text, size_t most, size_t size, char *shown);

#endif
