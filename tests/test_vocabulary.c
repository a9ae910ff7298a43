/* The word lists, values and templates as tokens. */
#include "support/people.h"

static const char *const attributes[LORE_ATTRIBUTES] = {"birth_place", "birth_date", "university",
                                                        "major",       "company",    "location"};

static int compare_text(const void *x, const void *y) {
  return strcmp(*(char *const *)x, *(char *const *)y);
}

static void assert_distinct(const char *what, char **text, size_t count) {
  qsort(text, count, sizeof *text, compare_text);
  for (size_t i = 1; i < count; i++)
    if (!strcmp(text[i - 1], text[i]))
      fail_msg("%s: '%s' occurs twice", what, text[i]);
}

static void release(char **text, size_t count) {
  for (size_t i = 0; i < count; i++)
    free(text[i]);
  free(text);
}

/* The line of `file` without its end; NULL after the last. `line` holds PEOPLE_TEXT bytes. */
static const char *next_line(FILE *file, char *line) {
  if (!fgets(line, PEOPLE_TEXT, file))
    return NULL;
  line[strcspn(line, "\n")] = 0;
  return line;
}

static FILE *open_list(const char *name) {
  const char *source = getenv("LORE_SOURCE");
  char path[PEOPLE_TEXT];
  if (!source)
    skip();
  assert_true(snprintf(path, sizeof path, "%s/data/%s.txt", source, name) < PEOPLE_TEXT);
  FILE *file = fopen(path, "r");
  if (!file)
    fail_msg("%s cannot be read", path);
  return file;
}

static void attribute_names(void **state) {
  (void)state;
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    assert_string_equal(lore_attribute_name((lore_attribute)a), attributes[a]);
}

static void list_sizes(void **state) {
  (void)state;
  static const uint32_t values[LORE_ATTRIBUTES] = {800, 74400, 200, 100, 500, 800};
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    assert_int_equal(lore_vocabulary_values(people_vocabulary, (lore_attribute)a), values[a]);
  assert_int_equal(lore_vocabulary_first_names(people_vocabulary), 900);
  assert_int_equal(lore_vocabulary_last_names(people_vocabulary), 1000);
}

/* One word is one token and one token is one word. */
static void words_are_distinct(void **state) {
  (void)state;
  size_t size = (size_t)lore_vocabulary_size(people_vocabulary);
  char **word = people_zero(size, sizeof *word);
  assert_string_equal(lore_vocabulary_word(people_vocabulary, LORE_TOKEN_BEGIN), "<begin>");
  for (size_t i = 0; i < size; i++) {
    word[i] = strdup(lore_vocabulary_word(people_vocabulary, (uint16_t)i));
    assert_true(*word[i] && !strpbrk(word[i], " {}\n"));
  }
  assert_distinct("word", word, size);
  release(word, size);
}

static void values_are_distinct(void **state) {
  (void)state;
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    uint32_t count = lore_vocabulary_values(people_vocabulary, (lore_attribute)a);
    char **text = people_zero(count, sizeof *text), words[PEOPLE_TEXT];
    for (uint32_t i = 0; i < count; i++) {
      lore_value value = lore_vocabulary_value(people_vocabulary, (lore_attribute)a, i);
      assert_in_range(value.length, 1, LORE_VALUE_TOKENS_MAX);
      text[i] = strdup(people_text(value.length, value.token, words));
    }
    assert_distinct(attributes[a], text, count);
    release(text, count);
  }
}

/* The begin token aside, no token but those of lists, dates and templates. */
static void every_token_is_used(void **state) {
  (void)state;
  int size = lore_vocabulary_size(people_vocabulary), used = 1;
  char *seen = people_zero((size_t)size, 1);
  seen[LORE_TOKEN_BEGIN] = 1;
  for (uint32_t i = 0; i < 900; i++)
    seen[lore_vocabulary_first_name(people_vocabulary, i)] |= 2;
  for (uint32_t i = 0; i < 1000; i++)
    seen[lore_vocabulary_last_name(people_vocabulary, i)] |= 2;
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    for (uint32_t i = 0; i < lore_vocabulary_values(people_vocabulary, (lore_attribute)a); i++) {
      lore_value value = lore_vocabulary_value(people_vocabulary, (lore_attribute)a, i);
      for (int j = 0; j < value.length; j++)
        seen[value.token[j]] |= 2;
    }
    for (int i = 0; i < LORE_TEMPLATES; i++) {
      const lore_template *t = lore_vocabulary_template(people_vocabulary, (lore_attribute)a, i);
      for (int j = 0; j < t->length; j++)
        if (j != t->name_at && j != t->value_at)
          seen[t->token[j]] |= 2;
    }
  }
  for (int i = 0; i < size; i++)
    used += seen[i] == 2;
  assert_int_equal(seen[LORE_TOKEN_BEGIN], 1);
  assert_int_equal(used, size);
  free(seen);
}

static void dates(void **state) {
  (void)state;
  static const char *const months[] = {"January",   "February", "March",    "April",
                                       "May",       "June",     "July",     "August",
                                       "September", "October",  "November", "December"};
  char text[PEOPLE_TEXT], expected[PEOPLE_TEXT];
  for (int year = 1900; year < 2100; year++)
    for (int month = 1; month <= 12; month++)
      for (int day = 1; day <= 31; day++) {
        uint32_t index = (uint32_t)(((year - 1900) * 12 + month - 1) * 31 + day - 1);
        lore_value value = lore_vocabulary_value(people_vocabulary, LORE_BIRTH_DATE, index);
        snprintf(expected, sizeof expected, "%d %s %d", day, months[month - 1], year);
        assert_string_equal(people_text(value.length, value.token, text), expected);
      }
}

/* What is compiled in is what the files hold, in their order. */
static void values_are_the_lists(void **state) {
  (void)state;
  static const struct {
    const char *file;
    lore_attribute attribute;
  } lists[] = {{"cities", LORE_BIRTH_PLACE},
               {"cities", LORE_LOCATION},
               {"universities", LORE_UNIVERSITY},
               {"majors", LORE_MAJOR},
               {"companies", LORE_COMPANY}};
  char line[PEOPLE_TEXT], text[PEOPLE_TEXT];
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    FILE *file = open_list(lists[i].file);
    uint32_t count = 0;
    for (; next_line(file, line); count++) {
      lore_value value = lore_vocabulary_value(people_vocabulary, lists[i].attribute, count);
      assert_string_equal(people_text(value.length, value.token, text), line);
    }
    fclose(file);
    assert_int_equal(count, lore_vocabulary_values(people_vocabulary, lists[i].attribute));
  }
}

static void names_are_the_lists(void **state) {
  (void)state;
  char line[PEOPLE_TEXT];
  FILE *file = open_list("first_names");
  for (uint32_t i = 0; next_line(file, line); i++)
    assert_string_equal(
        lore_vocabulary_word(people_vocabulary, lore_vocabulary_first_name(people_vocabulary, i)),
        line);
  fclose(file);
  file = open_list("last_names");
  for (uint32_t i = 0; next_line(file, line); i++)
    assert_string_equal(
        lore_vocabulary_word(people_vocabulary, lore_vocabulary_last_name(people_vocabulary, i)),
        line);
  fclose(file);
}

/* The items [0, length) of a template as its file has them. */
static const char *template_text(const lore_template *t, int length, char *text) {
  size_t used = 0;
  text[0] = 0;
  for (int i = 0; i < length; i++) {
    const char *word = i == t->name_at    ? "{name}"
                       : i == t->value_at ? "{value}"
                                          : lore_vocabulary_word(people_vocabulary, t->token[i]);
    used += (size_t)snprintf(text + used, PEOPLE_TEXT - used, "%s%s", i ? " " : "", word);
  }
  assert_true(used < PEOPLE_TEXT);
  return text;
}

/* lore_vocabulary_template or lore_vocabulary_question. */
typedef const lore_template *template_maker(const lore_vocabulary *vocabulary,
                                            lore_attribute attribute, int index);

static void check_templates(const char *directory, template_maker *make, int templates) {
  char line[PEOPLE_TEXT], name[PEOPLE_TEXT], text[PEOPLE_TEXT];
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    snprintf(name, sizeof name, "%s/%s", directory, attributes[a]);
    FILE *file = open_list(name);
    int count = 0;
    for (; next_line(file, line); count++) {
      const lore_template *t = make(people_vocabulary, (lore_attribute)a, count);
      assert_string_equal(template_text(t, t->length, text), line);
    }
    fclose(file);
    assert_int_equal(count, templates);
  }
}

static void templates_are_the_lists(void **state) {
  (void)state;
  check_templates("templates", lore_vocabulary_template, LORE_TEMPLATES);
}

static void questions_are_the_lists(void **state) {
  (void)state;
  lore_vocabulary *without = people_vocabulary;
  assert_int_equal(lore_vocabulary_create(true, &people_vocabulary), LORE_OK);
  check_templates("questions", lore_vocabulary_question, LORE_QUESTIONS);
  lore_vocabulary_destroy(people_vocabulary);
  people_vocabulary = without;
}

/* Name before value, a full stop at the end, and words before the value that occur for no other
 * attribute: they tell which one it is. */
static void template_rules(void **state) {
  (void)state;
  enum { ALL = LORE_ATTRIBUTES * LORE_TEMPLATES };
  char **lead = people_zero(ALL, sizeof *lead), text[PEOPLE_TEXT];
  for (int i = 0; i < ALL; i++) {
    const lore_template *t = lore_vocabulary_template(
        people_vocabulary, (lore_attribute)(i / LORE_TEMPLATES), i % LORE_TEMPLATES);
    assert_true(t->length <= LORE_TEMPLATE_TOKENS_MAX);
    assert_true(t->name_at < t->value_at && t->value_at < t->length - 1);
    assert_string_equal(lore_vocabulary_word(people_vocabulary, t->token[t->length - 1]), ".");
    lead[i] = strdup(template_text(t, t->value_at, text));
  }
  assert_distinct("words before a value", lead, ALL);
  release(lead, ALL);
}

static void tokens_are_deterministic(void **state) {
  (void)state;
  lore_vocabulary *other;
  assert_int_equal(lore_vocabulary_create(false, &other), LORE_OK);
  int size = lore_vocabulary_size(people_vocabulary);
  assert_int_equal(lore_vocabulary_size(other), size);
  for (int i = 0; i < size; i++)
    assert_string_equal(lore_vocabulary_word(other, (uint16_t)i),
                        lore_vocabulary_word(people_vocabulary, (uint16_t)i));
  lore_vocabulary_destroy(other);
  lore_vocabulary_destroy(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attribute_names),         cmocka_unit_test(list_sizes),
      cmocka_unit_test(words_are_distinct),      cmocka_unit_test(values_are_distinct),
      cmocka_unit_test(every_token_is_used),     cmocka_unit_test(dates),
      cmocka_unit_test(values_are_the_lists),    cmocka_unit_test(names_are_the_lists),
      cmocka_unit_test(questions_are_the_lists), cmocka_unit_test(templates_are_the_lists),
      cmocka_unit_test(template_rules),          cmocka_unit_test(tokens_are_deterministic),
  };
  return cmocka_run_group_tests(tests, people_setup, people_teardown);
}
