/* Settings as a study file that reads back to the same bits. */
#include <inttypes.h>
#include <stdlib.h>

#include "lore/settings/table.h"
#include "lore/settings/word.h"

void lore_setting_write(const lore_setting *setting, const lore_settings *settings, FILE *stream) {
  char number[LORE_REAL_SIZE];
  const char *text;
  const lore_integer_list *list;
  const lore_word_list *words;
  int64_t value;
  switch (setting->kind) {
  case LORE_SETTING_TEXT:
    text = lore_setting_text(setting, settings);
    fprintf(stream, lore_word_is_plain(text) ? "%s" : "\"%s\"", text);
    break;
  case LORE_SETTING_REAL:
    fputs(lore_word_from_real(*lore_setting_real(setting, settings), number), stream);
    break;
  case LORE_SETTING_INTEGER_LIST:
    list = lore_setting_list(setting, settings);
    fputc('[', stream);
    for (int i = 0; i < list->count; i++)
      fprintf(stream, "%s%" PRId64, i > 0 ? ", " : "", list->value[i]);
    fputc(']', stream);
    break;
  case LORE_SETTING_WORD_LIST:
    words = lore_setting_words(setting, settings);
    fputc('[', stream);
    for (int i = 0; i < words->count; i++)
      fprintf(stream, "%s\"%s\"", i > 0 ? ", " : "", words->value[i]);
    fputc(']', stream);
    break;
  default:
    value = lore_setting_integer(setting, settings);
    if (setting->kind == LORE_SETTING_BOOLEAN)
      fputs(value ? "true" : "false", stream);
    else if (setting->kind == LORE_SETTING_CHOICE)
      fputs(setting->choices[value], stream);
    else
      fprintf(stream, "%" PRId64, value);
  }
}

char *lore_setting_print(const lore_setting *setting, const lore_settings *settings, size_t size,
                         char *text) {
  FILE *stream = fmemopen(text, size, "w");
  *text = 0;
  if (!stream)
    abort();
  lore_setting_write(setting, settings, stream);
  fclose(stream);
  return text;
}

void lore_settings_write(const lore_settings *settings, FILE *stream) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  bool heading = false;
  for (int i = 0; i < count; i++) {
    int section = lore_setting_section(table[i].key);
    heading |= section > 0 && lore_setting_begins_section(i);
    if (!lore_setting_counts(&table[i], settings))
      continue;
    if (heading)
      fprintf(stream, "%.*s:\n", section, table[i].key);
    heading = false;
    fprintf(stream, "%s%s: ", section > 0 ? "  " : "", lore_setting_leaf(table[i].key));
    lore_setting_write(&table[i], settings, stream);
    fputc('\n', stream);
  }
}
