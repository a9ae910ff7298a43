/* Text as it is shown to people. */
#include "lore/base/shown.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

size_t lore_shown_find(const char *text, unsigned *code, bool *acts) {
  const unsigned char *at = (const unsigned char *)text;
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

char *lore_shown_text(const char *text) {
  char *shown = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&shown, &size);
  if (!stream)
    return NULL;
  while (*text) {
    unsigned code;
    bool acts;
    size_t length = lore_shown_find(text, &code, &acts);
    if (acts)
      fprintf(stream, "\\u%04x", code);
    else
      fwrite(text, 1, length, stream);
    text += length;
  }
  fclose(stream);
  return shown;
}

void lore_shown_print(FILE *stream, const char *format, ...) {
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  char *shown = length < 0 ? NULL : lore_shown_text(text);
  fputs(shown ? shown : "(no memory to print this)\n", stream);
  free(shown);
  if (length >= 0)
    free(text);
}

void lore_shown_print_word(FILE *file, const char *word) {
  if (*word && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                            "_-+=./:,@%") == strlen(word)) {
    fputs(word, file);
    return;
  }
  putc('\'', file);
  for (; *word; word++)
    if (*word == '\'')
      fputs("'\\''", file);
    else
      putc(*word, file);
  putc('\'', file);
}
