/* Thinning of curves for lore report: what is kept, and that no peak is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "report/thin.h"

enum { COUNT = 1000, MOST = 50 };

static void few_are_all_kept(void **unused) {
  (void)unused;
  const double value[MOST] = {3, 1, 2};
  size_t kept[MOST];
  for (size_t count = 0; count <= MOST; count++) {
    assert_int_equal(lore_thin(value, count, MOST, kept), count);
    for (size_t i = 0; i < count; i++)
      assert_int_equal(kept[i], i);
  }
}

static int is_kept(const size_t *kept, size_t count, size_t index) {
  for (size_t i = 0; i < count; i++)
    if (kept[i] == index)
      return 1;
  return 0;
}

/* A peak of one record at every place in turn. */
static void peaks_are_kept(void **unused) {
  (void)unused;
  double value[COUNT];
  size_t kept[MOST];
  for (size_t i = 0; i < COUNT; i++)
    value[i] = 10 * exp(-(double)i / 100);
  for (size_t peak = 0; peak < COUNT; peak++)
    for (int up = 0; up < 2; up++) {
      double before = value[peak];
      value[peak] = up ? 20 : -20;
      size_t count = lore_thin(value, COUNT, MOST, kept);
      assert_true(count <= MOST);
      assert_true(is_kept(kept, count, peak));
      assert_true(is_kept(kept, count, 0) && is_kept(kept, count, COUNT - 1));
      for (size_t i = 1; i < count; i++)
        assert_true(kept[i] > kept[i - 1]);
      value[peak] = before;
    }
}

static void missing_values_hide_none(void **unused) {
  (void)unused;
  double value[COUNT];
  size_t kept[LORE_THIN_LEAST];
  for (size_t i = 0; i < COUNT; i++)
    value[i] = NAN;
  value[500] = 1;
  size_t count = lore_thin(value, COUNT, LORE_THIN_LEAST, kept);
  assert_true(count <= LORE_THIN_LEAST);
  assert_true(is_kept(kept, count, 500));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(few_are_all_kept),
      cmocka_unit_test(peaks_are_kept),
      cmocka_unit_test(missing_values_hide_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
