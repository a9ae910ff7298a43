/* Text in double quotes. */
#include "lore/io/quote.h"

#include <string.h>

#include "lore/base/json.h"

void lore_quote_write(FILE *file, const char *text) {
  lore_json_quote(file, text); /* which YAML reads alike */
}

/* The code of the character that the escape at *at (after the backslash) means; -1 if it is none of
 * ours. */
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
  return code > 0 ? (int)code : -1;
}

/* A character below U+10000 as UTF-8; returns how many bytes that are. */
static size_t encode(int code, char bytes[3]) {
  if (code < 0x80) {
    bytes[0] = (char)code;
    return 1;
  }
  size_t length = code < 0x800 ? 2 : 3;
  bytes[0] = (char)(length == 2 ? 0xC0 | code >> 6 : 0xE0 | code >> 12);
  bytes[length - 2] = (char)(length == 2 ? bytes[0] : 0x80 | (code >> 6 & 0x3F));
  bytes[length - 1] = (char)(0x80 | (code & 0x3F));
  return length;
}

bool lore_quote_read(const char *quoted, size_t size, char *text) {
  const char *at = quoted;
  size_t length = 0;
  if (*at++ != '"')
    return false;
  while (*at && *at != '"') {
    char bytes[3] = {*at};
    size_t count = 1;
    if (*at++ == '\\') {
      int code = read_escape(&at);
      if (code < 0)
        return false;
      count = encode(code, bytes);
    }
    if (length + count < size) {
      memcpy(text + length, bytes, count);
      length += count;
    } else {
      size = length + 1; /* nothing behind what does not fit */
    }
  }
  text[length] = '\0';
  return at[0] == '"' && at[1] == '\0';
}
