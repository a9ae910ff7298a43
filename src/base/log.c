/* Lines on stderr, each written by one call so that lines of several ranks do not mix. */
#include "lore/base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int log_rank;

void lore_log_set_rank(int rank) {
  log_rank = rank;
}

/* Length of the character at `at`, UTF-8, and whether it would act on a terminal instead of being
 * seen: controls, and what changes the direction of text. */
static size_t find_control(const unsigned char *at, unsigned *code, bool *acts) {
  size_t length = 1;
  *code = at[0];
  if (at[0] >= 0xC2 && at[0] < 0xE0 && (at[1] & 0xC0) == 0x80) {
    length = 2;
    *code = (at[0] & 0x1Fu) << 6 | (at[1] & 0x3Fu);
  } else if (at[0] >= 0xE0 && at[0] < 0xF0 && (at[1] & 0xC0) == 0x80 && (at[2] & 0xC0) == 0x80) {
    length = 3;
    *code = (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
  }
  *acts = (*code < 0x20 && *code != '\n' && *code != '\t') ||
          (*code >= 0x7F && *code < (length > 1 ? 0xA0u : 0x80u)) || *code == 0x61C ||
          *code == 0x200E || *code == 0x200F || (*code >= 0x2028 && *code <= 0x202E) ||
          (*code >= 0x2066 && *code <= 0x2069);
  return length;
}

/* The line with \u202e where such a character is: a name may hold any. NULL without memory. */
static char *show_controls(const char *text) {
  char *shown = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&shown, &size);
  if (!stream)
    return NULL;
  while (*text) {
    unsigned code;
    bool acts;
    size_t length = find_control((const unsigned char *)text, &code, &acts);
    if (acts)
      fprintf(stream, "\\u%04x", code);
    else
      fwrite(text, 1, length, stream);
    text += length;
  }
  fclose(stream);
  return shown;
}

__attribute__((format(printf, 2, 0))) static void log_line(const char *prefix, const char *format,
                                                           va_list arguments) {
  char *text = NULL;
  if (vasprintf(&text, format, arguments) < 0) {
    fprintf(stderr, "lore: %s%s\n", prefix, format);
    return;
  }
  char *shown = show_controls(text);
  fprintf(stderr, "lore: %s%s\n", prefix, shown ? shown : text);
  free(shown);
  free(text);
}

#define LOG_LINE(prefix)                                                                           \
  do {                                                                                             \
    va_list arguments;                                                                             \
    va_start(arguments, format);                                                                   \
    log_line(prefix, format, arguments);                                                           \
    va_end(arguments);                                                                             \
  } while (0)

void lore_info(const char *format, ...) {
  if (log_rank == 0)
    LOG_LINE("");
}

void lore_warn(const char *format, ...) {
  if (log_rank == 0)
    LOG_LINE("warning: ");
}

void lore_error(const char *format, ...) {
  if (log_rank == 0)
    LOG_LINE("error: ");
}

void lore_say(const char *format, ...) {
  LOG_LINE("");
}

void lore_error_rank(const char *format, ...) {
  char prefix[32];
  snprintf(prefix, sizeof prefix, "error: rank %d: ", log_rank);
  LOG_LINE(prefix);
}
