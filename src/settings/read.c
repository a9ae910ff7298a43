/* A study file and overrides become settings. */
#include "lore/settings/read.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contradictions.h"
#include "lore/settings/effect.h"
#include "lore/settings/nearest.h"
#include "lore/settings/value.h"
#include "lore/settings/word.h"

enum { SHOWN = 48, KEY_SIZE = 2 * (4 * SHOWN + 4) };

static lore_status fail_unknown(const lore_source *source, size_t at, const char *key) {
  char suggestion[LORE_SUGGESTION_SIZE], shown[KEY_SIZE];
  const char *colon = strchr(key, ':');
  lore_text_show(key, 2 * SHOWN, sizeof shown, shown);
  if (colon && colon[1])
    return lore_source_fail(source, at,
                            "unknown setting '%s'; is a space missing after the ':' of '%s'?",
                            shown, lore_setting_leaf(shown));
  return lore_source_fail(source, at, "unknown setting '%s'; %s", shown,
                          lore_setting_suggest(key, suggestion));
}

/* The byte of a key; of a key that was left out, that of its value, or else `otherwise`. */
static size_t key_at(const lore_yaml *yaml, const lore_yaml_node *key, size_t otherwise) {
  size_t value = yaml->node[key->next].at;
  if (key->at != LORE_NOWHERE)
    return key->at;
  return value != LORE_NOWHERE ? value : otherwise;
}

/* Refuses a key that cannot be a name. */
static lore_status check_key(const lore_yaml *yaml, const lore_yaml_node *key, size_t at) {
  if (key->kind != LORE_YAML_SCALAR)
    return lore_source_fail(yaml->source, at,
                            "%s cannot be the name of a setting; write 'name: value'",
                            key->kind == LORE_YAML_LIST ? "a list" : "a mapping");
  if (strcmp(key->text, "<<") == 0 && !key->quoted)
    return lore_source_fail(
        yaml->source, at,
        "merge keys ('<<') are not supported; write the settings wherever they are needed");
  if (!*key->text)
    return lore_source_fail(yaml->source, at,
                            "a setting has no name before its ':'; write 'name: value'");
  return LORE_OK;
}

/* One setting: `key` whole, its value at `value`, its name at byte `at`. */
static lore_status assign_setting(lore_study *study, const lore_yaml *yaml, const char *key,
                                  size_t at, int value) {
  int count, index = lore_setting_find(key);
  const lore_setting *table = lore_settings_table(&count);
  if (index < 0)
    return fail_unknown(yaml->source, at, key);
  lore_place *place = &study->place[index];
  if (place->source == yaml->source)
    return lore_source_fail(yaml->source, at,
                            "'%s' is given twice, first in line %d; remove one of them", key,
                            lore_source_line(yaml->source, place->at));
  LORE_TRY(lore_setting_parse(&table[index], yaml, value, at, study->settings));
  size_t found = yaml->node[value].at;
  *place = (lore_place){.source = yaml->source, .at = found == LORE_NOWHERE ? at : found};
  return LORE_OK;
}

/* The first setting of the section called `name`, or NULL if there is no such section. */
static const lore_setting *find_section(const char *name) {
  int count;
  size_t length = strlen(name);
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++)
    if (lore_setting_is_in(&table[i], name, length))
      return &table[i];
  return NULL;
}

static lore_status fail_section(const lore_yaml *yaml, const char *name, size_t at, int value) {
  const lore_yaml_node *node = &yaml->node[value];
  const lore_setting *first = find_section(name);
  bool empty = node->kind == LORE_YAML_SCALAR && !*node->text && !node->quoted;
  const char *found = node->kind == LORE_YAML_LIST ? "a list" : empty ? "left empty" : "one value";
  return lore_source_fail(yaml->source, node->at == LORE_NOWHERE ? at : node->at,
                          "'%s' is %s; it must be a section with settings inside, for example "
                          "'%s: {%s: %s}'",
                          name, found, name, lore_setting_leaf(first->key), first->initial);
}

static lore_status read_section(lore_study *study, const lore_yaml *yaml, const char *name,
                                size_t at, int section) {
  if (yaml->node[section].kind != LORE_YAML_MAPPING)
    return fail_section(yaml, name, at, section);
  for (int key = yaml->node[section].first; key >= 0;) {
    const lore_yaml_node *node = &yaml->node[key];
    int value = node->next;
    size_t place = key_at(yaml, node, at);
    LORE_TRY(check_key(yaml, node, place));
    char *whole = NULL;
    if (asprintf(&whole, "%s.%s", name, node->text) < 0)
      return lore_fail(LORE_MEMORY, "cannot allocate the name of a setting");
    lore_status status = assign_setting(study, yaml, whole, place, value);
    free(whole);
    LORE_TRY(status);
    key = yaml->node[value].next;
  }
  return LORE_OK;
}

static lore_status fail_dotted(const lore_yaml *yaml, const char *key, size_t at) {
  int section = lore_setting_section(key);
  return lore_source_fail(yaml->source, at,
                          "'%s' is not written with a '.' in a study file; write '%.*s: {%s: ...}'",
                          key, section, key, lore_setting_leaf(key));
}

/* LORE_USER if `name`, which is no setting, is nearly that of a part. */
static lore_status suggest_part(const lore_yaml *yaml, const char *name, size_t at,
                                const lore_study_part *part) {
  for (; part && part->name; part++)
    if (lore_word_nearest(name, (const char *const[]){part->name, NULL}))
      return lore_source_fail(yaml->source, at, "unknown setting '%s'; did you mean '%s'?", name,
                              part->name);
  return LORE_OK;
}

/* A name at the top of the file: a section, or a setting without one. */
static lore_status read_top(lore_study *study, const lore_yaml *yaml, int key, int value,
                            int *sections, lore_study_part *part) {
  const lore_yaml_node *node = &yaml->node[key];
  size_t at = key_at(yaml, node, 0);
  const lore_study_part *parts = part;
  LORE_TRY(check_key(yaml, node, at));
  for (; part && part->name; part++)
    if (!strcmp(node->text, part->name)) {
      if (part->value >= 0)
        return lore_source_fail(yaml->source, at, "'%s' is given twice, first in line %d",
                                part->name, lore_source_line(yaml->source, part->at));
      part->value = value;
      part->at = at;
      return LORE_OK;
    }
  if (!find_section(node->text)) {
    if (lore_setting_section(node->text) > 0 && lore_setting_find(node->text) >= 0)
      return fail_dotted(yaml, node->text, at);
    if (lore_setting_find(node->text) < 0)
      LORE_TRY(suggest_part(yaml, node->text, at, parts));
    return assign_setting(study, yaml, node->text, at, value);
  }
  for (int i = 0; sections[i] >= 0; i++)
    if (strcmp(yaml->node[sections[i]].text, node->text) == 0)
      return lore_source_fail(yaml->source, at,
                              "section '%s' is given twice, first in line %d; put its settings "
                              "together",
                              node->text,
                              lore_source_line(yaml->source, yaml->node[sections[i]].at));
  int last = 0;
  while (sections[last] >= 0)
    last++;
  sections[last] = key;
  sections[last + 1] = -1;
  return read_section(study, yaml, node->text, at, value);
}

lore_status lore_study_read_mapping(lore_study *study, const lore_yaml *yaml, int mapping,
                                    lore_study_part *part) {
  int sections[LORE_SETTINGS_CAPACITY] = {-1};
  for (int key = yaml->node[mapping].first; key >= 0;) {
    int value = yaml->node[key].next;
    LORE_TRY(read_top(study, yaml, key, value, sections, part));
    key = yaml->node[value].next;
  }
  return LORE_OK;
}

lore_status lore_study_check_tree(const lore_yaml *yaml) {
  const lore_yaml_node *root = yaml->node;
  if (yaml->count == 0 || (root->kind == LORE_YAML_SCALAR && !*root->text && !root->quoted))
    return lore_source_fail(yaml->source, LORE_NOWHERE,
                            "the study is empty; it needs at least 'name: ...'");
  if (root->kind != LORE_YAML_MAPPING)
    return lore_source_fail(yaml->source, root->at,
                            "the study is %s; it must consist of lines 'name: value', with a space "
                            "after the ':'",
                            root->kind == LORE_YAML_LIST ? "a list" : "a single text");
  return LORE_OK;
}

static lore_status read_study_file(lore_study *study) {
  lore_yaml yaml;
  lore_status status = lore_yaml_read(study->file, &yaml);
  lore_study_part parts[] = LORE_STUDY_PARTS;
  if (status == LORE_OK)
    status = lore_study_check_tree(&yaml);
  if (status == LORE_OK)
    status = lore_study_read_mapping(study, &yaml, 0, parts);
  lore_yaml_destroy(&yaml);
  return status;
}

/* A key that an override cannot set. */
static lore_status fail_override_key(const lore_source *source, const char *key) {
  const lore_setting *first = find_section(key);
  if (!first)
    return fail_unknown(source, 0, key);
  return lore_source_fail(source, 0,
                          "'%s' is a section; set its settings one by one, as in '%s=%s'", key,
                          first->key, first->initial);
}

/* The part before the '=' of an override without blanks around it, to be freed. */
static lore_status override_key(const lore_source *source, char **key) {
  const char *equals = strchr(source->option, '='), *begin = source->option, *end = equals;
  if (!strncmp(begin, "\xEF\xBB\xBF", 3)) /* the first line of some editors' files */
    begin += 3;
  begin += strspn(begin, " \t");
  while (end > begin && strchr(" \t", end[-1]))
    end--;
  if (!equals || end <= begin)
    return lore_source_fail(source, 0,
                            "not of the form 'section.name=value', for example "
                            "'model.width=128'");
  *key = strndup(begin, (size_t)(end - begin));
  return *key ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate an override");
}

lore_status lore_study_read_override(lore_study *study, lore_source *source) {
  char *key = NULL;
  lore_yaml yaml = {0};
  lore_yaml_node empty = {.kind = LORE_YAML_SCALAR, .text = "", .first = -1, .next = -1};
  LORE_TRY(override_key(source, &key));
  source->text = strchr(source->option, '=') + 1;
  source->length = strlen(source->text);
  lore_status status = lore_setting_find(key) < 0 ? fail_override_key(source, key) : LORE_OK;
  if (status == LORE_OK)
    status = lore_source_check(source);
  if (status == LORE_OK)
    status = lore_yaml_read(source, &yaml);
  if (status == LORE_OK) {
    lore_yaml none = {.source = source, .count = 1, .node = &empty};
    status = assign_setting(study, yaml.count > 0 ? &yaml : &none, key, 0, 0);
  }
  lore_yaml_destroy(&yaml);
  free(key);
  return status;
}

static lore_status check_required(const lore_study *study) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++)
    if (!table[i].initial && !study->place[i].source)
      return lore_source_fail(study->file, LORE_NOWHERE,
                              "'%s' is missing and has no default; add '%s: ...' (%s)",
                              table[i].key, table[i].key, table[i].help);
  return LORE_OK;
}

lore_status lore_study_finish(lore_study *study) {
  LORE_TRY(check_required(study));
  lore_study_drop_unused(study);
  lore_study_complete(study);
  return lore_study_contradictions(study);
}

static lore_status read_study(lore_study *study, int overrides, const char *const *override,
                              lore_source *sources) {
  LORE_TRY(read_study_file(study));
  for (int i = 0; i < overrides; i++) {
    sources[i] = (lore_source){.option = override[i], .text = ""};
    LORE_TRY(lore_study_read_override(study, &sources[i]));
  }
  return lore_study_finish(study);
}

lore_status lore_settings_read_text(const char *path, const char *text, lore_settings *settings) {
  const lore_source file = {.path = path, .text = text, .length = strlen(text)};
  lore_study study = {.settings = settings, .file = &file};
  lore_settings_default(settings);
  return read_study(&study, 0, NULL, NULL);
}

lore_status lore_settings_read(const char *path, int overrides, const char *const *override,
                               lore_settings *settings) {
  lore_source file;
  lore_settings_default(settings);
  LORE_TRY(lore_source_read(path, &file));
  lore_study study = {.settings = settings, .file = &file};
  lore_source *sources = calloc((size_t)overrides + 1, sizeof *sources);
  lore_status status = sources ? read_study(&study, overrides, override, sources)
                               : lore_fail(LORE_MEMORY, "cannot allocate %d overrides", overrides);
  free(sources);
  lore_source_destroy(&file);
  return status;
}
