/* Reading a study file into memory, and refusing what cannot be one. */
#include "lore/settings/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOURCE_MAX = 1 << 20 }; /* bytes */

/* Length of the UTF-8 sequence at `s` of at most `left` bytes; 0 if there is none. Refuses overlong
 * forms, surrogates and what lies above U+10FFFF. */
static size_t utf8_length(const unsigned char *s, size_t left) {
  unsigned char lead = s[0];
  if (lead < 0x80)
    return 1;
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || length > left)
    return 0;
  for (size_t i = 1; i < length; i++)
    if ((s[i] & 0xC0) != 0x80)
      return 0;
  bool overlong = (lead == 0xE0 && s[1] < 0xA0) || (lead == 0xF0 && s[1] < 0x90);
  bool outside = (lead == 0xED && s[1] > 0x9F) || (lead == 0xF4 && s[1] > 0x8F);
  return overlong || outside ? 0 : length;
}

/* Such bytes cannot be shown, so the message names the line only. */
static lore_status fail_byte(const lore_source *source, size_t at, const char *what) {
  unsigned char byte = (unsigned char)source->text[at];
  if (source->option)
    return lore_source_fail(source, at, "byte 0x%02x %s", byte, what);
  return lore_fail(LORE_USER, "%s:%d: byte 0x%02x %s", source->path, lore_source_line(source, at),
                   byte, what);
}

lore_status lore_source_check(const lore_source *source) {
  const unsigned char *s = (const unsigned char *)source->text;
  size_t length = 0;
  for (size_t at = 0; at < source->length; at += length) {
    length = utf8_length(s + at, source->length - at);
    if (length == 0)
      return fail_byte(source, at, "is not UTF-8 text; write the study in UTF-8 or ASCII");
    if (s[at] == 0 || s[at] == 0x7F || (s[at] < 0x20 && !strchr("\t\n\r", s[at])))
      return fail_byte(source, at, "is a control character; a study is plain text");
  }
  return LORE_OK;
}

static lore_status fail_errno(const char *path) {
  static const int users[] = {ENOENT, EACCES, EPERM, ENOTDIR, ELOOP, ENAMETOOLONG, ENXIO};
  lore_status status = LORE_FILE;
  for (size_t i = 0; i < sizeof users / sizeof *users; i++)
    if (errno == users[i])
      status = LORE_USER;
  return lore_fail(status, "%s: cannot be read (%s); give the path of a study file", path,
                   strerror(errno));
}

static lore_status read_descriptor(const char *path, int descriptor, lore_source *source) {
  struct stat about;
  if (fstat(descriptor, &about) != 0)
    return fail_errno(path);
  if (S_ISDIR(about.st_mode))
    return lore_fail(LORE_USER, "%s: is a directory; give the path of a study file", path);
  if (!S_ISREG(about.st_mode))
    return lore_fail(LORE_USER, "%s: is not a regular file; give the path of a study file", path);
  if (about.st_size > SOURCE_MAX)
    return lore_fail(LORE_USER, "%s: has %lld bytes; a study file has at most %d", path,
                     (long long)about.st_size, SOURCE_MAX);
  size_t capacity = (size_t)about.st_size;
  char *text = malloc(capacity + 1);
  if (!text)
    return lore_fail(LORE_MEMORY, "%s: no memory for %zu bytes", path, capacity);
  *source = (lore_source){.path = path, .text = text};
  while (source->length < capacity) {
    ssize_t got = read(descriptor, text + source->length, capacity - source->length);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return fail_errno(path);
    if (got == 0)
      break;
    source->length += (size_t)got;
  }
  text[source->length] = '\0';
  return lore_source_check(source);
}

lore_status lore_source_read(const char *path, lore_source *source) {
  *source = (lore_source){.path = path};
  /* Not blocking: a named pipe without a writer must not hang the program. */
  int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0)
    return fail_errno(path);
  lore_status status = read_descriptor(path, descriptor, source);
  close(descriptor);
  if (status != LORE_OK)
    lore_source_destroy(source);
  return status;
}

void lore_source_destroy(lore_source *source) {
  free((char *)source->text);
  *source = (lore_source){0};
}

lore_status lore_source_beside(const lore_source *study, const char *name, char **path) {
  const char *slash = study->path ? strrchr(study->path, '/') : NULL;
  int directory = slash && *name != '/' ? (int)(slash - study->path) + 1 : 0;
  if (asprintf(path, "%.*s%s", directory, study->path ? study->path : "", name) < 0)
    return lore_fail(LORE_MEMORY, "no memory for a path");
  return LORE_OK;
}
