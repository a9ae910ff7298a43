/* Words as lore show prints them: word lists of one's own may hold what acts on a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/biography.c"

static const char *const words[] = {"Ada",
                                    ("a\xE2\x80\xAE"
                                     "b"),
                                    "c\x1B[31m"};

const char *lore_vocabulary_word(const lore_vocabulary *vocabulary, uint16_t token) {
  (void)vocabulary;
  return words[token];
}

static void expect(bool colour, const char *wanted) {
  static const uint16_t token[] = {0, 1, 2};
  const lore_paint paint = {.colour = colour, .width = 80};
  char *printed = NULL;
  size_t size = 0;
  FILE *before = stdout;
  stdout = open_memstream(&printed, &size);
  assert_non_null(stdout);
  lore_paint_words(&paint, NULL, LORE_ROLE_NAME, 3, token);
  fclose(stdout);
  stdout = before;
  assert_string_equal(printed, wanted);
  free(printed);
}

static void test_words(void **state) {
  (void)state;
  expect(false, "[Ada a\\u202eb c\\u001b[31m]");
  expect(true, "\033[1;36mAda\033[0m \033[1;36ma\\u202eb\033[0m \033[1;36mc\\u001b[31m\033[0m");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
