/* exp over vectors, compiled for the level that its program is named after: src/model/vecmath.h. */
#include "support/numbers.h"

#include "lore/base/features.h"
#include "model/vecmath.h"

static real vector_exp(real x) {
  lore_vec v = {0};
  for (int i = 0; i < LORE_LANES; i++)
    v[i] = x;
  v = lore_vec_exp(v);
  for (int i = 1; i < LORE_LANES; i++)
    assert_true(v[i] == v[0]);
  return v[0];
}

static void check_exp(real x, double *worst) {
  double want = exp((double)x), error = fabs((double)vector_exp(x) - want) / want;
  if (!(error <= 2e-7))
    fail_msg("exp(%.9g): relative error %.2g", (double)x, error);
  *worst = fmax(*worst, error);
}

static void exp_is_accurate(void **state) {
  (void)state;
  enum { STEPS = 1 << 20 };
  double worst = 0;
  for (int i = 0; i <= STEPS; i++)
    check_exp((real)(-87 + 175.0 * i / STEPS), &worst);
  /* Where the reduction changes from one power of two to the next, and about 0. */
  for (int n = -125; n < 127; n++)
    for (int step = -64; step <= 64; step++)
      check_exp((real)((n + 0.5) * 0.69314718055994531 * (1 + step * real_epsilon)), &worst);
  for (real x = 1; x > (real)1e-12; x /= (real)1.37) {
    check_exp(x, &worst);
    check_exp(-x, &worst);
  }
  print_message("largest relative error of exp: %.3g\n", worst);
}

/* What softmax and the logistic function rely on beyond the range. */
static void exp_at_the_ends(void **state) {
  (void)state;
  assert_true(vector_exp(0) == 1);
  static const double low[] = {-87.5, -100, -1000, -1e30, -INFINITY};
  for (size_t i = 0; i < sizeof low / sizeof *low; i++) {
    double e = (double)vector_exp((real)low[i]);
    assert_true(e >= 0 && e < 1.7e-38);
  }
  assert_true((double)vector_exp((real)88.5) >= 1.6e38);
  assert_true((double)vector_exp((real)1e30) >= 1.6e38);
}

static void small_differences_keep_their_digits(void **state) {
  (void)state;
  double worst = 0;
  for (double x = 1e-30; x < 80; x *= 1.013) {
    lore_vec v = lore_vec_one_minus_exp(lore_vec_set((real)-x));
    double want = -expm1(-(double)(real)x);
    worst = fmax(worst, fabs((double)v[LORE_LANES - 1] - want) / want);
  }
  print_message("largest relative error of 1 - exp: %.3g\n", worst);
  assert_true(worst < 4 * real_epsilon);
  assert_true(lore_vec_one_minus_exp((lore_vec){0})[0] == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {numbers_test(exp_is_accurate), numbers_test(exp_at_the_ends),
                                     numbers_test(small_differences_keep_their_digits)};
  if (LORE_FEATURES_OF_TARGET & ~lore_features_found())
    return 77; /* skipped */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
