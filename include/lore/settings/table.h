/* The table of settings: the one place where a setting is described. It drives reading, checking,
 * the reference, the resolved copy, the hash and the coordinates of metrics files. */
#ifndef LORE_SETTINGS_TABLE_H
#define LORE_SETTINGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "lore/settings/settings.h"

/* What a value is, and what the reference calls that. An integer is an int64_t or int (see `size`),
 * an unsigned one a uint64_t; a choice is an enum. */
#define LORE_SETTING_KIND_LIST(X)                                                                  \
  X(LORE_SETTING_TEXT, "text")                                                                     \
  X(LORE_SETTING_INTEGER, "integer")                                                               \
  X(LORE_SETTING_UNSIGNED, "integer")                                                              \
  X(LORE_SETTING_REAL, "number")                                                                   \
  X(LORE_SETTING_BOOLEAN, "boolean")                                                               \
  X(LORE_SETTING_CHOICE, "choice")                                                                 \
  X(LORE_SETTING_INTEGER_LIST, "list")                                                             \
  X(LORE_SETTING_WORD_LIST, "words")

typedef enum { LORE_SETTING_KIND_LIST(LORE_ENUM_VALUE) } lore_setting_kind;

/* Whether initial weights or the samples of training depend on a setting, so that a patched run and
 * its reference must agree on it. */
#define LORE_SETTING_START_LIST(X)                                                                 \
  X(LORE_START_NO, "no")                                                                           \
  X(LORE_START_YES, "yes")                                                                         \
  X(LORE_START_WITH_SHARDS, "with distribution.shards")                                            \
  X(LORE_START_WITH_COURSE, "with curriculum.kind sequential or distribution.final_fresh")

typedef enum { LORE_SETTING_START_LIST(LORE_ENUM_VALUE) } lore_setting_start;

/* The values of another setting that give a setting an effect. */
typedef struct {
  const char *key; /* of a choice, of a boolean, or of a text of which any value but the default
                      counts; NULL: there is always an effect */
  unsigned values; /* of the choice or boolean: bit v for its value v */
} lore_setting_needs;

typedef struct {
  const char *key; /* "train.learning_rate" */
  lore_setting_kind kind;
  size_t offset, size;        /* in lore_settings */
  unsigned tasks;             /* that it counts for: bit t for lore_task t */
  const char *unit;           /* "1" where there is none */
  const char *initial;        /* default as it would stand in a study; NULL: must be given */
  double least, most;         /* allowed range, inclusive; of a text or a word: its length */
  const char *const *choices; /* NULL-terminated; else NULL */
  const char *help;           /* also the long_name of its coordinate in files of runs */
  lore_setting_needs needs;
  lore_setting_start start;
  bool runtime;  /* decides where, how fast and how often saved, but no result: not in the hash, and
                    free to change when a run is resumed */
  bool output;   /* decides only which files there are: runs that differ in no more are the same */
  bool shape;    /* weights of models that differ in it do not fit each other */
  bool no_sweep; /* a sweep cannot vary it; nor can it vary a list */
  bool off;      /* its default says that there is none, and may be given where it has no effect */
  bool repeats;  /* a list of words that may have one twice */
  bool later;    /* copies of studies by earlier versions lack it */
  const char *example; /* for messages, where the default is none; else NULL */
} lore_setting;

enum { LORE_SETTINGS_CAPACITY = 128 }; /* more than the table has entries */

/* The table. Settings of one section stand together. */
const lore_setting *lore_settings_table(int *count);

/* Index of the setting called `key` in the table, or -1. */
int lore_setting_find(const char *key);

/* Length of the section's name in a key; 0 where a key has none ("seed"). */
int lore_setting_section(const char *key);

/* Whether the setting is in the section called by the `length` letters at `section`. */
bool lore_setting_is_in(const lore_setting *setting, const char *section, size_t length);

/* The name of a key without its section. */
const char *lore_setting_leaf(const char *key);

/* Whether setting `index` is the first of its section. */
bool lore_setting_begins_section(int index);

/* What a choice or a boolean may be, by its number; NULL-terminated. NULL: of any other kind. */
const char *const *lore_setting_values(const lore_setting *setting);

/* The value of an integer, unsigned, boolean or choice setting, and where to put one. */
int64_t lore_setting_integer(const lore_setting *setting, const lore_settings *settings);
void lore_setting_set_integer(const lore_setting *setting, lore_settings *settings, int64_t value);

/* The value of a real, text or list setting. */
double *lore_setting_real(const lore_setting *setting, const lore_settings *settings);
char *lore_setting_text(const lore_setting *setting, const lore_settings *settings);
lore_integer_list *lore_setting_list(const lore_setting *setting, const lore_settings *settings);
lore_word_list *lore_setting_words(const lore_setting *setting, const lore_settings *settings);

/* Whether it counts for the task of `settings`; other settings are at their defaults. */
bool lore_setting_counts(const lore_setting *setting, const lore_settings *settings);

/* Whether it is a list of any kind, and whether a sweep may vary it. */
bool lore_setting_is_list(const lore_setting *setting);
bool lore_setting_is_swept(const lore_setting *setting);

#endif
