/* A schema is JSON that describes JSON, and YAML with it. $defs has one entry for each setting;
 * sections and sweeps refer to it. */
#include "lore/manifest/schema.h"

#include <string.h>

#include "axes.h"
#include "experiments.h"
#include "lore/base/json.h"
#include "lore/settings/table.h"
#include "lore/settings/word.h"

enum { TEXT_SIZE = 1024, REFERENCE_SIZE = 128 };

/* Names of runs, directories and experiments. */
#define NAME_PATTERN "^[A-Za-z0-9][A-Za-z0-9._-]*$"
#define WORD_PATTERN "^[A-Za-z0-9][A-Za-z0-9._:-]*$"

static void put_type(lore_json *json, const char *name, const char *type) {
  lore_json_begin_object(json, name);
  lore_json_text(json, "type", type);
  lore_json_end(json);
}

static void put_reference(lore_json *json, const char *name, const char *definition) {
  char text[REFERENCE_SIZE];
  snprintf(text, sizeof text, "#/$defs/%s", definition);
  lore_json_begin_object(json, name);
  lore_json_text(json, "$ref", text);
  lore_json_end(json);
}

/* Begins an object with nothing but the properties that follow, up to end_properties. */
static void begin_properties(lore_json *json, const char *name, const char *description) {
  lore_json_begin_object(json, name);
  lore_json_text(json, "type", "object");
  if (description)
    lore_json_text(json, "description", description);
  lore_json_boolean(json, "additionalProperties", false);
  lore_json_begin_object(json, "properties");
}

static void end_properties(lore_json *json) {
  lore_json_end(json);
  lore_json_end(json);
}

/* --- settings --- */

static void put_bounds(lore_json *json, const lore_setting *setting) {
  char least[LORE_REAL_SIZE], most[LORE_REAL_SIZE];
  if (setting->kind == LORE_SETTING_REAL) {
    lore_json_literal(json, "minimum", lore_word_from_real(setting->least, least));
    lore_json_literal(json, "maximum", lore_word_from_real(setting->most, most));
  } else {
    lore_json_integer(json, "minimum", (int64_t)setting->least);
    lore_json_integer(json, "maximum", (int64_t)setting->most);
  }
}

static void put_text_rules(lore_json *json, const lore_setting *setting, const char *pattern) {
  lore_json_text(json, "type", "string");
  lore_json_integer(json, "minLength", (int64_t)setting->least);
  lore_json_integer(json, "maxLength", (int64_t)setting->most);
  lore_json_text(json, "pattern", pattern);
}

static void put_choices(lore_json *json, const lore_setting *setting) {
  lore_json_begin_array(json, "enum");
  for (int i = 0; setting->choices[i]; i++)
    lore_json_text(json, NULL, setting->choices[i]);
  lore_json_end(json);
}

static void put_list_rules(lore_json *json, const lore_setting *setting) {
  bool words = setting->kind == LORE_SETTING_WORD_LIST;
  lore_json_text(json, "type", "array");
  lore_json_integer(json, "maxItems", words ? LORE_WORDS_MAX : LORE_LIST_MAX);
  lore_json_boolean(json, "uniqueItems", !setting->repeats);
  lore_json_begin_object(json, "items");
  if (words) {
    put_text_rules(json, setting, WORD_PATTERN);
  } else {
    lore_json_text(json, "type", "integer");
    put_bounds(json, setting);
  }
  lore_json_end(json);
}

static void put_rules(lore_json *json, const lore_setting *setting) {
  switch (setting->kind) {
  case LORE_SETTING_TEXT:
    put_text_rules(json, setting, NAME_PATTERN);
    break;
  case LORE_SETTING_INTEGER:
  case LORE_SETTING_UNSIGNED:
    lore_json_text(json, "type", "integer");
    put_bounds(json, setting);
    break;
  case LORE_SETTING_REAL:
    lore_json_text(json, "type", "number");
    put_bounds(json, setting);
    break;
  case LORE_SETTING_BOOLEAN:
    lore_json_text(json, "type", "boolean");
    break;
  case LORE_SETTING_CHOICE:
    put_choices(json, setting);
    break;
  case LORE_SETTING_INTEGER_LIST:
  case LORE_SETTING_WORD_LIST:
    put_list_rules(json, setting);
    break;
  }
}

/* A default as it stands in a study, which is JSON unless it is a name or a choice. */
static void put_default(lore_json *json, const lore_setting *setting) {
  bool text = setting->kind == LORE_SETTING_TEXT || setting->kind == LORE_SETTING_CHOICE;
  if (setting->initial && text)
    lore_json_text(json, "default", setting->initial);
  else if (setting->initial)
    lore_json_literal(json, "default", setting->initial);
}

static void put_definition(lore_json *json, const lore_setting *setting) {
  char text[TEXT_SIZE];
  bool unit = strcmp(setting->unit, "1") != 0;
  snprintf(text, sizeof text, "%s: %s%s%s%s", setting->key, setting->help, unit ? " (" : "",
           unit ? setting->unit : "", unit ? ")" : "");
  lore_json_begin_object(json, setting->key);
  lore_json_text(json, "description", text);
  put_rules(json, setting);
  put_default(json, setting);
  lore_json_end(json);
}

/* Every setting, in its section; `named`: with the study's name. */
static void put_settings(lore_json *json, bool named) {
  int count;
  bool open = false;
  char section[TEXT_SIZE];
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++) {
    int length = lore_setting_section(table[i].key);
    if (open && lore_setting_begins_section(i))
      end_properties(json);
    open = open && !lore_setting_begins_section(i);
    if (length > 0 && lore_setting_begins_section(i)) {
      snprintf(section, sizeof section, "%.*s", length, table[i].key);
      begin_properties(json, section, NULL);
      open = true;
    }
    if (named || strcmp(table[i].key, "name") != 0)
      put_reference(json, lore_setting_leaf(table[i].key), table[i].key);
  }
  if (open)
    end_properties(json);
}

/* --- sweeps --- */

static void put_range(lore_json *json) {
  static const char *const scales[] = {"linear", "log", NULL};
  const lore_setting scale = {.choices = scales};
  begin_properties(json, "range", "values from one end to the other, both included");
  put_type(json, "from", "number");
  put_type(json, "to", "number");
  lore_json_begin_object(json, "count");
  lore_json_text(json, "type", "integer");
  lore_json_integer(json, "minimum", 2);
  lore_json_integer(json, "maximum", LORE_POINTS_MAX);
  lore_json_end(json);
  lore_json_begin_object(json, "scale");
  put_choices(json, &scale);
  lore_json_text(json, "default", scales[0]);
  lore_json_end(json);
  lore_json_end(json);
  lore_json_begin_array(json, "required");
  lore_json_text(json, NULL, "from");
  lore_json_text(json, NULL, "to");
  lore_json_text(json, NULL, "count");
  lore_json_end(json);
  lore_json_end(json);
}

static void put_values(lore_json *json, const char *key) {
  lore_json_begin_object(json, NULL);
  lore_json_text(json, "type", "array");
  lore_json_integer(json, "minItems", 1);
  lore_json_integer(json, "maxItems", LORE_POINTS_MAX);
  put_reference(json, "items", key);
  lore_json_end(json);
}

/* A list of the setting's values; of a number, a range may replace it. */
static void put_axis(lore_json *json, const lore_setting *setting) {
  bool number = setting->kind == LORE_SETTING_INTEGER || setting->kind == LORE_SETTING_UNSIGNED ||
                setting->kind == LORE_SETTING_REAL;
  lore_json_begin_object(json, setting->key);
  lore_json_text(json, "description", setting->help);
  lore_json_begin_array(json, "anyOf");
  put_values(json, setting->key);
  if (number)
    put_reference(json, NULL, "range");
  lore_json_end(json);
  lore_json_end(json);
}

static void put_axes(lore_json *json) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  begin_properties(json, "axes", NULL);
  for (int i = 0; i < count; i++)
    if (lore_setting_is_swept(&table[i]))
      put_axis(json, &table[i]);
  lore_json_end(json);
  lore_json_integer(json, "minProperties", 1);
  lore_json_integer(json, "maxProperties", LORE_AXES_MAX);
  lore_json_end(json);
}

static void put_described_reference(lore_json *json, const char *name, const char *definition,
                                    const char *description) {
  char text[REFERENCE_SIZE];
  snprintf(text, sizeof text, "#/$defs/%s", definition);
  lore_json_begin_object(json, name);
  lore_json_text(json, "description", description);
  lore_json_text(json, "$ref", text);
  lore_json_end(json);
}

static void put_sweep(lore_json *json) {
  begin_properties(json, "sweep", "one run for each combination of grid, zip, table and seeds");
  put_described_reference(json, "grid", "axes", "all combinations of the settings' values");
  put_described_reference(json, "zip", "axes",
                          "values side by side: first with first, second with second");
  lore_json_begin_object(json, "table");
  lore_json_text(json, "description",
                 "tab-separated file beside the study: settings in the first line, a point in "
                 "each other one");
  lore_json_text(json, "type", "string");
  lore_json_integer(json, "minLength", 1);
  lore_json_end(json);
  lore_json_begin_object(json, "seeds");
  lore_json_text(json, "description", "how many seeds, or which ones");
  lore_json_begin_array(json, "anyOf");
  lore_json_begin_object(json, NULL);
  lore_json_text(json, "type", "integer");
  lore_json_integer(json, "minimum", 1);
  lore_json_integer(json, "maximum", LORE_POINTS_MAX);
  lore_json_end(json);
  put_values(json, "seed");
  lore_json_end(json);
  lore_json_end(json);
  end_properties(json);
}

/* --- experiments --- */

static void put_required(lore_json *json, const char *property) {
  lore_json_begin_array(json, "required");
  lore_json_text(json, NULL, property);
  lore_json_end(json);
}

static void put_start_file(lore_json *json, const char *name) {
  begin_properties(json, name, "weights of another study: {file: PATH}");
  lore_json_begin_object(json, "file");
  lore_json_text(json, "type", "string");
  lore_json_integer(json, "minLength", 1);
  lore_json_end(json);
  lore_json_end(json);
  put_required(json, "file");
  lore_json_end(json);
}

/* The name of an experiment; one of digits is a number in YAML. */
static void put_experiment_name(lore_json *json, const char *name) {
  lore_json_begin_object(json, name);
  lore_json_begin_array(json, "type");
  lore_json_text(json, NULL, "string");
  lore_json_text(json, NULL, "number");
  lore_json_end(json);
  lore_json_end(json);
}

static void put_start(lore_json *json) {
  lore_json_begin_object(json, "start");
  lore_json_text(json, "description",
                 "what it starts from: {experiment: NAME, step: N}, NAME alone, or {file: PATH}");
  lore_json_begin_array(json, "anyOf");
  put_experiment_name(json, NULL);
  begin_properties(json, NULL, "another experiment, after `step` of its steps or all");
  put_experiment_name(json, "experiment");
  lore_json_begin_object(json, "step");
  lore_json_text(json, "type", "integer");
  lore_json_integer(json, "minimum", 0);
  lore_json_end(json);
  lore_json_end(json);
  put_required(json, "experiment");
  lore_json_end(json);
  put_reference(json, NULL, "start_file");
  lore_json_end(json);
  lore_json_end(json);
}

static void put_experiment(lore_json *json) {
  begin_properties(json, "experiment", "settings in place of the study's own");
  put_settings(json, false);
  put_reference(json, "sweep", "sweep");
  put_reference(json, "start_from", "start");
  end_properties(json);
}

static void put_experiments(lore_json *json) {
  char pattern[REFERENCE_SIZE];
  snprintf(pattern, sizeof pattern, "^[A-Za-z0-9][A-Za-z0-9._-]{0,%d}$",
           LORE_EXPERIMENT_NAME_MAX - 1);
  lore_json_begin_object(json, "experiments");
  lore_json_text(json, "description", "sets of runs, each the study with settings of its own");
  lore_json_text(json, "type", "object");
  lore_json_integer(json, "minProperties", 1);
  lore_json_integer(json, "maxProperties", LORE_EXPERIMENTS_MAX);
  lore_json_begin_object(json, "propertyNames");
  lore_json_text(json, "pattern", pattern);
  lore_json_end(json);
  put_reference(json, "additionalProperties", "experiment");
  lore_json_end(json);
}

static void put_definitions(lore_json *json) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  lore_json_begin_object(json, "$defs");
  for (int i = 0; i < count; i++)
    put_definition(json, &table[i]);
  put_range(json);
  put_axes(json);
  put_sweep(json);
  put_start_file(json, "start_file");
  put_start(json);
  put_experiment(json);
  lore_json_end(json);
}

/* Settings without a default; and a start belongs in the experiments, if there are any. */
static void put_demands(lore_json *json) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  lore_json_begin_array(json, "required");
  for (int i = 0; i < count; i++)
    if (!table[i].initial)
      lore_json_text(json, NULL, table[i].key);
  lore_json_end(json);
  lore_json_begin_object(json, "not");
  lore_json_begin_array(json, "required");
  lore_json_text(json, NULL, "experiments");
  lore_json_text(json, NULL, "start_from");
  lore_json_end(json);
  lore_json_end(json);
}

void lore_study_schema(FILE *stream) {
  lore_json json = lore_json_begin(stream);
  lore_json_begin_object(&json, NULL);
  lore_json_text(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
  lore_json_text(&json, "title", "LORE study");
  lore_json_text(&json, "type", "object");
  put_demands(&json);
  lore_json_boolean(&json, "additionalProperties", false);
  lore_json_begin_object(&json, "properties");
  put_settings(&json, true);
  put_reference(&json, "sweep", "sweep");
  put_experiments(&json);
  put_reference(&json, "start_from", "start_file");
  lore_json_end(&json);
  put_definitions(&json);
  lore_json_end(&json);
}
