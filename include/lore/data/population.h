/* The individuals of a run: unique full names and six attribute values each (science.md section 1).
 *
 * Individuals 0 .. known-1 are trained on; then come the held-out ones, which never are, the new
 * ones of fine-tuning, those that a curriculum throws away and those that are injected. An
 * individual is a pure function of (seed, index): a larger population with the same seed begins
 * with the same individuals, and fresh individuals, which a training meets once, need not be kept.
 */
#ifndef LORE_DATA_POPULATION_H
#define LORE_DATA_POPULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lore/base/enum.h"
#include "lore/base/status.h"
#include "lore/data/attribute.h"
#include "lore/data/vocabulary.h"

enum { LORE_PEOPLE_MAX = 810000000 }; /* unique full names: 900 * 900 * 1000 */

#define LORE_ORDER_LIST(X)                                                                         \
  X(LORE_ORDER_RANDOM, "random")                                                                   \
  X(LORE_ORDER_FIXED, "fixed")

typedef enum { LORE_ORDER_LIST(LORE_ENUM_VALUE) } lore_sentence_order;

typedef struct {
  int64_t individuals; /* known ones */
  int64_t held_out;
  int64_t new_ones;   /* drawn only by a replay distribution */
  int64_t throw_away; /* drawn only by a throw-away curriculum */
  int64_t injected;   /* shown only at the steps of distribution.inject */
  int templates;      /* shown in training, of each attribute; 0: all LORE_TRAINING_TEMPLATES */
  lore_sentence_order sentence_order;
  bool questions;         /* the vocabulary has them, and evaluation asks them */
  int question_templates; /* of each attribute, the first ones */
  int64_t asked;          /* known ones, the first, whom questions in training are about */
} lore_population_config;

#define LORE_PEOPLE_LIST(X)                                                                        \
  X(LORE_PEOPLE_KNOWN, "known")                                                                    \
  X(LORE_PEOPLE_HELD_OUT, "held_out")                                                              \
  X(LORE_PEOPLE_NEW, "new")                                                                        \
  X(LORE_PEOPLE_THROW_AWAY, "throw_away")                                                          \
  X(LORE_PEOPLE_INJECTED, "injected")

typedef enum { LORE_PEOPLE_LIST(LORE_ENUM_VALUE) } lore_people;

/* Individuals first .. first+count-1. */
typedef struct {
  int64_t first, count;
} lore_range;

/* Where such individuals are; all of them together. */
lore_range lore_population_range(const lore_population_config *config, lore_people people);
int64_t lore_population_total(const lore_population_config *config);

/* Group `group` (0 .. groups-1) of the known ones, cut into `groups` nearly equal ranges. */
lore_range lore_population_group(const lore_population_config *config, int group, int groups);

typedef struct {
  uint16_t first, middle, last;                   /* tokens */
  uint32_t value[LORE_ATTRIBUTES];                /* indices for lore_vocabulary_value */
  uint32_t evaluation_templates[LORE_ATTRIBUTES]; /* bit t set: template t is kept for evaluation */
  uint32_t training_templates[LORE_ATTRIBUTES];   /* bit t set: template t is shown in training */
} lore_individual;

typedef struct lore_population lore_population;

/* Makes all individuals: 80 bytes each. LORE_USER if there are more than unique names (900 * 900 *
 * 1000), LORE_MEMORY. Keeps a pointer to `vocabulary`, which must outlive it. */
lore_status lore_population_create(const lore_population_config *config, uint64_t seed,
                                   const lore_vocabulary *vocabulary, lore_population **population);
void lore_population_destroy(lore_population *population);

/* Bytes that lore_population_create will allocate. */
size_t lore_population_bytes(const lore_population_config *config);

const lore_individual *lore_population_individual(const lore_population *population, int64_t index);
/* The individual with any index below LORE_PEOPLE_MAX; one beyond the population is made in *room.
 */
const lore_individual *lore_population_anybody(const lore_population *population, int64_t index,
                                               lore_individual *room);
const lore_vocabulary *lore_population_vocabulary(const lore_population *population);
const lore_population_config *lore_population_settings(const lore_population *population);
int64_t lore_population_known(const lore_population *population);
int64_t lore_population_held_out(const lore_population *population);
uint64_t lore_population_seed(const lore_population *population);

/* No-knowledge baseline (nats): mean over attributes of ln(number of possible values); 6.78
 * (science.md 2). */
double lore_population_baseline(const lore_vocabulary *vocabulary);

/* The same with the empirical entropy of the values that individuals [first, first+count) have: the
 * loss of a model that knows exactly how often each value occurs, but no individual. */
lore_status lore_population_empirical_baseline(const lore_population *population, int64_t first,
                                               int64_t count, double *nats);

/* Between the two: a model that knows how often each value occurs, of dates only how often each
 * day, month and year. That is where the loss of few individuals rests: nearly all have dates of
 * their own, so a model that knew how often whole dates occur would know the individual. */
lore_status lore_population_plateau_baseline(const lore_population *population, int64_t first,
                                             int64_t count, double *nats);

#endif
