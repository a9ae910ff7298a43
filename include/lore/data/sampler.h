/* Which individuals each step of training shows: a distribution, and a curriculum that changes it
 * over the steps (science.md section 4; paper section 4).
 *
 * Every draw is a pure function of (seed, step, position in the batch): it does not depend on
 * ranks, threads, restarts or order. */
#ifndef LORE_DATA_SAMPLER_H
#define LORE_DATA_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/enum.h"
#include "lore/data/distribution.h"
#include "lore/data/population.h"

#define LORE_NEVER INT64_C(9007199254740991) /* a step that no run reaches; exact as a double */

/* warm_up: the first `individuals` for a while, then all; adaptive: the same until their plateau is
 * over; growth: from the first `individuals` to all, in equal ratios; anneal: alpha goes linearly
 * to final_alpha; sequential: groups one after the other; throw_away: other individuals for a
 * while, then the known ones. */
#define LORE_CURRICULUM_LIST(X)                                                                    \
  X(LORE_CURRICULUM_NONE, "none")                                                                  \
  X(LORE_CURRICULUM_WARM_UP, "warm_up")                                                            \
  X(LORE_CURRICULUM_ADAPTIVE, "adaptive")                                                          \
  X(LORE_CURRICULUM_GROWTH, "growth")                                                              \
  X(LORE_CURRICULUM_ANNEAL, "anneal")                                                              \
  X(LORE_CURRICULUM_SEQUENTIAL, "sequential")                                                      \
  X(LORE_CURRICULUM_THROW_AWAY, "throw_away")

typedef enum { LORE_CURRICULUM_LIST(LORE_ENUM_VALUE) } lore_curriculum_kind;

typedef struct {
  lore_curriculum_kind kind;
  int64_t individuals;
  double epochs; /* length in epochs of individuals / batch steps; or */
  int64_t steps; /* in steps. Adaptive: what is added after the plateau */
  double final_alpha;
  int groups, repeats; /* sequential: all groups are visited `repeats` times */
} lore_curriculum_config;

/* A question about an individual: lore_vocabulary_question makes it. */
typedef struct {
  lore_attribute attribute;
  int template;
} lore_question;

/* The distributions of all steps of a run. Plain data. */
typedef struct {
  lore_distribution_config distribution;
  lore_curriculum_config curriculum;
  lore_population_config population;
  lore_draw shard_draw[LORE_WORDS_MAX]; /* what distribution.shards says, one per entry */
  uint64_t seed;
  int64_t steps;       /* of the run */
  int shard, shards;   /* sequences per shard, shards per batch */
  lore_range injected; /* individuals, shown by the first sequences of some steps */
  int64_t others;      /* indices beyond the population, for fresh individuals */
  int64_t length;      /* of the curriculum, in steps */
  int64_t widened_at;  /* adaptive: step from which all are drawn; LORE_NEVER: not yet known */
  int64_t first_step;  /* of this run's random streams: a run that starts from another one's
                          weights must not see its data again */
} lore_sampler;

/* Steps until a curriculum other than an adaptive or sequential one is over. */
int64_t lore_curriculum_length(const lore_curriculum_config *curriculum, int64_t individuals,
                               int batch);

/* `batch` sequences per step, cut into shards of `shard`. The settings are free of contradictions
 * (assertion). */
lore_sampler lore_sampler_create(const lore_distribution_config *distribution,
                                 const lore_curriculum_config *curriculum,
                                 const lore_population_config *population, uint64_t seed,
                                 int64_t steps, int batch, int shard);

/* What position `sequence` of the batch is drawn from at `step`. */
lore_draw lore_sampler_at(const lore_sampler *sampler, int64_t step, int64_t sequence);

/* What all of the batch is drawn from at `step`; if its shards have distributions of their own,
 * there is no such thing: first and count are -1, alpha is NAN. */
lore_draw lore_sampler_of_batch(const lore_sampler *sampler, int64_t step);

/* The share of fresh individuals at `step`. */
double lore_sampler_fresh(const lore_sampler *sampler, int64_t step);

/* The step whose random stream words `sequence` of `step`. */
int64_t lore_sampler_wording(const lore_sampler *sampler, int64_t step, int64_t sequence);

/* Whether `sequence` of `step`, which is about `individual`, is a question; then which. */
bool lore_sampler_question(const lore_sampler *sampler, int64_t step, int64_t sequence,
                           int64_t individual, lore_question *question);

/* The individual of `sequence` at `step`. Fresh ones are beyond the population: their indices
 * descend from LORE_PEOPLE_MAX. */
int64_t lore_sampler_draw(const lore_sampler *sampler, int64_t step, int64_t sequence);

#endif
