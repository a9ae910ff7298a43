/* When to evaluate, and the phases of loss curves whose crossings are known. */
#include "support/numbers.h"

#include "lore/eval/evaluate.h"
#include "lore/eval/phases.h"

static void due_steps(void **state) {
  (void)state;
  const lore_evaluate_config plain = {.every = 10};
  const lore_evaluate_config dense = {.every = 10, .dense_every = 3, .dense_until = 14};
  static const int64_t plain_steps[] = {0, 10, 20, 30, 35},
                       dense_steps[] = {0, 3, 6, 9, 12, 20, 30, 35};
  size_t next_plain = 0, next_dense = 0;
  for (int64_t step = 0; step <= 35; step++) {
    int due = next_plain < 5 && plain_steps[next_plain] == step;
    assert_int_equal(!!lore_evaluate_due(&plain, step, 35), due);
    next_plain += (size_t)due;
    due = next_dense < 8 && dense_steps[next_dense] == step;
    assert_int_equal(!!lore_evaluate_due(&dense, step, 35), due);
    next_dense += (size_t)due;
  }
  assert_int_equal(lore_evaluate_count(&plain, 35), 5);
  assert_int_equal(lore_evaluate_count(&dense, 35), 8);
}

/* The schedule of the paper has every = 512 and dense_every = 125 until 2000, in 16384 steps. */
static void due_counts(void **state) {
  (void)state;
  const lore_evaluate_config paper = {.every = 512, .dense_every = 125, .dense_until = 2000};
  const lore_evaluate_config each = {.every = 1};
  const lore_evaluate_config rare = {.every = 1000};
  assert_int_equal(lore_evaluate_count(&paper, 16384), 1 + 16 + (32 - 3));
  assert_int_equal(lore_evaluate_count(&each, 100), 101);
  assert_int_equal(lore_evaluate_count(&rare, 999), 2);
  assert_int_equal(lore_evaluate_count(&rare, 1000), 2);
  assert_int_equal(lore_evaluate_count(&rare, 1001), 3);
  assert_int_equal(lore_evaluate_count(&rare, 1), 2);
  assert_int_equal(lore_evaluate_count(&rare, 0), 1);
  assert_int_equal(lore_evaluate_count(&each, INT64_C(1000000000000000)),
                   INT64_C(1000000000000001));
}

static void due_steps_are_as_many_as_counted(void **state) {
  (void)state;
  for (int every = 1; every < 6; every++)
    for (int dense_every = 0; dense_every < 4; dense_every++)
      for (int until = 0; until < 12; until++)
        for (int64_t steps = 0, due; steps < 25; steps++) {
          const lore_evaluate_config config = {
              .every = every, .dense_every = dense_every, .dense_until = until};
          due = 0;
          for (int64_t step = 0; step <= steps; step++)
            due += lore_evaluate_due(&config, step, steps);
          assert_int_equal(lore_evaluate_count(&config, steps), due);
        }
}

/* Limits of the band around the baseline 8 with a margin of a quarter: 10 and 6, without rounding.
 */
enum { BASELINE = 8, UPPER = 10, LOWER = 6 };

static lore_phase_detector start(void) {
  lore_phase_detector detector;
  lore_phase_start(&detector, BASELINE, 0.25);
  assert_true(detector.plateau_start < 0 && detector.plateau_end < 0);
  return detector;
}

static void assert_step(const char *what, double got, double want) {
  if (!(want < 0 ? got < 0 : fabs(got - want) <= 1e-9 * (1 + want)))
    fail_msg("%s at step %.17g, not %.17g", what, got, want);
}

/* Feeds losses at steps 0, 100, ...; `phase` has one digit per loss. */
static void check_curve(int count, const double *loss, const char *phase, double plateau_start,
                        double plateau_end) {
  lore_phase_detector detector = start();
  for (int i = 0; i < count; i++) {
    lore_phase_detector stored = detector;
    int got = lore_phase_update(&detector, 100.0 * i, loss[i]);
    if (got != phase[i] - '0')
      fail_msg("loss %d of %s: phase %d", i, phase, got);
    assert_int_equal(lore_phase_update(&stored, 100.0 * i, loss[i]), got);
    assert_same_bits("detector", &stored, &detector, sizeof detector);
  }
  assert_step("plateau start", detector.plateau_start, plateau_start);
  assert_step("plateau end", detector.plateau_end, plateau_end);
}

#define CURVE(phase, first, last, ...)                                                             \
  check_curve((int)(sizeof(double[]){__VA_ARGS__} / sizeof(double)), (double[]){__VA_ARGS__},      \
              phase, first, last)

static void phases_of_curves(void **state) {
  (void)state;
  CURVE("1122233", 125, 450, 13, 11, 7, 8, 7, 5, 0);
  CURVE("13", 25, 50, 14, -2);
}

static void phases_never_reached(void **state) {
  (void)state;
  CURVE("1111", -1, -1, 20, 15, 12, 11);
  CURVE("1222", 50, -1, 11, 9, 7, 8);
}

static void phases_from_the_start(void **state) {
  (void)state;
  CURVE("223", 0, 150, 9, 7, 5);
  CURVE("333", 0, 0, 5, 4, 3);
  CURVE("333", 0, 0, 5, 8, 20);
}

/* The band holds its limits: the plateau starts when the upper is reached, and ends when the loss
 * goes below the lower. */
static void phases_on_the_limits(void **state) {
  (void)state;
  CURVE("12", 100, -1, 14, UPPER);
  CURVE("22", 0, -1, UPPER, UPPER);
  CURVE("1222", 50, -1, 11, 9, LOWER, LOWER);
  CURVE("2", 0, -1, LOWER);
}

/* From the limit on, the interpolated loss is below it. */
static void phases_beyond_the_limits(void **state) {
  (void)state;
  CURVE("1223", 50, 200, 11, 9, LOWER, 4);
  CURVE("1223", 50, 200 + 100e-9, 11, 9, LOWER + 2e-9, 4);
  CURVE("1222", 100, -1, 11, UPPER, 9, 8);
}

static void phases_do_not_come_back(void **state) {
  (void)state;
  CURVE("1222", 50, -1, 11, 9, 12, 9);
  CURVE("122333", 50, 250, 11, 9, 7, 5, 12, 5);
}

/* Losses on a straight line, evaluated at any steps: interpolation is exact. */
static void phases_of_straight_lines(void **state) {
  (void)state;
  lore_random stream = numbers_stream(1);
  for (int round = 0; round < 1000; round++) {
    lore_phase_detector detector;
    double baseline = 1 + 9 * lore_random_uniform(&stream);
    double margin = 0.2 * lore_random_uniform(&stream);
    double slope = 0.001 + lore_random_uniform(&stream), top = 3 * baseline, step = 0;
    lore_phase_start(&detector, baseline, margin);
    while (step == 0 || top - slope * step > 0) {
      double loss = top - slope * step;
      int phase = 1 + (loss <= baseline * (1 + margin)) + (loss < baseline * (1 - margin));
      assert_int_equal(lore_phase_update(&detector, step, loss), phase);
      step += baseline / slope * lore_random_uniform(&stream) / 3;
    }
    if (detector.plateau_end < 0)
      continue;
    assert_step("plateau start", detector.plateau_start, (top - baseline * (1 + margin)) / slope);
    assert_step("plateau end", detector.plateau_end, (top - baseline * (1 - margin)) / slope);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(due_steps),
      numbers_test(due_counts),
      numbers_test(due_steps_are_as_many_as_counted),
      numbers_test(phases_of_curves),
      numbers_test(phases_never_reached),
      numbers_test(phases_from_the_start),
      numbers_test(phases_on_the_limits),
      numbers_test(phases_beyond_the_limits),
      numbers_test(phases_do_not_come_back),
      numbers_test(phases_of_straight_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
