/* Biographies and questions as packed tokens: sequences one after the other, no padding, offsets
 * mark where each begins. */
#ifndef LORE_DATA_BATCH_H
#define LORE_DATA_BATCH_H

#include <stdint.h>

#include "lore/base/arena.h"
#include "lore/data/population.h"
#include "lore/data/sampler.h"

/* Sequence s has tokens [offset[s], offset[s+1]). Its first token is LORE_TOKEN_BEGIN and position
 * t predicts target[t], the next token of the same sequence; the last target is the final full
 * stop, so every position has a target and the full stop itself is never an input. */
typedef struct {
  int sequences, tokens; /* in use */
  int sequences_capacity, tokens_capacity;
  int32_t *offset;          /* sequences_capacity + 1 */
  uint16_t *token, *target; /* tokens_capacity; ids of the vocabulary */
  uint8_t *role,
      *target_role;    /* lore_role of token[t] and of target[t] (the begin token: template) */
  int64_t *individual; /* sequences_capacity; that the sequence is about */
  uint8_t *question;   /* sequences_capacity; 1: it is a question, 0: a biography */
  /* For sequence s and its k-th sentence, s * LORE_ATTRIBUTES + k. A question is one sentence;
   * where the others would be, value_length is 0, and the other fields are undefined. */
  uint8_t *attribute;    /* lore_attribute of the sentence */
  uint8_t *template;     /* of the attribute, from which it is made */
  int32_t *name_at;      /* position (absolute, in token[]) of the first name token */
  int32_t *value_at;     /* position that predicts the first value token */
  uint8_t *value_length; /* value tokens, predicted from value_at, value_at+1, ... */
} lore_batch;

/* Cuts room for `sequences` sequences of at most `longest` tokens each out of `arena` (or counts
 * it). */
void lore_batch_layout(lore_batch *batch, lore_arena *arena, int sequences, int longest);

/* Empties the batch. */
void lore_batch_clear(lore_batch *batch);

typedef enum { LORE_TEMPLATES_TRAINING, LORE_TEMPLATES_EVALUATION } lore_template_set;

/* Appends one biography of `individual`: six sentences in the population's order, each from a
 * template of the individual's training or evaluation set, all drawn from the stream of (seed,
 * purpose, step, sequence) with purpose LORE_RANDOM_BIOGRAPHY or LORE_RANDOM_EVALUATION. Allocates
 * nothing. */
void lore_batch_append(lore_batch *batch, const lore_population *population, int64_t individual,
                       lore_template_set templates, uint64_t step, uint64_t sequence);

/* Appends a question about `individual`, and its answer. Allocates nothing. */
void lore_batch_append_question(lore_batch *batch, const lore_population *population,
                                int64_t individual, lore_question question);

/* Fills the batch with sequences [first, first+count) of training step `step`. Allocates nothing.
 */
void lore_batch_training(lore_batch *batch, const lore_population *population,
                         const lore_sampler *sampler, int64_t step, int64_t first, int count);

/* Fills the batch with evaluation sequences [first, first+count) over individuals drawn uniformly
 * from [group_first, group_first+group_count), on evaluation templates. The same sequences at every
 * step. */
void lore_batch_evaluation(lore_batch *batch, const lore_population *population,
                           int64_t group_first, int64_t group_count, int64_t first, int count);

/* Appends questions [first, first+count) about individuals drawn in the same way: number n is about
 * attribute n mod LORE_ATTRIBUTES. The same ones at every step. Allocates nothing. */
void lore_batch_asking(lore_batch *batch, const lore_population *population, int64_t group_first,
                       int64_t group_count, int64_t first, int count);

/* The positions that predict value tokens, ascending: room for LORE_VALUE_TOKENS_MAX of each
 * sentence. Returns how many there are. */
int lore_batch_value_positions(const lore_batch *batch, int32_t *position);

#endif
