/* Tests of kernels, at each level that the processor has. */
#ifndef LORE_TESTS_LEVELS_H
#define LORE_TESTS_LEVELS_H

#include "lore/model/kernels.h"
#include "numbers.h"

/* Runs the array of cmocka tests once for each level; the value is the number of failures. */
#define levels_run_group_tests(tests)                                                              \
  levels_run(_cmocka_run_group_tests, #tests, tests, sizeof(tests) / sizeof *(tests))

typedef int levels_runner(const char *name, const struct CMUnitTest *test, size_t tests,
                          CMFixtureFunction before, CMFixtureFunction after);

static inline int levels_run(levels_runner *run, const char *name, const struct CMUnitTest *test,
                             size_t tests) {
  int failures = 0;
  for (int level = 0; lore_level(level); level++) {
    if (!lore_level_runs(level)) {
      print_message("level %s: not with this processor\n", lore_level(level)->name);
      continue;
    }
    print_message("level %s\n", lore_level(level)->name);
    lore_level_select(level);
    failures += run(name, test, tests, NULL, NULL);
  }
  return failures;
}

#endif
