/* Scalars: what a plain YAML scalar is, and numbers as text. */
#ifndef LORE_SETTINGS_WORD_H
#define LORE_SETTINGS_WORD_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
  LORE_WORD_NULL,
  LORE_WORD_TRUE,
  LORE_WORD_FALSE,
  LORE_WORD_INTEGER,
  LORE_WORD_REAL,
  LORE_WORD_NOT_FINITE, /* .nan, .inf, also without the dot */
  LORE_WORD_SEPARATED,  /* 1_000 or 1,000 */
  LORE_WORD_BASED,      /* 0x10, 0o17, 0b1, 017 */
  LORE_WORD_SUFFIXED,   /* 16k, 5%, 1GiB */
  LORE_WORD_TEXT
} lore_word;

/* What an unquoted scalar is: YAML 1.2's core schema, and near misses told apart so that messages
 * can help. */
lore_word lore_word_classify(const char *text);

/* Whether PyYAML (YAML 1.1) and this program both read the unquoted `text` as that text. */
bool lore_word_is_plain(const char *text);

enum { LORE_REAL_SIZE = 40 };

/* The shortest decimal form of a finite number that reads back to the same bits; it always has a
 * '.', and an exponent of at least two digits with a sign (1.0e-03), so that PyYAML sees a float.
 * `text` has LORE_REAL_SIZE bytes; returned. */
char *lore_word_from_real(double value, char *text);

#endif
