/* Texts that settings come from: reading them, refusing what cannot be one, and messages with file,
 * line, column, the line itself and a caret. */
#include "lore/settings/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOURCE_MAX = 1 << 20 }; /* bytes */
enum { WINDOW = 88, OPTION_SHOWN = 80, MESSAGE_SIZE = 2048 };

static bool is_continuation(char c) {
  return ((unsigned char)c & 0xC0) == 0x80;
}

static bool is_break(const lore_source *source, size_t at) {
  char c = source->text[at];
  return c == '\n' || (c == '\r' && source->text[at + 1] != '\n');
}

static size_t skip_byte_order_mark(const lore_source *source) {
  return strncmp(source->text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* Where the line that holds byte `at` begins, and its number. */
static size_t line_begin(const lore_source *source, size_t at, int *line) {
  size_t begin = skip_byte_order_mark(source);
  *line = 1;
  for (size_t i = 0; i < at && i < source->length; i++)
    if (is_break(source, i)) {
      begin = i + 1;
      ++*line;
    }
  return begin;
}

static size_t character_count(const char *text, size_t bytes) {
  size_t count = 0;
  for (size_t i = 0; i < bytes; i++)
    count += !is_continuation(text[i]);
  return count;
}

/* Bytes of the first `characters` characters of `text`, which has `bytes`. */
static size_t character_bytes(const char *text, size_t bytes, size_t characters) {
  size_t i = 0;
  for (size_t count = 0; i < bytes; i++) {
    count += !is_continuation(text[i]);
    if (count > characters)
      break;
  }
  return i;
}

int lore_source_line(const lore_source *source, size_t at) {
  int line;
  line_begin(source, at, &line);
  return line;
}

size_t lore_source_at(const lore_source *source, int line, int column) {
  size_t at = skip_byte_order_mark(source);
  for (; line > 1 && at < source->length; at++)
    line -= is_break(source, at);
  size_t bytes = strcspn(source->text + at, "\r\n");
  return at + character_bytes(source->text + at, bytes, column > 1 ? (size_t)column - 1 : 0);
}

char *lore_text_show(const char *text, size_t most, size_t size, char *shown) {
  size_t bytes = strlen(text), limit = size - sizeof "...";
  size_t kept = character_bytes(text, bytes, most);
  while (kept > limit || (kept < bytes && kept > 0 && is_continuation(text[kept])))
    kept--;
  for (size_t i = 0; i < kept; i++)
    shown[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7F ? '?' : text[i];
  strcpy(shown + kept, kept < bytes ? "..." : "");
  return shown;
}

/* The line of `text` and below it a caret under its character `column` (from 0). Long lines are cut
 * on both sides of the place; a tab before it stands in both lines, so that the caret stays under
 * it. */
static void show_line(const char *text, size_t bytes, size_t column, int line, FILE *stream) {
  size_t characters = character_count(text, bytes), first = 0, last = characters;
  if (characters > WINDOW) {
    first = column > WINDOW / 2 ? column - WINDOW / 2 : 0;
    if (first + WINDOW > characters)
      first = characters - WINDOW;
    last = first + WINDOW;
  }
  size_t from = character_bytes(text, bytes, first), to = character_bytes(text, bytes, last);
  size_t place = character_bytes(text, bytes, column);
  fprintf(stream, "\n%5d | %s%.*s%s\n      | %s", line, first > 0 ? "..." : "", (int)(to - from),
          text + from, last < characters ? "..." : "", first > 0 ? "   " : "");
  for (size_t i = from; i < place; i++)
    if (!is_continuation(text[i]))
      fputc(text[i] == '\t' ? '\t' : ' ', stream);
  fputc('^', stream);
}

/* Puts the place in front of `message` and the line below it. */
static void show_place(const lore_source *source, size_t at, const char *message, FILE *stream) {
  int line;
  if (at > source->length)
    at = source->length;
  size_t begin = line_begin(source, at, &line);
  if (at < begin)
    at = begin;
  const char *text = source->text + begin;
  size_t column = character_count(text, at - begin);
  fprintf(stream, "%s:%d:%zu: %s", source->path, line, column + 1, message);
  show_line(text, strcspn(text, "\r\n"), column, line, stream);
}

lore_status lore_source_fail(const lore_source *source, size_t at, const char *format, ...) {
  char message[MESSAGE_SIZE], option[4 * OPTION_SHOWN + 4];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (source->option)
    return lore_fail(LORE_USER, "-s %s: %s",
                     lore_text_show(source->option, OPTION_SHOWN, sizeof option, option), message);
  if (at == LORE_NOWHERE)
    return lore_fail(LORE_USER, "%s: %s", source->path, message);
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  if (!stream)
    return lore_fail(LORE_USER, "%s:%d: %s", source->path, lore_source_line(source, at), message);
  show_place(source, at, message, stream);
  fclose(stream);
  lore_status status = lore_fail(LORE_USER, "%s", text);
  free(text);
  return status;
}

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
    return lore_fail(LORE_MEMORY, "%s: cannot allocate %zu bytes", path, capacity);
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
    return lore_fail(LORE_MEMORY, "cannot allocate a path");
  return LORE_OK;
}
