/* Settings as a study file that reads back to the same bits, and as scalar coordinates. */
#include "lore/settings/write.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lore/settings/word.h"

enum { VALUE_SIZE = 8192 };

static void write_value(const lore_setting *setting, const lore_settings *settings, FILE *stream) {
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
  write_value(setting, settings, stream);
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
    write_value(&table[i], settings, stream);
    fputc('\n', stream);
  }
}

/* Strings are stored one after another in the caller's buffer. */
typedef struct {
  char *next;
  size_t left;
} string_pool;

static const char *store_string(string_pool *p, const char *text) {
  size_t length = strlen(text) + 1;
  assert(length <= p->left);
  char *kept = memcpy(p->next, text, length);
  p->next += length;
  p->left -= length;
  return kept;
}

static const char *store_scalar_name(string_pool *p, const char *key) {
  char *name = (char *)store_string(p, key);
  for (char *dot = strchr(name, '.'); dot; dot = strchr(dot, '.'))
    *dot = '_';
  return name;
}

static const char *store_list(string_pool *p, const lore_integer_list *list) {
  char text[LORE_LIST_MAX * 21 + 1] = "";
  int length = 0;
  for (int i = 0; i < list->count; i++)
    length += snprintf(text + length, sizeof text - (size_t)length, "%s%" PRId64, i > 0 ? " " : "",
                       list->value[i]);
  return store_string(p, text);
}

static const char *store_words(string_pool *p, const lore_word_list *words) {
  char text[LORE_WORDS_MAX * LORE_WORD_MAX] = "";
  int length = 0;
  for (int i = 0; i < words->count; i++)
    length += snprintf(text + length, sizeof text - (size_t)length, "%s%s", i > 0 ? " " : "",
                       words->value[i]);
  return store_string(p, text);
}

static bool has_default(const lore_setting *setting, const lore_settings *settings) {
  char value[VALUE_SIZE];
  return setting->initial &&
         !strcmp(lore_setting_print(setting, settings, VALUE_SIZE, value), setting->initial);
}

static lore_scalar make_scalar(const lore_setting *setting, const lore_settings *settings,
                               string_pool *p) {
  lore_scalar scalar = {.name = store_scalar_name(p, setting->key),
                        .long_name = setting->help,
                        .units = "1", /* of all settings, as in the files of earlier versions */
                        .runtime = setting->runtime,
                        .initial = has_default(setting, settings),
                        .kind = LORE_SCALAR_TEXT};
  switch (setting->kind) {
  case LORE_SETTING_TEXT:
    scalar.text = store_string(p, lore_setting_text(setting, settings));
    break;
  case LORE_SETTING_CHOICE:
    scalar.text = setting->choices[lore_setting_integer(setting, settings)];
    break;
  case LORE_SETTING_INTEGER_LIST:
    scalar.text = store_list(p, lore_setting_list(setting, settings));
    break;
  case LORE_SETTING_WORD_LIST:
    scalar.text = store_words(p, lore_setting_words(setting, settings));
    break;
  case LORE_SETTING_REAL:
    scalar.kind = LORE_SCALAR_REAL;
    scalar.number = *lore_setting_real(setting, settings);
    break;
  default:
    scalar.kind = LORE_SCALAR_INTEGER;
    scalar.integer = lore_setting_integer(setting, settings);
  }
  return scalar;
}

int lore_settings_scalars(const lore_settings *settings, int capacity, lore_scalar *scalar,
                          size_t size, char *buffer) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  int scalars = 0;
  string_pool p = {.next = buffer, .left = size};
  for (int i = 0; i < count; i++) {
    if (!lore_setting_counts(&table[i], settings))
      continue;
    if (scalars < capacity)
      scalar[scalars] = make_scalar(&table[i], settings, &p);
    scalars++;
  }
  return scalars;
}
