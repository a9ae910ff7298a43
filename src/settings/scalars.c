/* Settings as scalar coordinates of the metrics file. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "lore/settings/table.h"

/* Strings are put behind each other into the caller's buffer. */
typedef struct {
  char *next;
  size_t left;
} pool;

static const char *pool_put(pool *p, const char *text) {
  size_t length = strlen(text) + 1;
  assert(length <= p->left);
  char *kept = memcpy(p->next, text, length);
  p->next += length;
  p->left -= length;
  return kept;
}

static const char *put_name(pool *p, const char *key) {
  char *name = (char *)pool_put(p, key);
  for (char *dot = strchr(name, '.'); dot; dot = strchr(dot, '.'))
    *dot = '_';
  return name;
}

static const char *put_list(pool *p, const lore_integer_list *list) {
  char text[LORE_LIST_MAX * 21 + 1] = "";
  int length = 0;
  for (int i = 0; i < list->count; i++)
    length += snprintf(text + length, sizeof text - (size_t)length, "%s%" PRId64, i > 0 ? " " : "",
                       list->value[i]);
  return pool_put(p, text);
}

static const char *put_words(pool *p, const lore_word_list *words) {
  char text[LORE_WORDS_MAX * LORE_WORD_MAX] = "";
  int length = 0;
  for (int i = 0; i < words->count; i++)
    length += snprintf(text + length, sizeof text - (size_t)length, "%s%s", i > 0 ? " " : "",
                       words->value[i]);
  return pool_put(p, text);
}

static lore_scalar make_scalar(const lore_setting *setting, const lore_settings *settings,
                               pool *p) {
  lore_scalar scalar = {.name = put_name(p, setting->key),
                        .long_name = setting->help,
                        .units = setting->unit,
                        .kind = LORE_SCALAR_TEXT};
  switch (setting->kind) {
  case LORE_SETTING_TEXT:
    scalar.text = pool_put(p, lore_setting_text(setting, settings));
    break;
  case LORE_SETTING_CHOICE:
    scalar.text = setting->choices[lore_setting_integer(setting, settings)];
    break;
  case LORE_SETTING_INTEGER_LIST:
    scalar.text = put_list(p, lore_setting_list(setting, settings));
    break;
  case LORE_SETTING_WORD_LIST:
    scalar.text = put_words(p, lore_setting_words(setting, settings));
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
  pool p = {.next = buffer, .left = size};
  for (int i = 0; i < count; i++) {
    if (!lore_setting_counts(&table[i], settings))
      continue;
    if (scalars < capacity)
      scalar[scalars] = make_scalar(&table[i], settings, &p);
    scalars++;
  }
  return scalars;
}
