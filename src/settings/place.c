/* Messages that point into a source: file, line, column, the line itself and a caret. */
#include "lore/settings/source.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
