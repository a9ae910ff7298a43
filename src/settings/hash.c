/* What decides the result of a run, as a number; and how settings differ. */
#include "lore/settings/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lore/settings/table.h"
#include "lore/settings/value.h"
#include "lore/settings/write.h"

enum { VALUE_SIZE = 8192 };

static bool same_bytes(const lore_setting *setting, const lore_settings *a,
                       const lore_settings *b) {
  return !memcmp((const char *)a + setting->offset, (const char *)b + setting->offset,
                 setting->size);
}

/* The defaults, and which settings, by their index, count when they have theirs: those that are
 * printed in another way than the table has it. Most settings of most runs are at their defaults:
 * they need not be printed for every run. */
static const lore_settings *find_defaults(const bool **counts) {
  static lore_settings defaults;
  static bool known, count_at_default[LORE_SETTINGS_CAPACITY];
  char value[VALUE_SIZE];
  int count;
  const lore_setting *table = lore_settings_table(&count);
  *counts = count_at_default;
  if (known)
    return &defaults;
  lore_settings_default(&defaults);
  for (int i = 0; i < count; i++)
    count_at_default[i] =
        !table[i].initial ||
        strcmp(lore_setting_print(&table[i], &defaults, VALUE_SIZE, value), table[i].initial) != 0;
  known = true;
  return &defaults;
}

uint64_t lore_settings_hash(const lore_settings *settings) {
  char value[VALUE_SIZE];
  int count;
  const lore_setting *table = lore_settings_table(&count);
  const bool *counts;
  const lore_settings *defaults = find_defaults(&counts);
  uint64_t hash = 0;
  for (int i = 0; i < count; i++) {
    if (table[i].runtime || (!counts[i] && same_bytes(&table[i], settings, defaults)))
      continue;
    lore_setting_print(&table[i], settings, VALUE_SIZE, value);
    if (table[i].initial && !strcmp(value, table[i].initial))
      continue; /* so that a setting of a later version does not change the hash of older studies */
    hash = XXH3_64bits_withSeed(table[i].key, strlen(table[i].key), hash);
    hash = XXH3_64bits_withSeed(value, strlen(value), hash);
  }
  return hash;
}

int lore_settings_differences(const lore_settings *before, const lore_settings *now, size_t size,
                              char *text) {
  char old[VALUE_SIZE], new[VALUE_SIZE];
  int count, differences = 0;
  size_t length = 0;
  const lore_setting *table = lore_settings_table(&count);
  *text = 0;
  for (int i = 0; i < count; i++) {
    lore_setting_print(&table[i], before, VALUE_SIZE, old);
    lore_setting_print(&table[i], now, VALUE_SIZE, new);
    if (table[i].runtime || !strcmp(old, new))
      continue;
    differences++;
    if (length < size)
      length += (size_t)snprintf(text + length, size - length, "%s%s: %s before, %s now",
                                 length > 0 ? "\n" : "", table[i].key, old, new);
  }
  return differences;
}

bool lore_settings_same(const lore_settings *a, const lore_settings *b) {
  char first[VALUE_SIZE], second[VALUE_SIZE];
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++) {
    if (same_bytes(&table[i], a, b))
      continue;
    lore_setting_print(&table[i], a, VALUE_SIZE, first);
    lore_setting_print(&table[i], b, VALUE_SIZE, second);
    if (strcmp(first, second) && !table[i].output)
      return false;
  }
  return true;
}

bool lore_settings_same_model(const lore_settings *a, const lore_settings *b, size_t size,
                              char *text) {
  char first[VALUE_SIZE], second[VALUE_SIZE];
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++) {
    if (!table[i].shape || same_bytes(&table[i], a, b))
      continue;
    lore_setting_print(&table[i], a, VALUE_SIZE, first);
    lore_setting_print(&table[i], b, VALUE_SIZE, second);
    if (!strcmp(first, second))
      continue;
    snprintf(text, size, "'%s' is %s here and %s there", table[i].key, first, second);
    return false;
  }
  return true;
}
