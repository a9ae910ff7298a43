/* Fresh individuals, which are met once, and injected ones, which are shown at chosen steps. */
#include "support/people.h"

#include <stdbool.h>

enum { KNOWN = 50, HELD_OUT = 10, INJECTED = 5, BATCH = 32, STEPS = 2000 };

static const lore_population_config people = {
    .individuals = KNOWN, .held_out = HELD_OUT, .injected = INJECTED};

static lore_sampler make_sampler(double fresh, double final_fresh) {
  const lore_distribution_config distribution = {
      .fresh = fresh, .final_fresh = final_fresh, .repeats_in_batch = 1, .repeats_across_steps = 1};
  const lore_curriculum_config none = {0};
  return lore_sampler_create(&distribution, &none, &people, PEOPLE_SEED, STEPS, BATCH, 4);
}

static int count_fresh(const lore_sampler *s, int64_t first, int64_t last, int *known) {
  int fresh = 0;
  for (int64_t step = first; step < last; step++)
    for (int64_t position = 0; position < BATCH; position++) {
      int64_t who = lore_sampler_draw(s, step, position);
      fresh += who >= KNOWN;
      if (who < KNOWN)
        known[who]++;
    }
  return fresh;
}

static void fresh_ones_are_a_share(void **state) {
  (void)state;
  static const double shares[] = {0.001, 0.3, 0.99};
  for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
    int known[KNOWN] = {0};
    lore_sampler s = make_sampler(shares[i], -1);
    assert_share("all", count_fresh(&s, 0, STEPS, known), STEPS * BATCH, shares[i]);
    assert_even("known ones", known, KNOWN);
  }
}

/* By the middle of each tenth of the steps, the share is what a line says. */
static void the_share_goes_linearly(void **state) {
  (void)state;
  enum { PART = STEPS / 10 };
  int known[KNOWN] = {0};
  lore_sampler s = make_sampler(0.9, 0.1);
  assert_true(lore_sampler_fresh(&s, 0) == 0.9);
  assert_true(fabs(lore_sampler_fresh(&s, STEPS - 1) - 0.1) < 1e-12);
  for (int part = 0; part < 10; part++)
    assert_share("a tenth", count_fresh(&s, part * PART, (part + 1) * PART, known), PART * BATCH,
                 0.9 - 0.8 * (part + 0.5) / 10);
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* Also in a run that goes on with the weights. */
static void nobody_fresh_comes_twice(void **state) {
  (void)state;
  static int64_t who[STEPS * BATCH];
  int count = 0;
  lore_sampler s = make_sampler(0.7, -1), before = s, after = s;
  after.first_step = STEPS / 2;
  for (int64_t step = 0; step < STEPS / 2; step++)
    for (int64_t position = 0; position < BATCH; position++)
      for (int run = 0; run < 2; run++) {
        int64_t drawn = lore_sampler_draw(run ? &after : &before, step, position);
        if (drawn >= KNOWN)
          who[count++] = drawn;
      }
  qsort(who, (size_t)count, sizeof *who, ascending);
  assert_true(count > STEPS * BATCH / 2 && who[0] >= lore_population_total(&people));
  assert_true(who[count - 1] < LORE_PEOPLE_MAX);
  for (int i = 1; i < count; i++)
    assert_true(who[i - 1] < who[i]);
}

/* One that is not kept is the one that a larger population keeps. */
static void nobody_needs_to_be_kept(void **state) {
  (void)state;
  lore_individual room;
  lore_population *few = people_create(10, 0, PEOPLE_SEED),
                  *many = people_create(40, 0, PEOPLE_SEED);
  for (int64_t i = 0; i < 40; i++) {
    const lore_individual *who = lore_population_anybody(few, i, &room);
    assert_true((who == &room) == (i >= 10));
    assert_memory_equal(who, lore_population_individual(many, i), sizeof *who);
  }
  lore_population_destroy(few);
  lore_population_destroy(many);
}

static const lore_integer_list chosen = {.count = 3, .value = {7, 8, 100}};

static bool is_chosen(int64_t step) {
  return step == 7 || step == 8 || step == 100;
}

static void injected_ones_come_at_their_steps(void **state) {
  (void)state;
  lore_sampler s = make_sampler(0.5, -1), without = s;
  s.distribution.inject = chosen;
  for (int64_t step = 0; step < 200; step++)
    for (int64_t position = 0; position < BATCH; position++) {
      int64_t who = lore_sampler_draw(&s, step, position);
      if (is_chosen(step) && position < INJECTED)
        assert_int_equal(who, KNOWN + HELD_OUT + position);
      else
        assert_int_equal(who, lore_sampler_draw(&without, step, position));
    }
}

/* The first tokens of a batch at `step`, of the injected individuals. */
static int injected_tokens(const lore_population *population, const lore_sampler *s, int64_t step,
                           lore_batch *batch) {
  lore_batch_training(batch, population, s, step, 0, INJECTED);
  return batch->tokens;
}

static void check_wording(lore_wording wording) {
  lore_population *population;
  lore_arena arenas[2];
  assert_int_equal(lore_population_create(&people, PEOPLE_SEED, people_vocabulary, &population),
                   LORE_OK);
  int longest = lore_vocabulary_longest_biography(people_vocabulary);
  lore_batch first = people_batch(&arenas[0], INJECTED, longest);
  lore_batch again = people_batch(&arenas[1], INJECTED, longest);
  lore_sampler s = make_sampler(0, -1);
  s.distribution.inject = chosen;
  s.distribution.inject_wording = wording;
  int tokens = injected_tokens(population, &s, 7, &first);
  for (int i = 1; i < chosen.count; i++) {
    bool same = injected_tokens(population, &s, chosen.value[i], &again) == tokens &&
                !memcmp(first.token, again.token, (size_t)tokens * sizeof *first.token);
    assert_true(same == (wording == LORE_WORDING_SAME));
  }
  lore_batch_training(&again, population, &s, 9, 0, INJECTED);
  assert_true(again.individual[0] < KNOWN);
  lore_arena_destroy(&arenas[0]);
  lore_arena_destroy(&arenas[1]);
  lore_population_destroy(population);
}

static void wording_is_new_or_the_same(void **state) {
  (void)state;
  check_wording(LORE_WORDING_NEW);
  check_wording(LORE_WORDING_SAME);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fresh_ones_are_a_share),
      cmocka_unit_test(the_share_goes_linearly),
      cmocka_unit_test(nobody_fresh_comes_twice),
      cmocka_unit_test(nobody_needs_to_be_kept),
      cmocka_unit_test(injected_ones_come_at_their_steps),
      cmocka_unit_test(wording_is_new_or_the_same),
  };
  return cmocka_run_group_tests(tests, people_setup, people_teardown);
}
