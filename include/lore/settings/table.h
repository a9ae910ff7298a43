/* The table, as the neighbours need it. */
#ifndef LORE_SETTINGS_TABLE_H
#define LORE_SETTINGS_TABLE_H

#include "lore/settings/settings.h"

enum { LORE_SETTINGS_CAPACITY = 128 }; /* more than the table has entries */

/* Index of the setting called `key` in the table, or -1. */
int lore_setting_find(const char *key);

/* Whether the setting has a meaning for the task of `settings`; others are at their defaults. */
bool lore_setting_counts(const lore_setting *setting, const lore_settings *settings);

/* Length of the section's name in a key; 0 where a key has none ("seed"). */
int lore_setting_section(const char *key);

/* The name of a key without its section. */
const char *lore_setting_leaf(const char *key);

/* Whether setting `index` is the first of its section. Sections stand together in the table. */
bool lore_setting_begins_section(int index);

/* The value of an integer, unsigned, boolean or choice setting, and where to put one. */
int64_t lore_setting_integer(const lore_setting *setting, const lore_settings *settings);
void lore_setting_set_integer(const lore_setting *setting, lore_settings *settings, int64_t value);

/* The value of a real, text or list setting. */
double *lore_setting_real(const lore_setting *setting, const lore_settings *settings);
char *lore_setting_text(const lore_setting *setting, const lore_settings *settings);
lore_integer_list *lore_setting_list(const lore_setting *setting, const lore_settings *settings);
lore_word_list *lore_setting_words(const lore_setting *setting, const lore_settings *settings);

/* Whether it is a list of any kind. */
bool lore_setting_is_list(const lore_setting *setting);

/* Gives the setting with this index its default. */
void lore_setting_reset(int setting, lore_settings *settings);

/* Writes the value as it stands in a study file. */
void lore_setting_write(const lore_setting *setting, const lore_settings *settings, FILE *stream);

/* The same into `text`, of `size` bytes; returns `text`. */
char *lore_setting_print(const lore_setting *setting, const lore_settings *settings, size_t size,
                         char *text);

#endif
