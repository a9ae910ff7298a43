/* Counts of draws, and the bins that they are sorted into. */
#include "support/numbers.h"

#include "lore/data/exposure.h"

static void bins_are_powers_of_two(void **state) {
  (void)state;
  const int64_t number[] = {0, 1, 2, 3, 4, 7, 8, 262143, 262144, INT64_C(1) << 40};
  const int bin[] = {0, 1, 2, 2, 3, 3, 4, 18, 19, 19};
  for (size_t i = 0; i < sizeof bin / sizeof *bin; i++)
    assert_int_equal(lore_exposure_bin(number[i]), bin[i]);
  for (int b = 0; b < LORE_EXPOSURE_BINS; b++) {
    assert_int_equal(lore_exposure_bin(lore_exposure_least(b)), b);
    if (b > 0)
      assert_int_equal(lore_exposure_bin(lore_exposure_least(b) - 1), b - 1);
  }
}

static lore_sampler make_sampler(void) {
  const lore_population_config people = {.individuals = 50};
  const lore_distribution_config distribution = {.kind = LORE_DISTRIBUTION_POWER_LAW,
                                                 .alpha = 1.2,
                                                 .repeats_in_batch = 1,
                                                 .repeats_across_steps = 1};
  const lore_curriculum_config curriculum = {.kind = LORE_CURRICULUM_NONE};
  return lore_sampler_create(&distribution, &curriculum, &people, 3, 40, 8, 2);
}

/* Counted in two parts, as after a checkpoint, and straight from the draws. */
static void counts_are_of_draws(void **state) {
  (void)state;
  const lore_sampler sampler = make_sampler();
  int draws[50] = {0}, last[50];
  memset(last, -1, sizeof last);
  for (int step = 0; step < 33; step++)
    for (int s = 0; s < 8; s++) {
      int64_t who = lore_sampler_draw(&sampler, step, s);
      draws[who]++;
      last[who] = step;
    }
  lore_exposure exposure;
  assert_int_equal(lore_exposure_create(50, &exposure), LORE_OK);
  lore_exposure_count(&exposure, &sampler, 10);
  lore_exposure_count(&exposure, &sampler, 10);
  lore_exposure_count(&exposure, &sampler, 33);
  int never = 0;
  for (int i = 0; i < 50; i++) {
    assert_int_equal(exposure.draws[i], draws[i]);
    assert_int_equal(exposure.last_step[i], last[i]);
    assert_int_equal(lore_exposure_age(&exposure, i), last[i] < 0 ? 0 : 33 - last[i]);
    assert_true((draws[i] == 0) == (exposure.first_step[i] < 0));
    never += draws[i] == 0;
  }
  assert_true(never > 0 && never < 50);
  lore_exposure_destroy(&exposure);
}

static void counts_stay_at_the_most(void **state) {
  (void)state;
  const lore_sampler sampler = make_sampler();
  lore_exposure exposure;
  assert_int_equal(lore_exposure_create(50, &exposure), LORE_OK);
  for (int i = 0; i < 50; i++)
    exposure.draws[i] = INT32_MAX - 1;
  lore_exposure_count(&exposure, &sampler, 40);
  int most = 0;
  for (int i = 0; i < 50; i++) {
    assert_true(exposure.draws[i] >= INT32_MAX - 1);
    most += exposure.draws[i] == INT32_MAX;
  }
  assert_true(most > 1);
  lore_exposure_destroy(&exposure);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bins_are_powers_of_two),
      cmocka_unit_test(counts_stay_at_the_most),
      cmocka_unit_test(counts_are_of_draws),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
