/* Vocabulary, populations, batches and chi-square, for the tests of the data. */
#ifndef LORE_TESTS_PEOPLE_H
#define LORE_TESTS_PEOPLE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lore/data/batch.h"
#include "lore/data/population.h"
#include "lore/data/sampler.h"
#include "lore/data/vocabulary.h"

enum { PEOPLE_SEED = 20260405, PEOPLE_TEXT = 512 };

static lore_vocabulary *people_vocabulary;

/* Setup and teardown of a group of tests. */
static inline int people_setup(void **state) {
  (void)state;
  return lore_vocabulary_create(false, &people_vocabulary) != LORE_OK;
}

static inline int people_teardown(void **state) {
  (void)state;
  lore_vocabulary_destroy(people_vocabulary);
  return 0;
}

static inline lore_population *people_create(int64_t known, int64_t held_out, uint64_t seed) {
  lore_population_config config = {.individuals = known, .held_out = held_out};
  lore_population *population = NULL;
  if (lore_population_create(&config, seed, people_vocabulary, &population) != LORE_OK)
    fail_msg("%s", lore_fail_message());
  return population;
}

/* Everybody of `population` alike, or as `distribution` and `curriculum` say. */
static inline lore_sampler people_sampler(const lore_population_config *population) {
  const lore_distribution_config distribution = {.repeats_in_batch = 1, .repeats_across_steps = 1};
  const lore_curriculum_config curriculum = {0};
  return lore_sampler_create(&distribution, &curriculum, population, PEOPLE_SEED, 1000, 64, 8);
}

static inline void *people_zero(size_t count, size_t size) {
  void *memory = calloc(count, size);
  assert_non_null(memory);
  return memory;
}

/* An empty batch in memory that is not zero. */
static inline lore_batch people_batch(lore_arena *arena, int sequences, int longest) {
  lore_batch batch;
  *arena = (lore_arena){0};
  lore_batch_layout(&batch, arena, sequences, longest);
  size_t counted = arena->used;
  assert_int_equal(lore_arena_create(arena, counted), LORE_OK);
  memset(arena->base, 0xa5, counted);
  lore_batch_layout(&batch, arena, sequences, longest);
  assert_int_equal(arena->used, counted);
  lore_batch_clear(&batch);
  return batch;
}

/* Tokens as words with blanks between; `text` holds PEOPLE_TEXT bytes. */
static inline const char *people_text(int count, const uint16_t *token, char *text) {
  size_t used = 0;
  text[0] = 0;
  for (int i = 0; i < count; i++)
    used += (size_t)snprintf(text + used, PEOPLE_TEXT - used, "%s%s", i ? " " : "",
                             lore_vocabulary_word(people_vocabulary, token[i]));
  assert_true(used < PEOPLE_TEXT);
  return text;
}

/* `successes` of `trials` against a probability, in standard deviations. */
static inline void assert_share(const char *what, int successes, int trials, double share) {
  double deviation = (successes - trials * share) / sqrt(trials * share * (1 - share));
  if (!(fabs(deviation) < 4))
    fail_msg("%s: %d of %d are %.1f standard deviations off %g", what, successes, trials, deviation,
             share);
}

/* Observed counts against equal probabilities: chi-square as a standard normal deviation (Wilson
 * and Hilferty 1931). The expected count of a bin should be 5 at least. */
static inline void assert_even(const char *what, const int *observed, int bins) {
  double draws = 0, statistic = 0, freedom = bins - 1, variance = 2 / (9 * freedom);
  for (int i = 0; i < bins; i++)
    draws += observed[i];
  double expected = draws / bins;
  assert_true(expected >= 5);
  for (int i = 0; i < bins; i++)
    statistic += (observed[i] - expected) * (observed[i] - expected) / expected;
  double deviation = (cbrt(statistic / freedom) - (1 - variance)) / sqrt(variance);
  if (!(fabs(deviation) < 4))
    fail_msg("%s: chi-square over %d bins is %.1f standard deviations off", what, bins, deviation);
}

#endif
