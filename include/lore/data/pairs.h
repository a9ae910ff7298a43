/* Pairs of a toy associative memory (science.md section 7; paper, appendix F.4): keys are points on
 * the unit sphere, each with one of a few values.
 *
 * Pair i depends on the seed and i alone. Indices: the known pairs, then the held-out ones, then
 * the new ones of fine-tuning, so that the first two do not change with the number of the last. */
#ifndef LORE_DATA_PAIRS_H
#define LORE_DATA_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "lore/base/real.h"
#include "lore/base/status.h"

typedef struct {
  int keys;             /* d: dimensions of a key, and of a value's vector */
  int hidden;           /* ReLU units */
  int values;           /* V: different values */
  int64_t pairs;        /* known ones */
  int64_t new_pairs;    /* of fine-tuning; 0: the known ones are trained */
  double replay_weight; /* how many times as likely as a new pair a known one is drawn */
  int64_t held_out;     /* never trained */
} lore_memory_config;

typedef struct {
  lore_memory_config config;
  uint64_t seed;
  int64_t count;      /* of all pairs */
  real *key;          /* count x d, of length 1 */
  uint16_t *value;    /* count */
  real *value_vector; /* V x d, of length 1: what the logits are products with */
} lore_pairs;

/* Pairs of all kinds together, and bytes that lore_pairs_create allocates for them. */
int64_t lore_pairs_count(const lore_memory_config *config);
size_t lore_pairs_bytes(const lore_memory_config *config);

/* Makes the pairs; destroy also after a failure. LORE_MEMORY. */
lore_status lore_pairs_create(const lore_memory_config *config, uint64_t seed, lore_pairs *pairs);
void lore_pairs_destroy(lore_pairs *pairs);

/* The pair that position `sequence` of the batch of `step` trains; the steps of the run that this
 * one started from count, too (unlike those of lore_sampler). Without new pairs: known ones,
 * uniformly; else new ones, uniformly, and known ones, each replay_weight times as likely. */
int64_t lore_pairs_draw(const lore_memory_config *config, uint64_t seed, int64_t step,
                        int64_t sequence);

/* Entropy of the known pairs' values, nats: the loss of a model that only knows how often each
 * occurs. */
double lore_pairs_empirical_baseline(const lore_pairs *pairs);

#endif
