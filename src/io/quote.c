/* Text in double quotes. */
#include "lore/io/quote.h"

#include <string.h>

/* Bytes of the UTF-8 character at `text`, 0 if there is none (RFC 3629). */
static size_t character_length(const unsigned char *text) {
  unsigned first = text[0], second = text[1];
  if (first < 0x80)
    return 1;
  size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                  : first >= 0xE0 && first <= 0xEF ? 3
                  : first >= 0xF0 && first <= 0xF4 ? 4
                                                   : 0;
  for (size_t i = 1; i < length; i++)
    if ((text[i] & 0xC0) != 0x80)
      return 0;
  bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : length;
}

void lore_quote_write(FILE *file, const char *text) {
  fputc('"', file);
  while (*text) {
    size_t length = character_length((const unsigned char *)text);
    if (length == 0)
      fputs("\xEF\xBF\xBD", file);
    else if (*text == '"' || *text == '\\')
      fprintf(file, "\\%c", *text);
    else if (*text == '\n')
      fputs("\\n", file);
    else if ((length == 1 && (unsigned char)*text < 0x20) || *text == 0x7F)
      fprintf(file, "\\u%04x", (unsigned)*text);
    else
      fwrite(text, 1, length, file);
    text += length ? length : 1;
  }
  fputc('"', file);
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
