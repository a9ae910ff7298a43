/* Resume points: everything comes back bit for bit, damage is never taken for data, and there is
 * always a whole one. */
#include <fcntl.h>
#include <netcdf.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "resume_fixture.h"

static void test_nothing(void **state) {
  (void)state;
  char missing[128];
  fixture_state s = state_make(1);
  lore_resume resume;
  bool found = true;
  assert_int_equal(lore_resume_read(directory, model, &s.all, &resume, &found), LORE_OK);
  assert_false(found);
  snprintf(missing, sizeof missing, "%s/missing", directory);
  found = true;
  assert_int_equal(lore_resume_read(missing, model, &s.all, &resume, &found), LORE_OK);
  assert_false(found);
  lore_resume_remove(missing);
  state_free(&s);
}

static void test_round_trip(void **state) {
  (void)state;
  for (int64_t step = 7; step < 200000000; step *= 5) {
    lore_resume_remove(directory);
    put(step);
    expect_step(step);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
  const struct CMUnitTest tests[] = {
      TEST(test_nothing),
      TEST(test_round_trip),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
