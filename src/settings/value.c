/* Values of settings: what they may be, and how YAML nodes and defaults become such. */
#include "lore/settings/value.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/settings/nearest.h"
#include "lore/settings/table.h"
#include "lore/settings/word.h"

enum { SHOWN = 32, SHOWN_SIZE = 4 * SHOWN + 4, FOUND_SIZE = SHOWN_SIZE + 64, HINT_SIZE = 192 };
enum { ALLOWED_SIZE = 256 };

char *lore_setting_range(const lore_setting *setting, char *text) {
  if (setting->kind == LORE_SETTING_REAL) {
    char least[LORE_REAL_SIZE], most[LORE_REAL_SIZE];
    snprintf(text, LORE_RANGE_SIZE, "%s to %s", lore_word_from_real(setting->least, least),
             lore_word_from_real(setting->most, most));
  } else {
    snprintf(text, LORE_RANGE_SIZE, "%.0f to %.0f", setting->least, setting->most);
  }
  return text;
}

char *lore_setting_choices(const lore_setting *setting, const char *between, size_t size,
                           char *text) {
  size_t length = 0;
  for (const char *const *choice = setting->choices; *choice; choice++)
    length +=
        (size_t)snprintf(text + length, size - length, "%s%s", *choice, choice[1] ? between : "");
  return text;
}

/* What may stand there: "an integer from 1 to 128". `text` has ALLOWED_SIZE bytes; returned. */
static char *describe_allowed(const lore_setting *setting, char *text) {
  char range[LORE_RANGE_SIZE];
  switch (setting->kind) {
  case LORE_SETTING_TEXT:
    snprintf(text, ALLOWED_SIZE,
             "%s letters, digits, '.', '_' or '-', beginning with a letter or a digit",
             lore_setting_range(setting, range));
    break;
  case LORE_SETTING_INTEGER:
  case LORE_SETTING_UNSIGNED:
    snprintf(text, ALLOWED_SIZE, "an integer from %s", lore_setting_range(setting, range));
    break;
  case LORE_SETTING_REAL:
    snprintf(text, ALLOWED_SIZE, "a number from %s", lore_setting_range(setting, range));
    break;
  case LORE_SETTING_BOOLEAN:
    strcpy(text, "true or false");
    break;
  case LORE_SETTING_CHOICE:
    strcpy(text, setting->choices[1] ? "one of " : "");
    lore_setting_choices(setting, ", ", ALLOWED_SIZE - strlen(text), text + strlen(text));
    break;
  case LORE_SETTING_WORD_LIST:
    snprintf(text, ALLOWED_SIZE,
             "a list of at most %d words of %s letters, digits, '.', '_', '-' or ':'",
             LORE_WORDS_MAX, lore_setting_range(setting, range));
    break;
  case LORE_SETTING_INTEGER_LIST:
    snprintf(text, ALLOWED_SIZE, "a list of at most %d ascending integers from %s", LORE_LIST_MAX,
             lore_setting_range(setting, range));
    break;
  }
  return text;
}

/* One node and all that a message about it needs. */
typedef struct {
  const lore_setting *setting;
  const lore_source *source;
  const lore_yaml_node *node;
  size_t at;
  bool element; /* of a list */
} place;

/* Says what stands at the place. */
static char *describe_found(const place *p, char *text) {
  char shown[SHOWN_SIZE];
  if (p->node->kind != LORE_YAML_SCALAR) {
    strcpy(text, p->node->kind == LORE_YAML_LIST ? "a list" : "a mapping of names to values");
    return text;
  }
  lore_text_show(p->node->text, SHOWN, sizeof shown, shown);
  if (p->node->quoted) {
    snprintf(text, FOUND_SIZE, "the text \"%s\"", shown);
    return text;
  }
  switch (lore_word_classify(p->node->text)) {
  case LORE_WORD_NULL:
    strcpy(text, *p->node->text ? "null" : "left empty");
    break;
  case LORE_WORD_TRUE:
  case LORE_WORD_FALSE:
    snprintf(text, FOUND_SIZE, "the boolean %s", shown);
    break;
  case LORE_WORD_TEXT:
    snprintf(text, FOUND_SIZE, "the text '%s'", shown);
    break;
  default:
    snprintf(text, FOUND_SIZE, "%s", shown);
  }
  return text;
}

/* `hint` begins with its punctuation. */
static lore_status fail_value(const place *p, const char *hint) {
  char found[FOUND_SIZE], allowed[ALLOWED_SIZE];
  describe_found(p, found);
  if (p->element && p->setting->kind == LORE_SETTING_WORD_LIST)
    snprintf(allowed, sizeof allowed,
             "a word of at most %.0f letters, digits, '.', '_', '-' or ':'", p->setting->most);
  else if (p->element)
    snprintf(allowed, sizeof allowed, "an integer from %.0f to %.0f", p->setting->least,
             p->setting->most);
  else
    describe_allowed(p->setting, allowed);
  return lore_source_fail(p->source, p->at, "%s'%s' is %s; it must be %s%s",
                          p->element ? "an element of " : "", p->setting->key, found, allowed,
                          hint);
}

/* An element of the list at `p`. */
static place element_of(const place *p, const lore_yaml_node *node) {
  place element = *p;
  element.node = node;
  element.element = true;
  element.at = node->at == LORE_NOWHERE ? p->at : node->at;
  return element;
}

static lore_status fail_type(const place *p) {
  const char *leaf = lore_setting_leaf(p->setting->key), *initial = p->setting->initial;
  char hint[HINT_SIZE];
  if (p->setting->example)
    initial = p->setting->example;
  snprintf(hint, sizeof hint, ", for example '%s: %s'", leaf, initial);
  return fail_value(p, p->element ? "" : hint);
}

/* Refuses a scalar that is not a number, with the reason if it is a known one. */
static lore_status fail_number(const place *p) {
  const char *text = p->node->text;
  char hint[HINT_SIZE];
  if (p->node->quoted) {
    lore_word word = lore_word_classify(text);
    bool number = word == LORE_WORD_INTEGER || word == LORE_WORD_REAL;
    return number ? fail_value(p, ": remove the quotes") : fail_type(p);
  }
  switch (lore_word_classify(text)) {
  case LORE_WORD_SEPARATED:
    return fail_value(p, ": write the digits without '_' or ',', and '.' as the decimal point");
  case LORE_WORD_BASED:
    return fail_value(p, ": write it in decimal, without a leading 0");
  case LORE_WORD_SUFFIXED:
    snprintf(hint, sizeof hint, ": write the number out (1k may mean 1000 or 1024)");
    return fail_value(p, strchr(text, '%') ? ": write 0.05 for 5 %" : hint);
  case LORE_WORD_NOT_FINITE:
    return fail_value(p, ": write a finite number");
  default:
    return fail_type(p);
  }
}

static lore_status parse_integer(const place *p, int64_t *value) {
  const char *text = p->node->text;
  lore_word word = p->node->quoted ? LORE_WORD_TEXT : lore_word_classify(text);
  if (word == LORE_WORD_REAL) {
    double real = strtod(text, NULL);
    char hint[HINT_SIZE] = ": write it without '.' and exponent";
    if (fabs(real) < 1e15 && real == floor(real))
      snprintf(hint, sizeof hint, ": write %.0f", real);
    return fail_value(p, hint);
  }
  if (word != LORE_WORD_INTEGER)
    return fail_number(p);
  errno = 0;
  *value = strtoll(text, NULL, 10);
  if (errno == ERANGE || (double)*value < p->setting->least || (double)*value > p->setting->most)
    return fail_value(p, "");
  return LORE_OK;
}

static lore_status parse_real(const place *p, double *value) {
  const char *text = p->node->text;
  lore_word word = p->node->quoted ? LORE_WORD_TEXT : lore_word_classify(text);
  if (word != LORE_WORD_INTEGER && word != LORE_WORD_REAL)
    return fail_number(p);
  *value = strtod(text, NULL);
  if (!(*value >= p->setting->least && *value <= p->setting->most))
    return fail_value(p, "");
  bool underflow = *value == 0 && strcspn(text, "123456789") < strcspn(text, "eE");
  return underflow ? fail_value(p, ": this is too small to distinguish from 0") : LORE_OK;
}

static lore_status parse_boolean(const place *p, int64_t *value) {
  static const char *const yes[] = {"yes", "on", "y", NULL}, *const no[] = {"no", "off", "n", NULL};
  const char *text = p->node->text;
  lore_word word = p->node->quoted ? LORE_WORD_TEXT : lore_word_classify(text);
  *value = word == LORE_WORD_TRUE;
  if (word == LORE_WORD_TRUE || word == LORE_WORD_FALSE)
    return LORE_OK;
  word = lore_word_classify(text);
  if (word == LORE_WORD_TRUE || word == LORE_WORD_FALSE)
    return fail_value(p, ": remove the quotes");
  for (int i = 0; i < 3; i++) {
    if (lore_word_distance(text, yes[i]) == 0)
      return fail_value(p, ": write true");
    if (lore_word_distance(text, no[i]) == 0)
      return fail_value(p, ": write false");
  }
  return fail_type(p);
}

static lore_status parse_choice(const place *p, int64_t *value) {
  const char *const *choices = p->setting->choices;
  for (int i = 0; choices[i]; i++)
    if (strcmp(choices[i], p->node->text) == 0) {
      *value = i;
      return LORE_OK;
    }
  char hint[HINT_SIZE];
  const char *nearest = lore_word_nearest(p->node->text, choices);
  snprintf(hint, sizeof hint, ": did you mean '%s'?", nearest ? nearest : "");
  return fail_value(p, nearest ? hint : "");
}

static lore_status parse_text(const place *p, char *value) {
  const char *text = p->node->text;
  lore_word word = p->node->quoted ? LORE_WORD_TEXT : lore_word_classify(text);
  size_t length = strlen(text);
  if (word != LORE_WORD_TEXT && word != LORE_WORD_SUFFIXED)
    return fail_value(p, ": put it in quotes to make it a text");
  if ((double)length < p->setting->least || (double)length > p->setting->most)
    return fail_value(p, "");
  for (size_t i = 0; i < length; i++)
    if (!isalnum((unsigned char)text[i]) && (i == 0 || !strchr("._-", text[i])))
      return fail_value(p, "");
  strcpy(value, text);
  return LORE_OK;
}

/* A word may look like a number. */
static lore_status parse_word(const place *p, char *value) {
  const char *text = p->node->text;
  size_t length = strlen(text);
  if ((double)length < p->setting->least || (double)length > p->setting->most)
    return fail_value(p, "");
  for (size_t i = 0; i < length; i++)
    if (!isalnum((unsigned char)text[i]) && (i == 0 || !strchr("._-:", text[i])))
      return fail_value(p, "");
  strcpy(value, text);
  return LORE_OK;
}

static lore_status parse_words(const place *p, const lore_yaml *yaml, lore_word_list *list) {
  if (p->node->parts > LORE_WORDS_MAX)
    return lore_source_fail(p->source, p->at, "'%s' has %zu elements; it may have at most %d",
                            p->setting->key, p->node->parts, LORE_WORDS_MAX);
  *list = (lore_word_list){0};
  for (int i = p->node->first; i >= 0; i = yaml->node[i].next) {
    place element = element_of(p, &yaml->node[i]);
    if (element.node->kind != LORE_YAML_SCALAR)
      return fail_type(&element);
    LORE_TRY(parse_word(&element, list->value[list->count]));
    for (int j = 0; j < list->count; j++)
      if (!p->setting->repeats && !strcmp(list->value[j], list->value[list->count]))
        return lore_source_fail(p->source, element.at, "'%s' has %s twice", p->setting->key,
                                list->value[j]);
    list->count++;
  }
  return LORE_OK;
}

static lore_status parse_list(const place *p, const lore_yaml *yaml, lore_integer_list *list) {
  if (p->node->parts > LORE_LIST_MAX)
    return lore_source_fail(p->source, p->at, "'%s' has %zu elements; it may have at most %d",
                            p->setting->key, p->node->parts, LORE_LIST_MAX);
  *list = (lore_integer_list){0};
  for (int i = p->node->first; i >= 0; i = yaml->node[i].next) {
    place element = element_of(p, &yaml->node[i]);
    if (element.node->kind != LORE_YAML_SCALAR)
      return fail_type(&element);
    LORE_TRY(parse_integer(&element, &list->value[list->count]));
    if (list->count > 0 && list->value[list->count] <= list->value[list->count - 1])
      return lore_source_fail(p->source, element.at,
                              "'%s' has %lld after %lld; its elements must ascend", p->setting->key,
                              (long long)list->value[list->count],
                              (long long)list->value[list->count - 1]);
    list->count++;
  }
  return LORE_OK;
}

static lore_status parse_scalar(const place *p, lore_settings *settings) {
  const lore_setting *setting = p->setting;
  int64_t value = 0;
  switch (setting->kind) {
  case LORE_SETTING_TEXT:
    return parse_text(p, lore_setting_text(setting, settings));
  case LORE_SETTING_REAL:
    return parse_real(p, lore_setting_real(setting, settings));
  case LORE_SETTING_BOOLEAN:
    LORE_TRY(parse_boolean(p, &value));
    break;
  case LORE_SETTING_CHOICE:
    LORE_TRY(parse_choice(p, &value));
    break;
  default:
    LORE_TRY(parse_integer(p, &value));
  }
  lore_setting_set_integer(setting, settings, value);
  return LORE_OK;
}

lore_status lore_setting_parse(const lore_setting *setting, const lore_yaml *yaml, int node,
                               size_t key_at, lore_settings *settings) {
  const lore_yaml_node *value = &yaml->node[node];
  place p = {.setting = setting, .source = yaml->source, .node = value};
  p.at = value->at == LORE_NOWHERE ? key_at : value->at;
  bool null = value->kind == LORE_YAML_SCALAR && !value->quoted &&
              lore_word_classify(value->text) == LORE_WORD_NULL;
  bool list = lore_setting_is_list(setting);
  if (null || value->kind != (list ? LORE_YAML_LIST : LORE_YAML_SCALAR))
    return fail_type(&p);
  if (setting->kind == LORE_SETTING_WORD_LIST)
    return parse_words(&p, yaml, lore_setting_words(setting, settings));
  return list ? parse_list(&p, yaml, lore_setting_list(setting, settings))
              : parse_scalar(&p, settings);
}

/* Lists are empty by default, so that one node is enough. */
static void set_initial(const lore_setting *setting, lore_settings *settings) {
  bool list = lore_setting_is_list(setting);
  assert(!list || strcmp(setting->initial, "[]") == 0);
  lore_source source = {.option = setting->key, .text = setting->initial};
  lore_yaml_node node = {.kind = list ? LORE_YAML_LIST : LORE_YAML_SCALAR,
                         .text = (char *)setting->initial,
                         .first = -1,
                         .next = -1};
  lore_yaml yaml = {.source = &source, .count = 1, .node = &node};
  lore_status status = lore_setting_parse(setting, &yaml, 0, 0, settings);
  assert(status == LORE_OK);
  (void)status;
}

void lore_settings_default(lore_settings *settings) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  memset(settings, 0, sizeof *settings);
  for (int i = 0; i < count; i++)
    if (table[i].initial)
      set_initial(&table[i], settings);
}

void lore_setting_reset(int setting, lore_settings *settings) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  assert(setting >= 0 && setting < count && table[setting].initial);
  set_initial(&table[setting], settings);
}
