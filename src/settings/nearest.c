/* Edit distance, and suggestions for unknown names. */
#include "lore/settings/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lore/settings/table.h"

enum { WORD_MAX = 64, NAMES_MAX = LORE_SETTINGS_CAPACITY, KEY_MAX = 64 };

static int least(int a, int b) {
  return a < b ? a : b;
}

int lore_word_distance(const char *a, const char *b) {
  size_t m = strlen(a), n = strlen(b);
  int row[3][WORD_MAX + 1]; /* rows i-2, i-1 and i of the table, in turn */
  if (m > WORD_MAX || n > WORD_MAX)
    return WORD_MAX;
  for (size_t j = 0; j <= n; j++)
    row[0][j] = (int)j;
  for (size_t i = 1; i <= m; i++) {
    int *now = row[i % 3], *above = row[(i - 1) % 3], *before = row[(i + 1) % 3];
    now[0] = (int)i;
    for (size_t j = 1; j <= n; j++) {
      int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
      now[j] = least(above[j - 1] + (x != y), least(above[j], now[j - 1]) + 1);
      if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
          y == tolower((unsigned char)a[i - 2]))
        now[j] = least(now[j], before[j - 2] + 1);
    }
  }
  return row[m % 3][n];
}

/* The only one of `words` that `word` begins, if it has enough letters to mean one; else NULL. */
static const char *find_begun(const char *word, const char *const *words) {
  enum { ENOUGH = 3 };
  const char *found = NULL;
  size_t length = strlen(word);
  for (; *words && length >= ENOUGH; words++)
    if (!strncasecmp(word, *words, length)) {
      if (found)
        return NULL;
      found = *words;
    }
  return found;
}

const char *lore_word_nearest(const char *word, const char *const *words) {
  const char *const *all = words;
  const char *nearest = NULL;
  int best = WORD_MAX, length = (int)strlen(word);
  for (; *words; words++) {
    int distance = lore_word_distance(word, *words);
    int allowed = (least(length, (int)strlen(*words)) + 1) / 3;
    if (distance < best && distance <= allowed) {
      best = distance;
      nearest = *words;
    }
  }
  return nearest ? nearest : find_begun(word, all);
}

/* The names that a study may have at its top: settings without a section, and sections. They live
 * in `buffer`. */
static void list_top(char buffer[][KEY_MAX], const char **names) {
  int count, found = 0;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++) {
    int section = lore_setting_section(table[i].key);
    if (section > 0 && !lore_setting_begins_section(i))
      continue;
    snprintf(buffer[found], KEY_MAX, "%.*s", section > 0 ? section : KEY_MAX, table[i].key);
    names[found] = buffer[found];
    found++;
  }
  names[found] = NULL;
}

/* The names inside `section` (its length `length`). */
static void list_section(const char *section, int length, const char **names) {
  int count, found = 0;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++)
    if (lore_setting_section(table[i].key) == length &&
        strncmp(table[i].key, section, (size_t)length) == 0)
      names[found++] = lore_setting_leaf(table[i].key);
  names[found] = NULL;
}

/* A setting of any section whose own name is `leaf` or near it, or NULL. */
static const char *nearest_elsewhere(const char *leaf) {
  const char *leaves[NAMES_MAX];
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++)
    leaves[i] = lore_setting_leaf(table[i].key);
  leaves[count] = NULL;
  const char *nearest = lore_word_nearest(leaf, leaves);
  for (int i = 0; nearest && i < count; i++)
    if (leaves[i] == nearest)
      return table[i].key;
  return NULL;
}

static char *say_names(const char *intro, const char *const *names, char *text) {
  int length = snprintf(text, LORE_SUGGESTION_SIZE, "%s", intro);
  for (; *names; names++)
    length += snprintf(text + length, (size_t)(LORE_SUGGESTION_SIZE - length), "%s%s", *names,
                       names[1] ? ", " : "");
  return text;
}

static char *say_nearest(const char *section, int length, const char *leaf, char *text) {
  snprintf(text, LORE_SUGGESTION_SIZE, "did you mean '%.*s%s%s'?", length, section,
           length > 0 ? "." : "", leaf);
  return text;
}

/* The nearest whole key, for a mistake in the section. */
static const char *nearest_key(const char *key) {
  const char *keys[NAMES_MAX];
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++)
    keys[i] = table[i].key;
  keys[count] = NULL;
  return lore_word_nearest(key, keys);
}

/* For a key in a section that exists. */
static char *suggest_inside(const char *key, int length, char *text) {
  const char *names[NAMES_MAX];
  char intro[4 * KEY_MAX];
  const char *leaf = lore_setting_leaf(key);
  list_section(key, length, names);
  const char *nearest = lore_word_nearest(leaf, names);
  if (nearest)
    return say_nearest(key, length, nearest, text);
  const char *elsewhere = *leaf ? nearest_elsewhere(leaf) : NULL;
  snprintf(intro, sizeof intro, "%s%s%ssection '%.*s' has ", elsewhere ? "is '" : "",
           elsewhere ? elsewhere : "", elsewhere ? "' meant? " : "", length, key);
  return say_names(intro, names, text);
}

char *lore_setting_suggest(const char *key, char *text) {
  char buffer[NAMES_MAX][KEY_MAX];
  const char *names[NAMES_MAX];
  int length = lore_setting_section(key);
  list_section(key, length, names);
  if (length > 0 && names[0])
    return suggest_inside(key, length, text);
  list_top(buffer, names);
  const char *nearest = lore_word_nearest(key, names);
  if (!nearest)
    nearest = nearest_key(key);
  if (!nearest)
    nearest = nearest_elsewhere(lore_setting_leaf(key));
  return nearest ? say_nearest("", 0, nearest, text) : say_names("a study has ", names, text);
}
