/* Arrays for tests: exact sizes, so that tools see every step beyond an end; freed all at once. */
#ifndef LORE_TESTS_NUMBERS_H
#define LORE_TESTS_NUMBERS_H

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lore/base/random.h"
#include "lore/base/real.h"

enum { NUMBERS_MAX = 4096, NUMBERS_ALIGNMENT = 64 };

static void *numbers_taken[NUMBERS_MAX];
static int numbers_count;

static const double real_epsilon = sizeof(real) == sizeof(float) ? FLT_EPSILON : DBL_EPSILON;

/* Uninitialised bytes; freed by numbers_release. */
static inline void *numbers_take(size_t bytes) {
  void *memory = NULL;
  assert_true(numbers_count < NUMBERS_MAX);
  assert_int_equal(posix_memalign(&memory, NUMBERS_ALIGNMENT, bytes > 0 ? bytes : 1), 0);
  numbers_taken[numbers_count++] = memory;
  return memory;
}

/* Frees what was taken since numbers_count was `mark`. */
static inline void numbers_release(int mark) {
  while (numbers_count > mark)
    free(numbers_taken[--numbers_count]);
}

/* Teardown of a cmocka test. */
static inline int numbers_teardown(void **state) {
  (void)state;
  numbers_release(0);
  return 0;
}

#define numbers_test(function) cmocka_unit_test_teardown(function, numbers_teardown)

/* `count` NaNs: what a function forgets to write shows. */
static inline real *numbers_blank(size_t count) {
  real *x = numbers_take(count * sizeof *x);
  for (size_t i = 0; i < count; i++)
    x[i] = (real)NAN;
  return x;
}

static inline double *numbers_zero(size_t count) {
  double *x = numbers_take(count * sizeof *x);
  memset(x, 0, count * sizeof *x);
  return x;
}

static inline lore_random numbers_stream(uint64_t sequence) {
  return lore_random_stream(20260712, LORE_RANDOM_TEST, 0, sequence);
}

static inline int numbers_between(lore_random *stream, int least, int most) {
  return least + (int)lore_random_below(stream, (uint32_t)(most - least + 1));
}

static inline real *numbers_normal(lore_random *stream, size_t count, double deviation) {
  real *x = numbers_take(count * sizeof *x);
  for (size_t i = 0; i < count; i++)
    x[i] = (real)(deviation * lore_random_normal(stream));
  return x;
}

/* A matrix whose rows lie `stride` apart; NaN between the rows, nothing after the last. */
static inline real *numbers_matrix(lore_random *stream, int rows, int columns, int stride,
                                   double deviation) {
  real *x = numbers_blank((size_t)(rows - 1) * (size_t)stride + (size_t)columns);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      x[(size_t)i * (size_t)stride + (size_t)j] = (real)(deviation * lore_random_normal(stream));
  return x;
}

static inline real *numbers_copy(const real *from, size_t count) {
  real *x = numbers_take(count * sizeof *x);
  memcpy(x, from, count * sizeof *x);
  return x;
}

static inline double *numbers_wide(const real *from, size_t count) {
  double *x = numbers_take(count * sizeof *x);
  for (size_t i = 0; i < count; i++)
    x[i] = (double)from[i];
  return x;
}

/* The dense double twin of a strided matrix. */
static inline double *numbers_dense(const real *from, int rows, int columns, int stride) {
  double *x = numbers_zero((size_t)rows * (size_t)columns);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      x[(size_t)i * (size_t)columns + (size_t)j] =
          (double)from[(size_t)i * (size_t)stride + (size_t)j];
  return x;
}

static inline double numbers_largest(const double *x, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++)
    largest = fmax(largest, fabs(x[i]));
  return largest;
}

/* Rows of `got` lie `stride` apart. */
static inline void assert_matrix_near(const char *what, int rows, int columns, const real *got,
                                      int stride, const double *want, double limit) {
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) {
      double x = (double)got[(size_t)i * (size_t)stride + (size_t)j];
      double y = want[(size_t)i * (size_t)columns + (size_t)j];
      if (!(fabs(x - y) <= limit + (double)FLT_MIN))
        fail_msg("%s (%d, %d) of %d x %d: %.9g, not %.9g; off by %.2g, allowed %.2g", what, i, j,
                 rows, columns, x, y, fabs(x - y), limit);
    }
}

/* The largest difference counts, against the largest number wanted, in units of the precision of
 * reals. */
static inline void assert_matrix_close(const char *what, int rows, int columns, const real *got,
                                       int stride, const double *want, double ulps) {
  double largest = numbers_largest(want, (size_t)rows * (size_t)columns);
  assert_matrix_near(what, rows, columns, got, stride, want, ulps * real_epsilon * largest);
}

static inline void assert_close(const char *what, size_t count, const real *got, const double *want,
                                double ulps) {
  assert_matrix_close(what, 1, (int)count, got, (int)count, want, ulps);
}

static inline void assert_same_bits(const char *what, const void *x, const void *y, size_t bytes) {
  if (bytes > 0 && memcmp(x, y, bytes))
    fail_msg("%s: not the same bits", what);
}

#endif
