/* `experiments:` of a study. */
#include "experiments.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/settings/nearest.h"
#include "lore/settings/value.h"
#include "lore/settings/word.h"

static size_t node_place(const lore_yaml_node *node, size_t otherwise) {
  return node->at == LORE_NOWHERE ? otherwise : node->at;
}

static lore_status read_start_step(const lore_yaml *yaml, const lore_yaml_node *value, size_t at,
                                   int64_t *step) {
  bool integer = value->kind == LORE_YAML_SCALAR && !value->quoted &&
                 lore_word_classify(value->text) == LORE_WORD_INTEGER;
  if (integer)
    *step = strtoll(value->text, NULL, 10);
  if (!integer || *step < 0)
    return lore_source_fail(yaml->source, node_place(value, at),
                            "'step' is how many steps of the other experiment come first, for "
                            "example 'step: 1000'; without it, all");
  return LORE_OK;
}

static lore_status read_start_file(const lore_yaml *yaml, const lore_yaml_node *value, size_t at,
                                   lore_experiment *experiment) {
  if (value->kind != LORE_YAML_SCALAR || !*value->text || value->at == LORE_NOWHERE)
    return lore_source_fail(yaml->source, node_place(value, at),
                            "'file' is the path of weights, for example 'file: "
                            "results/runs/small-seed1/checkpoints/weights_00004000.nc'");
  experiment->file = value->text;
  experiment->file_at = value->at;
  experiment->file_end = value->end;
  return LORE_OK;
}

static lore_status read_start_key(const lore_yaml *yaml, int key, lore_experiment *experiment) {
  static const char *const names[] = {"experiment", "step", "file", NULL};
  const lore_yaml_node *node = &yaml->node[key], *value = &yaml->node[node->next];
  const char *name = node->kind == LORE_YAML_SCALAR ? node->text : "";
  size_t at = node_place(node, experiment->at);
  bool again = (!strcmp(name, "experiment") && experiment->parent_name) ||
               (!strcmp(name, "step") && experiment->step >= 0) ||
               (!strcmp(name, "file") && experiment->file);
  if (again)
    return lore_source_fail(yaml->source, at, "'%s' is given twice; leave one of them out", name);
  if (!strcmp(name, "step")) {
    experiment->step_at = node_place(value, at);
    return read_start_step(yaml, value, at, &experiment->step);
  }
  if (!strcmp(name, "experiment")) {
    experiment->parent_name = value->kind == LORE_YAML_SCALAR ? value->text : "";
    experiment->at = node_place(value, at);
    return LORE_OK;
  }
  if (!strcmp(name, "file"))
    return read_start_file(yaml, value, at, experiment);
  const char *nearest = lore_word_nearest(name, names);
  return lore_source_fail(yaml->source, at, "'start_from' has no '%s'; %s%s%s", name,
                          nearest ? "did you mean '" : "it has experiment and step, or file",
                          nearest ? nearest : "", nearest ? "'?" : "");
}

/* start_from: {experiment: NAME, step: N}, or the name alone, or {file: PATH}. */
static lore_status read_start(const lore_yaml *yaml, const lore_study_part *part,
                              lore_experiment *experiment) {
  const lore_yaml_node *node = &yaml->node[part->value];
  experiment->at = node_place(node, part->at);
  if (node->kind == LORE_YAML_SCALAR)
    experiment->parent_name = node->text;
  for (int key = node->kind == LORE_YAML_MAPPING ? node->first : -1; key >= 0;
       key = yaml->node[yaml->node[key].next].next)
    LORE_TRY(read_start_key(yaml, key, experiment));
  if (experiment->file && (experiment->parent_name || experiment->step >= 0))
    return lore_source_fail(yaml->source, experiment->file_at,
                            "'start_from' has either 'file', which holds the weights after one "
                            "step, or 'experiment' and 'step'");
  if (experiment->file)
    return LORE_OK;
  if (!experiment->parent_name || !*experiment->parent_name)
    return lore_source_fail(yaml->source, experiment->at,
                            "'start_from' needs an experiment, 'start_from: {experiment: NAME, "
                            "step: 1000}', or a file, 'start_from: {file: PATH}'");
  return LORE_OK;
}

/* Reads the experiment's settings for their mistakes; they are read again for each of its runs. */
static lore_status read_own_settings(const lore_yaml *yaml, int node, lore_study_part *part,
                                     lore_experiment *experiment) {
  lore_settings *settings = malloc(sizeof *settings);
  lore_study study = {.settings = settings, .file = yaml->source};
  if (!settings)
    return lore_fail(LORE_MEMORY, "cannot allocate settings");
  lore_settings_default(settings);
  lore_status status = lore_study_read_mapping(&study, yaml, node, part);
  const lore_place *name = &study.place[lore_setting_find("name")];
  if (status == LORE_OK && name->source)
    status = lore_source_fail(yaml->source, name->at,
                              "the name of an experiment is what stands before its ':'; only the "
                              "study has a 'name'");
  if (status == LORE_OK && lore_patch_wanted(&settings->train.patch)) {
    strcpy(experiment->reference, settings->train.patch.from);
    experiment->parent_name = experiment->reference;
    experiment->at = study.place[lore_setting_find("patch.from")].at;
  }
  free(settings);
  return status;
}

static lore_status read_experiment(const lore_yaml *yaml, int key, lore_experiment *experiment) {
  lore_study_part part[] = {
      {.name = "sweep", .value = -1}, {.name = "start_from", .value = -1}, {0}};
  int node = yaml->node[key].next;
  *experiment = (lore_experiment){
      .name = yaml->node[key].text, .node = node, .sweep = -1, .parent = -1, .step = -1};
  if (yaml->node[node].kind != LORE_YAML_MAPPING)
    return lore_source_fail(yaml->source, yaml->node[key].at,
                            "an experiment has settings inside: '%s: {train: {steps: 1000}}'",
                            experiment->name);
  LORE_TRY(read_own_settings(yaml, node, part, experiment));
  experiment->sweep = part[0].value;
  experiment->sweep_at = part[0].at;
  if (part[1].value < 0)
    return LORE_OK;
  if (*experiment->reference)
    return lore_source_fail(yaml->source, part[1].at,
                            "an experiment has either 'start_from' or 'patch.from'; a patched one "
                            "starts from initial weights");
  return read_start(yaml, &part[1], experiment);
}

/* Names become parts of names of directories. */
static lore_status check_experiment_name(const lore_yaml *yaml, int key, int count,
                                         const lore_experiment *experiment) {
  const lore_yaml_node *node = &yaml->node[key];
  const char *name = node->kind == LORE_YAML_SCALAR ? node->text : "";
  size_t length = strlen(name);
  bool right = length >= 1 && length <= LORE_EXPERIMENT_NAME_MAX && isalnum((unsigned char)*name);
  for (const char *c = name; *c; c++)
    right &= isalnum((unsigned char)*c) || strchr("._-", *c);
  if (!right)
    return lore_source_fail(yaml->source, node->at,
                            "the name of an experiment has 1 to %d letters, digits, '.', '_' and "
                            "'-', the first a letter or digit",
                            LORE_EXPERIMENT_NAME_MAX);
  for (int e = 0; e < count; e++)
    if (!strcmp(experiment[e].name, name))
      return lore_source_fail(yaml->source, node->at, "experiment '%s' is given twice", name);
  return LORE_OK;
}

/* LORE_USER if the experiment's ancestors lead back to it. */
static lore_status check_cycle(const lore_yaml *yaml, const lore_experiment *experiment, int e) {
  char names[1024] = "";
  size_t length = 0;
  int at = e, count = 0;
  do {
    if (length < sizeof names)
      length +=
          (size_t)snprintf(names + length, sizeof names - length, "%s -> ", experiment[at].name);
    at = experiment[at].parent;
  } while (at >= 0 && at != e && ++count < LORE_EXPERIMENTS_MAX);
  if (at != e)
    return LORE_OK;
  if (count == 0)
    return lore_source_fail(yaml->source, experiment[e].at, "experiment '%s' starts from itself",
                            experiment[e].name);
  return lore_source_fail(
      yaml->source, experiment[e].at,
      "experiments start from each other: %s%s; one of them must not start from another", names,
      experiment[e].name);
}

static lore_status find_parents(const lore_yaml *yaml, int count, lore_experiment *experiment) {
  const char *names[LORE_EXPERIMENTS_MAX + 1] = {NULL};
  for (int e = 0; e < count; e++)
    names[e] = experiment[e].name;
  for (int e = 0; e < count; e++) {
    const char *wanted = experiment[e].parent_name;
    for (int p = 0; p < count && wanted; p++)
      if (!strcmp(names[p], wanted))
        experiment[e].parent = p;
    if (wanted && experiment[e].parent < 0) {
      const char *nearest = lore_word_nearest(wanted, names);
      return lore_source_fail(yaml->source, experiment[e].at, "there is no experiment '%s'%s%s%s",
                              wanted, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                              nearest ? "'?" : "");
    }
  }
  for (int e = 0; e < count; e++)
    LORE_TRY(check_cycle(yaml, experiment, e));
  return LORE_OK;
}

static lore_status read_experiments(const lore_yaml *yaml, const lore_study_part *part, int *count,
                                    lore_experiment *experiment) {
  const lore_yaml_node *all = &yaml->node[part[1].value];
  if (all->kind != LORE_YAML_MAPPING || all->parts == 0)
    return lore_source_fail(yaml->source, part[1].at,
                            "'experiments' needs named experiments inside");
  for (int key = all->first; key >= 0; key = yaml->node[yaml->node[key].next].next) {
    if (*count == LORE_EXPERIMENTS_MAX)
      return lore_source_fail(yaml->source, yaml->node[key].at, "at most %d experiments",
                              LORE_EXPERIMENTS_MAX);
    LORE_TRY(check_experiment_name(yaml, key, *count, experiment));
    LORE_TRY(read_experiment(yaml, key, &experiment[*count]));
    if (experiment[*count].sweep < 0 && !experiment[*count].parent_name) {
      experiment[*count].sweep = part[0].value;
      experiment[*count].sweep_at = part[0].at;
    }
    ++*count;
  }
  return find_parents(yaml, *count, experiment);
}

/* A study without experiments may start from a file. */
static lore_status read_base_alone(const lore_yaml *yaml, const lore_study_part *part,
                                   lore_experiment *experiment) {
  *experiment = (lore_experiment){.name = "",
                                  .node = -1,
                                  .parent = -1,
                                  .step = -1,
                                  .sweep = part[0].value,
                                  .sweep_at = part[0].at};
  if (part[2].value < 0)
    return LORE_OK;
  LORE_TRY(read_start(yaml, &part[2], experiment));
  if (experiment->parent_name)
    return lore_source_fail(yaml->source, experiment->at,
                            "there are no experiments to start from; weights of another study are "
                            "'start_from: {file: PATH}'");
  return LORE_OK;
}

lore_status lore_experiments_read(const lore_yaml *yaml, const lore_study_part *part, int *count,
                                  lore_experiment **experiment) {
  *count = 0;
  *experiment = calloc(LORE_EXPERIMENTS_MAX, sizeof **experiment);
  if (!*experiment)
    return lore_fail(LORE_MEMORY, "cannot allocate experiments");
  if (part[1].value >= 0 && part[2].value >= 0)
    return lore_source_fail(yaml->source, part[2].at,
                            "'start_from' belongs in one of the experiments");
  if (part[1].value >= 0)
    return read_experiments(yaml, part, count, *experiment);
  *count = 1;
  return read_base_alone(yaml, part, *experiment);
}
