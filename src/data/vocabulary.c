/* Builds the vocabulary: every word of the lists and templates gets a token. */
#include "lore/data/vocabulary.h"

#include <assert.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lists.h"

enum {
  FIRST_YEAR = 1900,
  YEARS = 200,
  MONTHS = 12,
  DAYS = 31,
  WORDS_MAX = 8192,
  WORD_LENGTH_MAX = 64
};

struct lore_vocabulary {
  int size, plain_size;
  char *word[WORDS_MAX];
  struct hsearch_data index; /* word -> token, while building */
  uint16_t first_name[LORE_FIRST_NAMES], last_name[LORE_LAST_NAMES];
  uint16_t day[DAYS], month[MONTHS], year[YEARS];
  lore_value city[LORE_CITIES], university[LORE_UNIVERSITIES], major[LORE_MAJORS],
      company[LORE_COMPANIES];
  lore_template template[LORE_ATTRIBUTES][LORE_TEMPLATES];
  bool questions;
  lore_template question[LORE_ATTRIBUTES][LORE_QUESTIONS];
  int longest;
};

/* The token of a word, a new one if need be. */
static lore_status intern_word(lore_vocabulary *v, const char *word, uint16_t *token) {
  ENTRY entry = {.key = (char *)word}, *found;
  if (hsearch_r(entry, FIND, &found, &v->index)) {
    *token = (uint16_t)(uintptr_t)found->data;
    return LORE_OK;
  }
  assert(v->size < WORDS_MAX);
  entry.key = strdup(word);
  entry.data = (void *)(uintptr_t)v->size;
  if (!entry.key)
    return lore_fail(LORE_MEMORY, "cannot allocate the vocabulary");
  v->word[v->size] = entry.key;
  *token = (uint16_t)v->size++;
  if (!hsearch_r(entry, ENTER, &found, &v->index))
    return lore_fail(LORE_MEMORY, "cannot allocate the vocabulary's index");
  return LORE_OK;
}

/* The tokens of the words of `text`, at most `capacity`. */
static lore_status intern_words(lore_vocabulary *v, const char *text, int capacity, uint16_t *token,
                                uint8_t *length) {
  char word[WORD_LENGTH_MAX];
  *length = 0;
  for (const char *at = text; *at; at += *at == ' ') {
    size_t letters = strcspn(at, " ");
    assert(letters < sizeof word && *length < capacity);
    memcpy(word, at, letters);
    word[letters] = 0;
    LORE_TRY(intern_word(v, word, &token[(*length)++]));
    at += letters;
  }
  return LORE_OK;
}

static lore_status intern_names(lore_vocabulary *v, const char *const *list, int count,
                                uint16_t *token) {
  for (int i = 0; i < count; i++)
    LORE_TRY(intern_word(v, list[i], &token[i]));
  return LORE_OK;
}

static lore_status intern_values(lore_vocabulary *v, const char *const *list, int count,
                                 lore_value *value) {
  for (int i = 0; i < count; i++)
    LORE_TRY(intern_words(v, list[i], LORE_VALUE_TOKENS_MAX, value[i].token, &value[i].length));
  return LORE_OK;
}

static lore_status intern_date(lore_vocabulary *v) {
  static const char *const months[MONTHS] = {"January",   "February", "March",    "April",
                                             "May",       "June",     "July",     "August",
                                             "September", "October",  "November", "December"};
  char number[16];
  LORE_TRY(intern_names(v, months, MONTHS, v->month));
  for (int i = 0; i < DAYS; i++) {
    snprintf(number, sizeof number, "%d", i + 1);
    LORE_TRY(intern_word(v, number, &v->day[i]));
  }
  for (int i = 0; i < YEARS; i++) {
    snprintf(number, sizeof number, "%d", FIRST_YEAR + i);
    LORE_TRY(intern_word(v, number, &v->year[i]));
  }
  return LORE_OK;
}

/* "{name} was born on {value} ." as items; the two placeholders hold no token. */
static lore_status intern_template(lore_vocabulary *v, const char *text, lore_template *template) {
  static const char name[] = "{name}", value[] = "{value}";
  char word[WORD_LENGTH_MAX];
  *template = (lore_template){0};
  for (const char *at = text; *at; at += *at == ' ') {
    size_t letters = strcspn(at, " ");
    uint8_t item = template->length++;
    assert(letters < sizeof word && item < LORE_TEMPLATE_TOKENS_MAX);
    memcpy(word, at, letters);
    word[letters] = 0;
    at += letters;
    if (!strcmp(word, name))
      template->name_at = item;
    else if (!strcmp(word, value))
      template->value_at = item;
    else
      LORE_TRY(intern_word(v, word, &template->token[item]));
  }
  assert(template->name_at < template->value_at);
  return LORE_OK;
}

static lore_status intern_templates(lore_vocabulary *v) {
  static const char *const *const lists[LORE_ATTRIBUTES] = {
      [LORE_BIRTH_PLACE] = lore_list_birth_place, [LORE_BIRTH_DATE] = lore_list_birth_date,
      [LORE_UNIVERSITY] = lore_list_university,   [LORE_MAJOR] = lore_list_major,
      [LORE_COMPANY] = lore_list_company,         [LORE_LOCATION] = lore_list_location,
  };
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    for (int t = 0; t < LORE_TEMPLATES; t++)
      LORE_TRY(intern_template(v, lists[a][t], &v->template[a][t]));
  }
  return LORE_OK;
}

static lore_status intern_questions(lore_vocabulary *v) {
  static const char *const *const lists[LORE_ATTRIBUTES] = {
      [LORE_BIRTH_PLACE] = lore_list_question_birth_place,
      [LORE_BIRTH_DATE] = lore_list_question_birth_date,
      [LORE_UNIVERSITY] = lore_list_question_university,
      [LORE_MAJOR] = lore_list_question_major,
      [LORE_COMPANY] = lore_list_question_company,
      [LORE_LOCATION] = lore_list_question_location,
  };
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    for (int q = 0; q < LORE_QUESTIONS; q++)
      LORE_TRY(intern_template(v, lists[a][q], &v->question[a][q]));
  }
  return LORE_OK;
}

static int longest_value(int count, const lore_value *value) {
  int longest = 0;
  for (int i = 0; i < count; i++)
    longest = value[i].length > longest ? value[i].length : longest;
  return longest;
}

/* Begin token, and for each attribute its longest template with its longest value, less the final
 * full stop, which is never an input. */
static int longest_biography(const lore_vocabulary *v) {
  const int value[LORE_ATTRIBUTES] = {
      [LORE_BIRTH_PLACE] = longest_value(LORE_CITIES, v->city),
      [LORE_BIRTH_DATE] = 3,
      [LORE_UNIVERSITY] = longest_value(LORE_UNIVERSITIES, v->university),
      [LORE_MAJOR] = longest_value(LORE_MAJORS, v->major),
      [LORE_COMPANY] = longest_value(LORE_COMPANIES, v->company),
      [LORE_LOCATION] = longest_value(LORE_CITIES, v->city),
  };
  int tokens = 0;
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    int longest = 0;
    for (int t = 0; t < LORE_TEMPLATES; t++)
      longest = v->template[a][t].length > longest ? v->template[a][t].length : longest;
    tokens += longest - 2 + LORE_NAME_TOKENS + value[a];
  }
  return tokens;
}

static lore_status fill_vocabulary(lore_vocabulary *v) {
  uint16_t begin;
  LORE_TRY(intern_word(v, "<begin>", &begin));
  assert(begin == LORE_TOKEN_BEGIN);
  LORE_TRY(intern_names(v, lore_list_first_names, LORE_FIRST_NAMES, v->first_name));
  LORE_TRY(intern_names(v, lore_list_last_names, LORE_LAST_NAMES, v->last_name));
  LORE_TRY(intern_values(v, lore_list_cities, LORE_CITIES, v->city));
  LORE_TRY(intern_values(v, lore_list_universities, LORE_UNIVERSITIES, v->university));
  LORE_TRY(intern_values(v, lore_list_majors, LORE_MAJORS, v->major));
  LORE_TRY(intern_values(v, lore_list_companies, LORE_COMPANIES, v->company));
  LORE_TRY(intern_date(v));
  LORE_TRY(intern_templates(v));
  v->plain_size = v->size;
  if (v->questions)
    LORE_TRY(intern_questions(v));
  v->longest = longest_biography(v);
  return LORE_OK;
}

lore_status lore_vocabulary_create(bool questions, lore_vocabulary **out) {
  lore_vocabulary *v = calloc(1, sizeof *v);
  if (!v || !hcreate_r(2 * WORDS_MAX, &v->index)) {
    free(v);
    return lore_fail(LORE_MEMORY, "cannot allocate the vocabulary");
  }
  v->questions = questions;
  lore_status status = fill_vocabulary(v);
  hdestroy_r(&v->index);
  if (status != LORE_OK) {
    lore_vocabulary_destroy(v);
    return status;
  }
  *out = v;
  return LORE_OK;
}

void lore_vocabulary_destroy(lore_vocabulary *v) {
  if (!v)
    return;
  for (int i = 0; i < v->size; i++)
    free(v->word[i]);
  free(v);
}

int lore_vocabulary_size(const lore_vocabulary *v) {
  return v->size;
}

int lore_vocabulary_plain_size(const lore_vocabulary *v) {
  return v->plain_size;
}

const char *lore_vocabulary_word(const lore_vocabulary *v, uint16_t token) {
  assert(token < v->size);
  return v->word[token];
}

uint32_t lore_vocabulary_values(const lore_vocabulary *v, lore_attribute attribute) {
  static const uint32_t values[LORE_ATTRIBUTES] = {
      [LORE_BIRTH_PLACE] = LORE_CITIES,      [LORE_BIRTH_DATE] = YEARS * MONTHS * DAYS,
      [LORE_UNIVERSITY] = LORE_UNIVERSITIES, [LORE_MAJOR] = LORE_MAJORS,
      [LORE_COMPANY] = LORE_COMPANIES,       [LORE_LOCATION] = LORE_CITIES,
  };
  (void)v;
  return values[attribute];
}

lore_value lore_vocabulary_value(const lore_vocabulary *v, lore_attribute attribute,
                                 uint32_t index) {
  assert(index < lore_vocabulary_values(v, attribute));
  switch (attribute) {
  case LORE_BIRTH_PLACE:
  case LORE_LOCATION:
    return v->city[index];
  case LORE_UNIVERSITY:
    return v->university[index];
  case LORE_MAJOR:
    return v->major[index];
  case LORE_COMPANY:
    return v->company[index];
  default:
    return (lore_value){.token = {v->day[index % DAYS], v->month[index / DAYS % MONTHS],
                                  v->year[index / (DAYS * MONTHS)]},
                        .length = 3};
  }
}

const lore_template *lore_vocabulary_template(const lore_vocabulary *v, lore_attribute attribute,
                                              int index) {
  assert(index >= 0 && index < LORE_TEMPLATES);
  return &v->template[attribute][index];
}

const lore_template *lore_vocabulary_question(const lore_vocabulary *v, lore_attribute attribute,
                                              int index) {
  assert(v->questions && index >= 0 && index < LORE_QUESTIONS);
  return &v->question[attribute][index];
}

bool lore_vocabulary_has_questions(const lore_vocabulary *v) {
  return v->questions;
}

uint32_t lore_vocabulary_first_names(const lore_vocabulary *v) {
  return sizeof v->first_name / sizeof *v->first_name;
}

uint32_t lore_vocabulary_last_names(const lore_vocabulary *v) {
  return sizeof v->last_name / sizeof *v->last_name;
}

uint16_t lore_vocabulary_first_name(const lore_vocabulary *v, uint32_t index) {
  return v->first_name[index];
}

uint16_t lore_vocabulary_last_name(const lore_vocabulary *v, uint32_t index) {
  return v->last_name[index];
}

int lore_vocabulary_longest_biography(const lore_vocabulary *v) {
  return v->longest;
}
