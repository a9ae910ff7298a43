/* Text in double quotes. */
#include "lore/io/quote.h"

#include <string.h>

#include "lore/base/json.h"

void lore_quote_write(FILE *file, const char *text) {
  lore_json_quote(file, text); /* which YAML reads alike */
}

/* The character that the escape at *at (after the backslash) means; -1 if it is none of ours. */
static int read_escape(const char **at) {
  unsigned code;
  char kind = *(*at)++;
  if (kind == '"' || kind == '\\')
    return kind;
  if (kind == 'n')
    return '\n';
  if (kind != 'u' || strspn(*at, "0123456789abcdef") < 4 || sscanf(*at, "%4x", &code) != 1)
    return -1;
  *at += 4;
  return code > 0 && code < 0x80 ? (int)code : -1;
}

bool lore_quote_read(const char *quoted, size_t size, char *text) {
  const char *at = quoted;
  size_t length = 0;
  if (*at++ != '"')
    return false;
  while (*at && *at != '"') {
    int byte = (unsigned char)*at++;
    if (byte == '\\')
      byte = read_escape(&at);
    if (byte < 0)
      return false;
    if (length + 1 < size)
      text[length++] = (char)byte;
  }
  text[length] = '\0';
  return at[0] == '"' && at[1] == '\0';
}
