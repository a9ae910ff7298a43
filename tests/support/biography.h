/* Takes biographies apart again, without trust in how they were made. */
#ifndef LORE_TESTS_BIOGRAPHY_H
#define LORE_TESTS_BIOGRAPHY_H

#include "people.h"

/* A token of a sequence as its inputs or, the last, its targets have it. */
static inline uint16_t biography_token_at(const lore_batch *b, int s, int at) {
  return at < b->offset[s + 1] ? b->token[at] : b->target[at - 1];
}

static inline int biography_role_at(const lore_batch *b, int s, int at) {
  return at < b->offset[s + 1] ? b->role[at] : b->target_role[at - 1];
}

/* Where the sentence of template `t` that begins at `at` ends, if it stands there; else -1. */
static inline int biography_match_template(const lore_batch *b, int s, int at,
                                           const lore_individual *who, lore_attribute attribute,
                                           const lore_template *t) {
  const uint16_t name[] = {who->first, who->middle, who->last};
  lore_value value = lore_vocabulary_value(people_vocabulary, attribute, who->value[attribute]);
  for (int item = 0; item < t->length; item++) {
    const uint16_t *token = item == t->name_at    ? name
                            : item == t->value_at ? value.token
                                                  : &t->token[item];
    int count = item == t->name_at ? 3 : item == t->value_at ? value.length : 1;
    int role = item == t->name_at    ? LORE_ROLE_NAME
               : item == t->value_at ? LORE_ROLE_VALUE
                                     : LORE_ROLE_TEMPLATE;
    for (int i = 0; i < count; i++, at++)
      if (at > b->offset[s + 1] || biography_token_at(b, s, at) != token[i] ||
          biography_role_at(b, s, at) != role)
        return -1;
  }
  return at;
}

/* The template of the sentence k of sequence s that begins at *at, which moves behind it. Fails
 * unless exactly one template of the individual's set gives this sentence. */
static inline int biography_find_template(const lore_population *people, const lore_batch *b, int s,
                                          int k, lore_template_set set, int *at) {
  const lore_individual *who = lore_population_individual(people, b->individual[s]);
  lore_attribute attribute = (lore_attribute)b->attribute[s * LORE_ATTRIBUTES + k];
  int found = -1, end = -1;
  for (int t = 0; t < LORE_TEMPLATES; t++) {
    unsigned kept = who->evaluation_templates[attribute] >> t & 1;
    if (kept != (set == LORE_TEMPLATES_EVALUATION))
      continue;
    int after = biography_match_template(b, s, *at, who, attribute,
                                         lore_vocabulary_template(people_vocabulary, attribute, t));
    if (after < 0)
      continue;
    if (found >= 0)
      fail_msg("sequence %d, sentence %d: templates %d and %d both fit", s, k, found, t);
    found = t;
    end = after;
  }
  if (found < 0)
    fail_msg("sequence %d, sentence %d: no template fits", s, k);
  assert_int_equal(b->template[s * LORE_ATTRIBUTES + k], found);
  *at = end;
  return found;
}

/* Where names and values are said to be. */
static inline void assert_marks(const lore_population *people, const lore_batch *b, int s, int k,
                                const lore_template *t, int begin) {
  int sentence = s * LORE_ATTRIBUTES + k;
  const lore_individual *who = lore_population_individual(people, b->individual[s]);
  lore_attribute attribute = (lore_attribute)b->attribute[sentence];
  lore_value value = lore_vocabulary_value(people_vocabulary, attribute, who->value[attribute]);
  assert_int_equal(b->name_at[sentence], begin + t->name_at);
  assert_int_equal(b->token[b->name_at[sentence]], who->first);
  assert_int_equal(b->value_at[sentence] + 1, begin + t->value_at + LORE_NAME_TOKENS - 1);
  assert_int_equal(b->value_length[sentence], value.length);
  for (int i = 0; i < value.length; i++) {
    assert_int_equal(b->target[b->value_at[sentence] + i], value.token[i]);
    assert_int_equal(b->target_role[b->value_at[sentence] + i], LORE_ROLE_VALUE);
  }
}

/* Takes a sequence apart; `template` (LORE_ATTRIBUTES entries, by attribute) receives what it was
 * made of. */
static inline void assert_biography(const lore_population *people, const lore_batch *b, int s,
                                    lore_template_set set, int *template) {
  int at = b->offset[s];
  unsigned seen = 0;
  assert_int_equal(b->token[at], LORE_TOKEN_BEGIN);
  assert_int_equal(b->role[at], LORE_ROLE_TEMPLATE);
  for (int t = at; t + 1 < b->offset[s + 1]; t++) {
    assert_int_equal(b->target[t], b->token[t + 1]);
    assert_int_equal(b->target_role[t], b->role[t + 1]);
  }
  at++;
  for (int k = 0; k < LORE_ATTRIBUTES; k++) {
    int attribute = b->attribute[s * LORE_ATTRIBUTES + k], begin = at;
    assert_in_range(attribute, 0, LORE_ATTRIBUTES - 1);
    template[attribute] = biography_find_template(people, b, s, k, set, &at);
    assert_marks(
        people, b, s, k,
        lore_vocabulary_template(people_vocabulary, (lore_attribute)attribute, template[attribute]),
        begin);
    seen |= 1u << attribute;
  }
  assert_int_equal(seen, (1u << LORE_ATTRIBUTES) - 1);
  assert_int_equal(at, b->offset[s + 1] + 1);
}

#endif
