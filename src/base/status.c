/* The message that explains the last error. */
#include "lore/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = 4096 };

static char message[MESSAGE_SIZE];

/* Formats beside `message` first: an argument may be the recorded message itself. */
__attribute__((format(printf, 1, 0))) static void message_replace(const char *format,
                                                                  va_list arguments) {
  char text[MESSAGE_SIZE];
  vsnprintf(text, sizeof text, format, arguments);
  strcpy(message, text);
}

lore_status lore_fail(lore_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  message_replace(format, arguments);
  va_end(arguments);
  return status;
}

lore_status lore_fail_context(lore_status status, const char *format, ...) {
  char text[MESSAGE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  strncat(text, ": ", sizeof text - strlen(text) - 1);
  strncat(text, message, sizeof text - strlen(text) - 1);
  strcpy(message, text);
  return status;
}

const char *lore_fail_message(void) {
  return message;
}

int lore_status_exit_code(lore_status status) {
  static const int codes[] = {
#define X(name, code, text) [name] = (code),
      LORE_STATUS_LIST(X)
#undef X
  };
  return codes[status];
}

bool lore_status_may_pass(lore_status status) {
  return status == LORE_FILE || status == LORE_NETCDF || status == LORE_MEMORY;
}

const char *lore_status_text(lore_status status) {
  static const char *const texts[] = {
#define X(name, code, text) [name] = (text),
      LORE_STATUS_LIST(X)
#undef X
  };
  return texts[status];
}
