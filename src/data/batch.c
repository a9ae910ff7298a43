/* Biographies and questions written straight into packed arrays. */
#include "lore/data/batch.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "lore/base/random.h"

/* Room behind the last sequence for its final full stop, which is written with the other tokens but
 * counts as a target only. */
enum { FULL_STOP = 1 };

void lore_batch_layout(lore_batch *batch, lore_arena *arena, int sequences, int longest) {
  size_t tokens = (size_t)sequences * (size_t)longest;
  size_t sentences = (size_t)sequences * LORE_ATTRIBUTES;
  assert(tokens < INT_MAX);
  batch->sequences = batch->tokens = 0;
  batch->sequences_capacity = sequences;
  batch->tokens_capacity = (int)tokens;
  batch->offset = lore_arena_take(arena, (size_t)sequences + 1, sizeof *batch->offset);
  batch->token = lore_arena_take(arena, tokens + FULL_STOP, sizeof *batch->token);
  batch->target = lore_arena_take(arena, tokens, sizeof *batch->target);
  batch->role = lore_arena_take(arena, tokens + FULL_STOP, sizeof *batch->role);
  batch->target_role = lore_arena_take(arena, tokens, sizeof *batch->target_role);
  batch->individual = lore_arena_take(arena, (size_t)sequences, sizeof *batch->individual);
  batch->question = lore_arena_take(arena, (size_t)sequences, sizeof *batch->question);
  batch->attribute = lore_arena_take(arena, sentences, sizeof *batch->attribute);
  batch->template = lore_arena_take(arena, sentences, sizeof *batch->template);
  batch->name_at = lore_arena_take(arena, sentences, sizeof *batch->name_at);
  batch->value_at = lore_arena_take(arena, sentences, sizeof *batch->value_at);
  batch->value_length = lore_arena_take(arena, sentences, sizeof *batch->value_length);
}

void lore_batch_clear(lore_batch *batch) {
  batch->sequences = batch->tokens = 0;
  batch->offset[0] = 0;
}

static void put_token(lore_batch *batch, int at, uint16_t token, lore_role role) {
  batch->token[at] = token;
  batch->role[at] = (uint8_t)role;
}

/* The `nth` set bit of `set`. */
static int nth_bit(uint32_t set, uint32_t nth) {
  while (nth--)
    set &= set - 1;
  return __builtin_ctz(set);
}

/* Its number. */
static int draw_template(const lore_individual *individual, int attribute,
                         lore_template_set templates, lore_random *stream) {
  uint32_t set = templates == LORE_TEMPLATES_TRAINING ? individual->training_templates[attribute]
                                                      : individual->evaluation_templates[attribute];
  return nth_bit(set, lore_random_below(stream, (uint32_t)__builtin_popcount(set)));
}

/* Writes one sentence from position `at` on, of `template`, which has this number; returns the
 * position after it. `sentence` is its number in the batch. */
static int put_sentence(lore_batch *batch, const lore_vocabulary *vocabulary,
                        const lore_individual *individual, const lore_template *template,
                        int attribute, int number, int sentence, int at) {
  const uint16_t name[LORE_NAME_TOKENS] = {individual->first, individual->middle, individual->last};
  const lore_value value =
      lore_vocabulary_value(vocabulary, (lore_attribute)attribute, individual->value[attribute]);
  for (int item = 0; item < template->length; item++) {
    if (item == template->name_at) {
      batch->name_at[sentence] = at;
      for (int i = 0; i < LORE_NAME_TOKENS; i++)
        put_token(batch, at++, name[i], LORE_ROLE_NAME);
    } else if (item == template->value_at) {
      batch->value_at[sentence] = at - 1;
      for (int i = 0; i < value.length; i++)
        put_token(batch, at++, value.token[i], LORE_ROLE_VALUE);
    } else {
      put_token(batch, at++, template->token[item], LORE_ROLE_TEMPLATE);
    }
  }
  batch->attribute[sentence] = (uint8_t)attribute;
  batch->template[sentence] = (uint8_t)number;
  batch->value_length[sentence] = value.length;
  return at;
}

/* The tokens [first, last] are written; all but the first are what the one before predicts. */
static void put_targets(lore_batch *batch, int first, int last) {
  size_t count = (size_t)(last - first);
  memcpy(batch->target + first, batch->token + first + 1, count * sizeof *batch->target);
  memcpy(batch->target_role + first, batch->role + first + 1, count * sizeof *batch->target_role);
}

static int begin_sequence(lore_batch *batch, const lore_vocabulary *vocabulary) {
  int at = batch->tokens;
  assert(batch->sequences < batch->sequences_capacity);
  assert(at + lore_vocabulary_longest_biography(vocabulary) <= batch->tokens_capacity);
  put_token(batch, at++, LORE_TOKEN_BEGIN, LORE_ROLE_TEMPLATE);
  return at;
}

/* Its tokens are written, up to position `at`. */
static void end_sequence(lore_batch *batch, int64_t individual, bool question, int at) {
  int s = batch->sequences++, first = batch->tokens;
  batch->individual[s] = individual;
  batch->question[s] = question;
  batch->tokens = at - FULL_STOP;
  put_targets(batch, first, batch->tokens);
  batch->offset[s + 1] = batch->tokens;
}

static void append_biography(lore_batch *batch, const lore_population *population, int64_t index,
                             lore_template_set templates, lore_random stream) {
  const lore_vocabulary *vocabulary = lore_population_vocabulary(population);
  lore_individual room;
  const lore_individual *individual = lore_population_anybody(population, index, &room);
  int first = batch->sequences * LORE_ATTRIBUTES, at = begin_sequence(batch, vocabulary);
  uint32_t order[LORE_ATTRIBUTES] = {0, 1, 2, 3, 4, 5};
  if (lore_population_settings(population)->sentence_order == LORE_ORDER_RANDOM)
    lore_random_permutation(&stream, LORE_ATTRIBUTES, order);
  for (int k = 0; k < LORE_ATTRIBUTES; k++) {
    int attribute = (int)order[k],
        number = draw_template(individual, attribute, templates, &stream);
    const lore_template *template =
        lore_vocabulary_template(vocabulary, (lore_attribute)attribute, number);
    at = put_sentence(batch, vocabulary, individual, template, attribute, number, first + k, at);
  }
  end_sequence(batch, index, false, at);
}

void lore_batch_append(lore_batch *batch, const lore_population *population, int64_t individual,
                       lore_template_set templates, uint64_t step, uint64_t sequence) {
  lore_random_purpose purpose =
      templates == LORE_TEMPLATES_TRAINING ? LORE_RANDOM_BIOGRAPHY : LORE_RANDOM_EVALUATION;
  append_biography(batch, population, individual, templates,
                   lore_random_stream(lore_population_seed(population), purpose, step, sequence));
}

void lore_batch_append_question(lore_batch *batch, const lore_population *population, int64_t index,
                                lore_question question) {
  const lore_vocabulary *vocabulary = lore_population_vocabulary(population);
  const lore_individual *individual = lore_population_individual(population, index);
  const lore_template *template =
      lore_vocabulary_question(vocabulary, question.attribute, question.template);
  int first = batch->sequences * LORE_ATTRIBUTES, at = begin_sequence(batch, vocabulary);
  at = put_sentence(batch, vocabulary, individual, template, (int)question.attribute,
                    question.template, first, at);
  memset(batch->value_length + first + 1, 0, (LORE_ATTRIBUTES - 1) * sizeof *batch->value_length);
  end_sequence(batch, index, true, at);
}

void lore_batch_training(lore_batch *batch, const lore_population *population,
                         const lore_sampler *sampler, int64_t step, int64_t first, int count) {
  lore_batch_clear(batch);
  for (int64_t sequence = first; sequence < first + count; sequence++) {
    int64_t individual = lore_sampler_draw(sampler, step, sequence);
    lore_question question;
    if (lore_sampler_question(sampler, step, sequence, individual, &question))
      lore_batch_append_question(batch, population, individual, question);
    else
      lore_batch_append(batch, population, individual, LORE_TEMPLATES_TRAINING,
                        (uint64_t)lore_sampler_wording(sampler, step, sequence),
                        (uint64_t)sequence);
  }
}

/* The individual comes from the stream that then gives order and templates. The stream's step is
 * group_first, so that groups of one population differ. */
void lore_batch_evaluation(lore_batch *batch, const lore_population *population,
                           int64_t group_first, int64_t group_count, int64_t first, int count) {
  uint64_t seed = lore_population_seed(population);
  lore_batch_clear(batch);
  for (int i = 0; i < count; i++) {
    uint64_t sequence = (uint64_t)(first + i);
    lore_random stream =
        lore_random_stream(seed, LORE_RANDOM_EVALUATION, (uint64_t)group_first, sequence);
    int64_t index = group_first + lore_random_below(&stream, (uint32_t)group_count);
    append_biography(batch, population, index, LORE_TEMPLATES_EVALUATION, stream);
  }
}

void lore_batch_asking(lore_batch *batch, const lore_population *population, int64_t group_first,
                       int64_t group_count, int64_t first, int count) {
  uint64_t seed = lore_population_seed(population);
  uint32_t templates = (uint32_t)lore_population_settings(population)->question_templates;
  for (int64_t number = first; number < first + count; number++) {
    lore_random stream =
        lore_random_stream(seed, LORE_RANDOM_ASKING, (uint64_t)group_first, (uint64_t)number);
    int64_t index = group_first + lore_random_below(&stream, (uint32_t)group_count);
    lore_question question = {(lore_attribute)(number % LORE_ATTRIBUTES),
                              (int)lore_random_below(&stream, templates)};
    lore_batch_append_question(batch, population, index, question);
  }
}

int lore_batch_value_positions(const lore_batch *batch, int32_t *position) {
  int count = 0;
  for (int k = 0; k < batch->sequences * LORE_ATTRIBUTES; k++)
    for (int j = 0; j < batch->value_length[k]; j++)
      position[count++] = batch->value_at[k] + j;
  return count;
}
