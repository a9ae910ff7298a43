/* What a setting may be, in words. */
#include <stdio.h>
#include <string.h>

#include "lore/settings/value.h"
#include "lore/settings/word.h"

char *lore_setting_range(const lore_setting *setting, char *text) {
  if (setting->kind == LORE_SETTING_REAL) {
    char least[LORE_REAL_SIZE], most[LORE_REAL_SIZE];
    snprintf(text, LORE_RANGE_SIZE, "%s to %s", lore_word_from_real(setting->least, least),
             lore_word_from_real(setting->most, most));
  } else {
    snprintf(text, LORE_RANGE_SIZE, "%.0f to %.0f", setting->least, setting->most);
  }
  return text;
}

static void list_choices(const lore_setting *setting, char *text) {
  strcpy(text, setting->choices[1] ? "one of " : "");
  for (const char *const *choice = setting->choices; *choice; choice++) {
    size_t length = strlen(text);
    snprintf(text + length, LORE_ALLOWED_SIZE - length, "%s%s", *choice, choice[1] ? ", " : "");
  }
}

char *lore_setting_allowed(const lore_setting *setting, char *text) {
  char range[LORE_RANGE_SIZE];
  switch (setting->kind) {
  case LORE_SETTING_TEXT:
    snprintf(text, LORE_ALLOWED_SIZE,
             "%s letters, digits, '.', '_' or '-', beginning with a letter or a digit",
             lore_setting_range(setting, range));
    break;
  case LORE_SETTING_INTEGER:
  case LORE_SETTING_UNSIGNED:
    snprintf(text, LORE_ALLOWED_SIZE, "an integer from %s", lore_setting_range(setting, range));
    break;
  case LORE_SETTING_REAL:
    snprintf(text, LORE_ALLOWED_SIZE, "a number from %s", lore_setting_range(setting, range));
    break;
  case LORE_SETTING_BOOLEAN:
    strcpy(text, "true or false");
    break;
  case LORE_SETTING_CHOICE:
    list_choices(setting, text);
    break;
  case LORE_SETTING_WORD_LIST:
    snprintf(text, LORE_ALLOWED_SIZE,
             "a list of at most %d words of %s letters, digits, '.', '_', '-' or ':'",
             LORE_WORDS_MAX, lore_setting_range(setting, range));
    break;
  case LORE_SETTING_INTEGER_LIST:
    snprintf(text, LORE_ALLOWED_SIZE, "a list of at most %d ascending integers from %s",
             LORE_LIST_MAX, lore_setting_range(setting, range));
    break;
  }
  return text;
}
