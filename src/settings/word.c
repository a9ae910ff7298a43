/* Scalars: what a plain YAML scalar is, and numbers as text. */
#include "lore/settings/word.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_one_of(const char *text, const char *const *words) {
  for (; *words; words++)
    if (strcmp(text, *words) == 0)
      return true;
  return false;
}

/* Length of the decimal number at the start of `text`, 0 if none; `whole` tells whether it is an
 * integer. */
static size_t number_length(const char *text, bool *whole) {
  const char *digits = "0123456789";
  size_t at = text[0] == '-' || text[0] == '+';
  size_t before = strspn(text + at, digits), after = 0;
  at += before;
  *whole = text[at] != '.';
  if (text[at] == '.') {
    after = strspn(text + at + 1, digits);
    at += 1 + after;
  }
  if (before + after == 0)
    return 0;
  if (text[at] == 'e' || text[at] == 'E') {
    size_t sign = text[at + 1] == '-' || text[at + 1] == '+';
    size_t exponent = strspn(text + at + 1 + sign, digits);
    if (exponent > 0) {
      at += 1 + sign + exponent;
      *whole = false;
    }
  }
  return at;
}

static bool is_separated(const char *text) {
  char bare[64];
  size_t length = 0;
  for (const char *c = text; *c && length + 1 < sizeof bare; c++)
    if (*c != '_' && *c != ',')
      bare[length++] = *c;
  bare[length] = '\0';
  bool whole;
  return length < strlen(text) && length > 0 && number_length(bare, &whole) == length;
}

static bool is_not_finite(const char *text) {
  static const char *const words[] = {"nan", "inf", "infinity"};
  text += *text == '-' || *text == '+';
  text += *text == '.';
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcasecmp(text, words[i]) == 0)
      return true;
  return false;
}

lore_word lore_word_classify(const char *text) {
  static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
  static const char *const trues[] = {"true", "True", "TRUE", NULL};
  static const char *const falses[] = {"false", "False", "FALSE", NULL};
  if (is_one_of(text, nulls))
    return LORE_WORD_NULL;
  if (is_one_of(text, trues))
    return LORE_WORD_TRUE;
  if (is_one_of(text, falses))
    return LORE_WORD_FALSE;
  const char *digits = text + (*text == '-' || *text == '+');
  bool whole;
  size_t length = number_length(text, &whole);
  if (length > 0 && text[length] == '\0' && !(whole && digits[0] == '0' && digits[1] != '\0'))
    return whole ? LORE_WORD_INTEGER : LORE_WORD_REAL;
  if (digits[0] == '0' && digits[1] != '\0' &&
      (text[length] == '\0' || (strchr("xXoObB", digits[1]) && isxdigit((unsigned char)digits[2]))))
    return LORE_WORD_BASED;
  if (is_not_finite(text))
    return LORE_WORD_NOT_FINITE;
  if (is_separated(text))
    return LORE_WORD_SEPARATED;
  const char *rest = text + length;
  if (length > 0 && strchr("kKmMgGtT%", *rest) && strlen(rest) <= 3)
    return LORE_WORD_SUFFIXED;
  return LORE_WORD_TEXT;
}

bool lore_word_is_plain(const char *text) {
  static const char *const words[] = {"y",     "n",   "yes", "no",   "on",       "off", "true",
                                      "false", "nan", "inf", "null", "infinity", NULL};
  if (!isalpha((unsigned char)*text))
    return false;
  for (const char *const *word = words; *word; word++)
    if (strcasecmp(text, *word) == 0)
      return false;
  return true;
}

char *lore_word_from_real(double value, char *text) {
  int precision = 0;
  do
    snprintf(text, LORE_REAL_SIZE, "%.*e", precision, value);
  while (strtod(text, NULL) != value && ++precision < 17);
  int exponent = atoi(strchr(text, 'e') + 1);
  if (value == 0 || (exponent >= -2 && exponent < 6)) {
    int decimals = precision - exponent;
    snprintf(text, LORE_REAL_SIZE, "%.*f", decimals < 1 ? 1 : decimals, value);
  } else if (precision == 0) {
    snprintf(text, LORE_REAL_SIZE, "%.1e", value);
  }
  return text;
}
