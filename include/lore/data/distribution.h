/* Which individuals a training batch shows (science.md section 4; paper sections 2.2 and 4): a
 * distribution over individuals, and a curriculum that changes it over the steps.
 *
 * Every draw is a pure function of (seed, step, position in the batch): it does not depend on
 * ranks, threads, restarts or order. It takes constant time at any population size. */
#ifndef LORE_DATA_DISTRIBUTION_H
#define LORE_DATA_DISTRIBUTION_H

#include <stdint.h>

#include "lore/base/list.h"
#include "lore/data/population.h"

#define LORE_ALPHA_MAX 10.0
#define LORE_NEVER     INT64_C(9007199254740991) /* a step that no run reaches; exact as a double */

typedef enum {
  LORE_DISTRIBUTION_UNIFORM,
  LORE_DISTRIBUTION_POWER_LAW,   /* p(i) proportional to i^-alpha, i = 1 .. known */
  LORE_DISTRIBUTION_CELEBRITIES, /* the first ones are celebrity_weight times as likely */
  LORE_DISTRIBUTION_REPLAY       /* known ones with replay_weight, new ones with 1 */
} lore_distribution_kind;

/* Of the known individuals, those that are drawn at all. */
typedef enum { LORE_AMONG_ALL, LORE_AMONG_CELEBRITIES, LORE_AMONG_OTHERS } lore_among;

typedef struct {
  lore_distribution_kind kind;
  double alpha;
  int64_t celebrities; /* individuals 0 .. celebrities-1 */
  double celebrity_weight, replay_weight;
  lore_among among;
  int repeats_in_batch;         /* neighbouring sequences of a batch that show one individual */
  int64_t repeats_across_steps; /* neighbouring steps that show the same individuals */
  lore_word_list shards;        /* distributions that take turns over shards; empty: `kind` */
} lore_distribution_config;

typedef enum {
  LORE_CURRICULUM_NONE,
  LORE_CURRICULUM_WARM_UP,    /* the first `individuals` for a while, then all */
  LORE_CURRICULUM_ADAPTIVE,   /* the same until their plateau is over */
  LORE_CURRICULUM_GROWTH,     /* from the first `individuals` to all, in equal ratios */
  LORE_CURRICULUM_ANNEAL,     /* alpha goes linearly to final_alpha */
  LORE_CURRICULUM_SEQUENTIAL, /* groups one after the other */
  LORE_CURRICULUM_THROW_AWAY  /* other people for a while, then the known ones */
} lore_curriculum_kind;

typedef struct {
  lore_curriculum_kind kind;
  int64_t individuals;
  double epochs; /* length in epochs of individuals / batch steps; or */
  int64_t steps; /* in steps. Adaptive: what is added after the plateau */
  double final_alpha;
  int groups, repeats; /* sequential: all groups are visited `repeats` times */
} lore_curriculum_config;

/* A range of individuals and how they are drawn from it. */
typedef struct {
  lore_distribution_kind kind;
  int64_t first, count;
  double alpha;     /* NAN: no power law */
  int64_t favoured; /* celebrities or, in a replay, known ones: the first of the range */
  double weight;    /* of each of these, where another one has 1 */
  int64_t gap;      /* indices that lie between the favoured ones and the others */
} lore_draw;

/* The distributions of all steps of a run. Plain data. */
typedef struct {
  lore_distribution_config distribution;
  lore_curriculum_config curriculum;
  lore_population_config population;
  uint64_t seed;
  int64_t steps;      /* of the run */
  int shard, shards;  /* sequences per shard, shards per batch */
  int64_t length;     /* of the curriculum, in steps */
  int64_t widened_at; /* adaptive: step from which all are drawn; LORE_NEVER: not yet known */
  int64_t first_step; /* of this run's random streams: a run that goes on from another one's
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

/* The individual of `sequence` at `step`. */
int64_t lore_sampler_draw(const lore_sampler *sampler, int64_t step, int64_t sequence);

/* Reads an entry of distribution.shards: "uniform", "power_law:ALPHA", "celebrities:WEIGHT" or
 * "first:COUNT". 0 if it is none of these, or out of range. */
int lore_draw_parse(const char *text, const lore_distribution_config *distribution, int64_t known,
                    lore_draw *draw);

#endif
