/* The reference as aligned text, and as JSON. */
#include "lore/settings/reference.h"

#include <stdbool.h>
#include <string.h>

#include "lore/base/json.h"
#include "lore/settings/nearest.h"
#include "lore/settings/source.h"
#include "lore/settings/table.h"
#include "lore/settings/value.h"
#include "lore/settings/word.h"

enum { PAGE_WIDTH = 80, HELP_INDENT = 6, RANGE_WIDTH = 30, RANGE_SIZE = 256 };

static const char *const types[] = {LORE_SETTING_KIND_LIST(LORE_ENUM_NAME)};

static bool is_named(const lore_setting *setting, const char *name) {
  return strcmp(setting->key, name) == 0 || lore_setting_is_in(setting, name, strlen(name));
}

static bool is_listed(const lore_setting *setting, int names, const char *const *name) {
  bool found = names == 0;
  for (int i = 0; i < names && !found; i++)
    found = is_named(setting, name[i]);
  return found;
}

static lore_status check_reference_names(int names, const char *const *name) {
  int count;
  char suggestion[LORE_SUGGESTION_SIZE], shown[256];
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < names; i++) {
    bool found = false;
    for (int j = 0; j < count && !found; j++)
      found = is_named(&table[j], name[i]);
    if (!found)
      return lore_fail(LORE_USER, "no setting or section is called '%s'; %s",
                       lore_text_show(name[i], 60, sizeof shown, shown),
                       lore_setting_suggest(name[i], suggestion));
  }
  return LORE_OK;
}

/* Bounds or choices. */
static const char *show_range(const lore_setting *setting, char *text) {
  if (setting->kind == LORE_SETTING_BOOLEAN)
    return "true|false";
  if (setting->kind == LORE_SETTING_TEXT || setting->kind == LORE_SETTING_WORD_LIST) {
    snprintf(text, RANGE_SIZE, "%.0f to %.0f characters", setting->least, setting->most);
    return text;
  }
  if (setting->kind != LORE_SETTING_CHOICE)
    return lore_setting_range(setting, text);
  return lore_setting_choices(setting, "|", RANGE_SIZE, text);
}

/* Prints `text` in lines of PAGE_WIDTH, broken between words. */
static void print_wrapped(const char *text, FILE *stream) {
  int column = fprintf(stream, "%*s", HELP_INDENT, "");
  while (*text) {
    int length = (int)strcspn(text, " ");
    bool first = column == HELP_INDENT;
    if (!first && column + 1 + length > PAGE_WIDTH) {
      fputc('\n', stream);
      column = fprintf(stream, "%*s", HELP_INDENT, "");
      first = true;
    }
    column += fprintf(stream, "%s%.*s", first ? "" : " ", length, text);
    text += length;
    text += *text == ' ';
  }
  fputc('\n', stream);
}

static void print_setting(const lore_setting *setting, FILE *stream) {
  char text[RANGE_SIZE];
  const char *range = show_range(setting, text);
  bool fits = strlen(range) <= RANGE_WIDTH;
  fprintf(stream, "  %-20s  %-7s  %-11s  %-10s  %s\n", lore_setting_leaf(setting->key),
          types[setting->kind], setting->unit, setting->initial ? setting->initial : "(required)",
          fits ? range : "one of these:");
  if (!fits)
    print_wrapped(lore_setting_choices(setting, " | ", RANGE_SIZE, text), stream);
  print_wrapped(setting->help, stream);
}

static void print_heading(const lore_setting *setting, FILE *stream) {
  int section = lore_setting_section(setting->key);
  if (section > 0)
    fprintf(stream, "\n%.*s:\n", section, setting->key);
}

lore_status lore_settings_reference(FILE *stream, int names, const char *const *name) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  LORE_TRY(check_reference_names(names, name));
  fprintf(stream, "%-22s  %-7s  %-11s  %-10s  %s\n", "setting", "type", "unit", "default",
          "range or choices");
  bool heading = false;
  for (int i = 0; i < count; i++) {
    heading |= lore_setting_begins_section(i);
    if (!is_listed(&table[i], names, name))
      continue;
    if (heading)
      print_heading(&table[i], stream);
    print_setting(&table[i], stream);
    heading = false;
  }
  return LORE_OK;
}

/* A value as it stands in a study, which is JSON unless it is a name or a choice. */
static void put_default(const lore_setting *setting, lore_json *json) {
  if (!setting->initial)
    lore_json_null(json, "default");
  else if (setting->kind == LORE_SETTING_TEXT || setting->kind == LORE_SETTING_CHOICE)
    lore_json_text(json, "default", setting->initial);
  else
    lore_json_literal(json, "default", setting->initial);
}

static void put_bound(const lore_setting *setting, const char *name, double value,
                      lore_json *json) {
  char real[LORE_REAL_SIZE];
  if (setting->kind == LORE_SETTING_CHOICE || setting->kind == LORE_SETTING_BOOLEAN)
    lore_json_null(json, name);
  else if (setting->kind == LORE_SETTING_REAL)
    lore_json_literal(json, name, lore_word_from_real(value, real));
  else
    lore_json_integer(json, name, (int64_t)value);
}

/* Those of the names whose bit is set, as an array; null if there are no names. */
static void put_choice_names(const char *name, const char *const *names, unsigned values,
                             lore_json *json) {
  if (!names) {
    lore_json_null(json, name);
    return;
  }
  lore_json_begin_array(json, name);
  for (int value = 0; names[value]; value++)
    if (values >> value & 1)
      lore_json_text(json, NULL, names[value]);
  lore_json_end(json);
}

/* What the setting needs of another one to have an effect; if that one has no choices, `values` is
 * null, and anything but its default is enough. */
static void put_needs(const lore_setting_needs *needs, lore_json *json) {
  int count;
  if (!needs->key) {
    lore_json_null(json, "needs");
    return;
  }
  const lore_setting *other = &lore_settings_table(&count)[lore_setting_find(needs->key)];
  lore_json_begin_object(json, "needs");
  lore_json_text(json, "key", needs->key);
  put_choice_names("values", lore_setting_values(other), needs->values, json);
  lore_json_end(json);
}

static void put_setting(const lore_setting *setting, lore_json *json) {
  static const char *const tasks[] = {LORE_TASK_LIST(LORE_ENUM_NAME) NULL};
  static const char *const starts[] = {LORE_SETTING_START_LIST(LORE_ENUM_NAME)};
  lore_json_begin_object(json, NULL);
  lore_json_text(json, "key", setting->key);
  lore_json_text(json, "type", types[setting->kind]);
  lore_json_text(json, "unit", setting->unit);
  put_default(setting, json);
  put_bound(setting, "least", setting->least, json);
  put_bound(setting, "most", setting->most, json);
  put_choice_names("choices", setting->choices, ~0u, json);
  lore_json_text(json, "help", setting->help);
  put_choice_names("tasks", tasks, setting->tasks, json);
  put_needs(&setting->needs, json);
  lore_json_text(json, "decides", setting->runtime ? "runtime" : "result");
  lore_json_text(json, "start", starts[setting->start]);
  lore_json_boolean(json, "shape", setting->shape);
  lore_json_boolean(json, "sweep", lore_setting_is_swept(setting));
  lore_json_end(json);
}

lore_status lore_settings_reference_json(FILE *stream, int names, const char *const *name) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  LORE_TRY(check_reference_names(names, name));
  lore_json json = lore_json_begin(stream);
  lore_json_begin_lines(&json, NULL);
  for (int i = 0; i < count; i++)
    if (is_listed(&table[i], names, name))
      put_setting(&table[i], &json);
  lore_json_end(&json);
  return LORE_OK;
}
