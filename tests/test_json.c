/* The JSON writer: layout, escapes, numbers, and that wrong nesting is refused. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lore/base/json.h"

static char *text;
static size_t size;

static lore_json begin(void) {
  return lore_json_begin(open_memstream(&text, &size));
}

static void expect(lore_json *json, const char *wanted) {
  assert_int_equal(fclose(json->stream), 0);
  assert_string_equal(text, wanted);
  free(text);
}

static void test_layout(void **state) {
  (void)state;
  lore_json json = begin();
  lore_json_begin_object(&json, NULL);
  lore_json_begin_lines(&json, "runs");
  for (int i = 0; i < 2; i++) {
    lore_json_begin_object(&json, NULL);
    lore_json_integer(&json, "run", i);
    lore_json_begin_array(&json, "list");
    lore_json_integer(&json, NULL, 1);
    lore_json_integer(&json, NULL, 2);
    lore_json_end(&json);
    lore_json_end(&json);
  }
  lore_json_end(&json);
  lore_json_begin_object(&json, "empty");
  lore_json_end(&json);
  lore_json_begin_lines(&json, "no lines");
  lore_json_end(&json);
  lore_json_end(&json);
  expect(&json, "{\"runs\": [\n"
                "    {\"run\": 0, \"list\": [1, 2]},\n"
                "    {\"run\": 1, \"list\": [1, 2]}\n"
                "  ], \"empty\": {}, \"no lines\": []}\n");
}

static void test_values(void **state) {
  (void)state;
  lore_json json = begin();
  lore_json_begin_lines(&json, NULL);
  lore_json_integer(&json, NULL, INT64_MIN);
  lore_json_unsigned(&json, NULL, UINT64_MAX);
  lore_json_boolean(&json, NULL, true);
  lore_json_boolean(&json, NULL, false);
  lore_json_null(&json, NULL);
  lore_json_text(&json, NULL, NULL);
  lore_json_real(&json, NULL, 17, 0.1);
  lore_json_real(&json, NULL, 9, 1e300);
  lore_json_real(&json, NULL, 9, NAN);
  lore_json_real(&json, NULL, 9, -INFINITY);
  lore_json_decimal(&json, NULL, 0, 1e15);
  lore_json_decimal(&json, NULL, 2, 0.125);
  lore_json_decimal(&json, NULL, 2, INFINITY);
  lore_json_literal(&json, NULL, "[1, 2]");
  lore_json_end(&json);
  expect(&json, "[\n  -9223372036854775808,\n  18446744073709551615,\n  true,\n  false,\n  null,\n"
                "  null,\n  0.10000000000000001,\n  1e+300,\n  null,\n  null,\n"
                "  1000000000000000,\n  0.12,\n  null,\n  [1, 2]\n]\n");
}

static void test_single_value(void **state) {
  (void)state;
  lore_json json = begin();
  lore_json_text(&json, NULL, "");
  expect(&json, "\"\"\n");
}

static void test_escapes(void **state) {
  static const struct {
    const char *plain, *quoted;
  } cases[] = {
      {"a \"b\" \\ /", "\"a \\\"b\\\" \\\\ /\""},
      {"1\n2\t3\r\x01\x1f\x7f", "\"1\\n2\\u00093\\u000d\\u0001\\u001f\\u007f\""},
      /* What changes the direction of text, or acts on a terminal. */
      {"a\xE2\x80\xAE\xE2\x81\xA6z", "\"a\\u202e\\u2066z\""},
      {"\xC2\x9B\xD8\x9C\xE2\x80\xA8", "\"\\u009b\\u061c\\u2028\""},
      {"\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80", "\"\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80\""},
      /* A byte of a cut character, an overlong one, a surrogate, one beyond U+10FFFF. */
      {"a\xC3", "\"a\xEF\xBF\xBD\""},
      {"\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char wanted[128];
    lore_json json = begin();
    lore_json_begin_object(&json, NULL);
    lore_json_text(&json, cases[i].plain, cases[i].plain); /* names are quoted alike */
    lore_json_end(&json);
    snprintf(wanted, sizeof wanted, "{%s: %s}\n", cases[i].quoted, cases[i].quoted);
    expect(&json, wanted);
  }
}

#ifndef NDEBUG
/* Mistakes in nesting, each of which is to abort. */
static void forget_name(lore_json *json) {
  lore_json_begin_object(json, NULL);
  lore_json_integer(json, NULL, 1);
}
static void name_element(lore_json *json) {
  lore_json_begin_array(json, NULL);
  lore_json_integer(json, "name", 1);
}
static void name_document(lore_json *json) {
  lore_json_begin_object(json, "name");
}
static void end_twice(lore_json *json) {
  lore_json_begin_object(json, NULL);
  lore_json_end(json);
  lore_json_end(json);
}
static void continue_after_end(lore_json *json) {
  lore_json_begin_object(json, NULL);
  lore_json_end(json);
  lore_json_integer(json, NULL, 1);
}
static void nest_too_deep(lore_json *json) {
  for (int i = 0; i <= LORE_JSON_DEPTH; i++)
    lore_json_begin_array(json, NULL);
}

static void test_nesting(void **state) {
  static void (*const mistakes[])(lore_json *) = {forget_name, name_element,       name_document,
                                                  end_twice,   continue_after_end, nest_too_deep};
  (void)state;
  for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
    int status;
    pid_t child = fork();
    if (child == 0) {
      signal(SIGABRT, SIG_DFL); /* not cmocka's */
      lore_json json = lore_json_begin(freopen("/dev/null", "w", stderr));
      mistakes[i](&json);
      _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  }
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_layout),       cmocka_unit_test(test_values),
      cmocka_unit_test(test_single_value), cmocka_unit_test(test_escapes),
#ifndef NDEBUG
      cmocka_unit_test(test_nesting),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
