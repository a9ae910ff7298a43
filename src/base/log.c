/* Lines on stderr, each written by one call so that lines of several ranks do not mix. */
#include "lore/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lore/base/shown.h"

static int log_rank;

void lore_log_set_rank(int rank) {
  log_rank = rank;
}

__attribute__((format(printf, 2, 0))) static void log_line(const char *prefix, const char *format,
                                                           va_list arguments) {
  char *text = NULL;
  if (vasprintf(&text, format, arguments) < 0) {
    fprintf(stderr, "lore: %s%s\n", prefix, format);
    return;
  }
  char *shown = lore_shown_text(text);
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
