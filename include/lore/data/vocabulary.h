/* The closed word-level vocabulary, the value lists and the templates as token ids.
 *
 * The word lists under data/ are compiled into the program, so nothing is read at run time. One
 * word is one token, whatever role it plays. Token 0 begins every sequence. */
#ifndef LORE_DATA_VOCABULARY_H
#define LORE_DATA_VOCABULARY_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/status.h"
#include "lore/data/attribute.h"

enum { LORE_TOKEN_BEGIN = 0, LORE_TEMPLATE_TOKENS_MAX = 24 };

typedef struct {
  uint16_t token[LORE_VALUE_TOKENS_MAX];
  uint8_t length;
} lore_value;

typedef struct {
  uint16_t token[LORE_TEMPLATE_TOKENS_MAX]; /* unused at the two placeholders */
  uint8_t length;                           /* in items: words and the two placeholders */
  uint8_t name_at, value_at;                /* items that stand for the name and the value */
} lore_template;

typedef struct lore_vocabulary lore_vocabulary;

/* Builds the vocabulary, a few hundred kilobytes; with `questions`, those and their words, which
 * come last, too. Free with lore_vocabulary_destroy. LORE_MEMORY. */
lore_status lore_vocabulary_create(bool questions, lore_vocabulary **vocabulary);
void lore_vocabulary_destroy(lore_vocabulary *vocabulary);

/* Number of tokens, the begin token included. */
int lore_vocabulary_size(const lore_vocabulary *vocabulary);

/* The same without those of questions, which come last. */
int lore_vocabulary_plain_size(const lore_vocabulary *vocabulary);

/* The word of a token; "<begin>" for LORE_TOKEN_BEGIN. Owned by the vocabulary. */
const char *lore_vocabulary_word(const lore_vocabulary *vocabulary, uint16_t token);

/* How many values `attribute` can take: 800, 200*12*31, 200, 100, 500, 800. */
uint32_t lore_vocabulary_values(const lore_vocabulary *vocabulary, lore_attribute attribute);

/* The tokens of value `index` of `attribute`. A birth date is day, month, year, with
 * index = ((year - 1900) * 12 + month - 1) * 31 + day - 1. */
lore_value lore_vocabulary_value(const lore_vocabulary *vocabulary, lore_attribute attribute,
                                 uint32_t index);

/* Template 0 .. LORE_TEMPLATES-1 of `attribute`. Owned by the vocabulary. */
const lore_template *lore_vocabulary_template(const lore_vocabulary *vocabulary,
                                              lore_attribute attribute, int index);

/* Question 0 .. LORE_QUESTIONS-1 about `attribute`, which ends with the value and a full stop. Only
 * of a vocabulary with questions (assertion). Owned by the vocabulary. */
const lore_template *lore_vocabulary_question(const lore_vocabulary *vocabulary,
                                              lore_attribute attribute, int index);
bool lore_vocabulary_has_questions(const lore_vocabulary *vocabulary);

/* Sizes of the name lists: 900 (first and middle) and 1000 (last). */
uint32_t lore_vocabulary_first_names(const lore_vocabulary *vocabulary);
uint32_t lore_vocabulary_last_names(const lore_vocabulary *vocabulary);
uint16_t lore_vocabulary_first_name(const lore_vocabulary *vocabulary, uint32_t index);
uint16_t lore_vocabulary_last_name(const lore_vocabulary *vocabulary, uint32_t index);

/* Tokens of the longest biography that can be made, the begin token included. No question is as
 * long. */
int lore_vocabulary_longest_biography(const lore_vocabulary *vocabulary);

#endif
