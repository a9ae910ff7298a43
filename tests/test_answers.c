/* Calibration, detection and stored bits of planted answers. */
#include "support/numbers.h"

#include "lore/base/random.h"
#include "lore/eval/answers.h"

enum { MANY = 60000, SOME = 300 };

static lore_random stream;

/* Answers that are right with a probability of confidence ^ power. */
static void plant(int count, double power, lore_answer *answer) {
  for (int i = 0; i < count; i++) {
    double confidence = lore_random_uniform(&stream);
    answer[i] = (lore_answer){confidence, 0, lore_random_uniform(&stream) < pow(confidence, power)};
  }
}

static void assert_near(double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance))
    fail_msg("%.9g, not %.9g +- %g", got, want, tolerance);
}

/* A bin of n answers is off by 0.8 sqrt(c (1 - c) / n) on average by chance: 0.005 here. */
static void a_calibrated_model_has_no_error(void **state) {
  (void)state;
  static lore_answer answer[MANY];
  plant(MANY, 1, answer);
  assert_near(lore_answers_calibration_error(MANY, answer), 0, 0.01);
}

/* The mean of c - c^2 over 0 to 1 is 1/6. Wrong above one half: the integral of 1 - c^2. */
static void an_overconfident_model_is_told(void **state) {
  (void)state;
  static lore_answer answer[MANY];
  plant(MANY, 2, answer);
  assert_near(lore_answers_calibration_error(MANY, answer), 1.0 / 6, 0.01);
  assert_near(lore_answers_confidently_wrong(MANY, answer), 0.5 - (1 - 0.125) / 3, 0.01);
}

static void bins_are_weighted_by_answers(void **state) {
  (void)state;
  const lore_answer answer[] = {{1, 0, 1}, {1, 0, 0}, {0.99, 0, 1}, {0.1, 0, 0}};
  /* Three in the last bin, 2/3 of them right, and one in the second. */
  double last = 2.99 / 3 - 2.0 / 3;
  assert_near(lore_answers_calibration_error(4, answer), (3 * last + 0.1) / 4, 1e-12);
  assert_near(lore_answers_confidently_wrong(4, answer), 0.25, 0);
  const lore_answer even[] = {{0.5, 0, 0}};
  assert_near(lore_answers_confidently_wrong(1, even), 0, 0);
  assert_true(isnan(lore_answers_calibration_error(0, answer)));
  assert_true(isnan(lore_answers_confidently_wrong(0, answer)));
}

static double pairs_one_by_one(int highs, const double *high, int lows, const double *low) {
  double sum = 0;
  for (int i = 0; i < highs; i++)
    for (int j = 0; j < lows; j++)
      sum += (high[i] > low[j]) + (high[i] == low[j]) / 2.0;
  return sum / highs / lows;
}

/* Of few different numbers, so that many are equal. */
static void auroc_is_a_count_of_pairs(void **state) {
  (void)state;
  for (int round = 0; round < 40; round++) {
    double high[SOME], low[SOME];
    int different = 1 + round * round, lows = 1 + (int)(SOME * lore_random_uniform(&stream)) % SOME;
    for (int i = 0; i < SOME; i++) {
      high[i] = floor(lore_random_uniform(&stream) * different) - 3;
      low[i] = floor(lore_random_uniform(&stream) * different) - 3.5 - round % 2 * 0.5;
    }
    double want = pairs_one_by_one(SOME, high, lows, low);
    assert_near(lore_answers_auroc(SOME, high, lows, low), want, 1e-12);
  }
}

static void auroc_at_its_ends(void **state) {
  (void)state;
  double one[] = {3, 1, 2}, same[] = {2, 2}, above[] = {9, 8};
  assert_near(lore_answers_auroc(2, above, 3, one), 1, 0);
  assert_near(lore_answers_auroc(3, one, 2, above), 0, 0);
  assert_near(lore_answers_auroc(2, same, 2, (double[]){2, 2}), 0.5, 0);
  assert_true(isnan(lore_answers_auroc(0, one, 2, same)));
  assert_true(isnan(lore_answers_auroc(2, same, 0, one)));
}

/* A predictor that leaves k of V equally likely values knows log2(V / k) bits of each. */
static void bits_of_a_planted_predictor(void **state) {
  (void)state;
  const double values[] = {800, 1024, 100}, left[] = {1, 256, 300};
  double loss[3];
  for (int a = 0; a < 3; a++)
    loss[a] = log(left[a]);
  assert_near(lore_stored_bits(3, values, loss, 7), 7 * (log2(800) + 2), 1e-9); /* none below 0 */
}

static void diverged_models_have_no_numbers(void **state) {
  (void)state;
  const lore_answer answer[] = {{0.9, 0, 0}, {NAN, NAN, 0}}, wild[] = {{INFINITY, 0, 0}, {7, 0, 0}};
  double two[] = {1, NAN}, one[] = {3};
  assert_true(isnan(lore_answers_calibration_error(2, answer)));
  assert_true(isnan(lore_answers_confidently_wrong(2, answer)));
  for (int i = 0; i < 2; i++) {
    assert_true(isnan(lore_answers_calibration_error(1, &wild[i])));
    assert_true(isnan(lore_answers_confidently_wrong(1, &wild[i])));
  }
  assert_true(isnan(lore_answers_auroc(2, two, 1, one)));
  assert_true(isnan(lore_answers_auroc(1, one, 2, two)));
  assert_true(isnan(lore_stored_bits(2, (double[]){800, 800}, (double[]){1, NAN}, 1)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(a_calibrated_model_has_no_error),
      numbers_test(an_overconfident_model_is_told),
      numbers_test(bins_are_weighted_by_answers),
      numbers_test(auroc_is_a_count_of_pairs),
      numbers_test(auroc_at_its_ends),
      numbers_test(bits_of_a_planted_predictor),
      numbers_test(diverged_models_have_no_numbers),
  };
  stream = lore_random_stream(1, LORE_RANDOM_TEST, 0, 0);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
