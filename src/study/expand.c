/* A study's experiments and axes become runs. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "axes.h"
#include "expand.h"
#include "lore/manifest.h"
#include "lore/run.h"
#include "settings_nearest.h"

enum { RUNS_MAX = 100000, EXPERIMENTS_MAX = 256 };

/* Everything a message may point into lives as long as this. */
typedef struct {
  lore_source file, again; /* the study; as a second source, experiments may replace its settings */
  lore_yaml yaml, overlay;
  int overrides;
  lore_source *override;
  lore_study_part part[3]; /* sweep, experiments */
  int experiments;
  lore_experiment *experiment;
  lore_manifest *manifest;
  int capacity;
  lore_run_values *values; /* per run: what it is swept to */
} lore_expansion;

/* The settings of `experiment` without its axes. */
static lore_status read_base(lore_expansion *x, const lore_experiment *experiment,
                             lore_study *study) {
  lore_study_part ignored[] = {
      {.name = "sweep", .value = -1}, {.name = "experiments", .value = -1}, {0}};
  lore_study_part own[] = {
      {.name = "sweep", .value = -1}, {.name = "start_from", .value = -1}, {0}};
  lore_settings *settings = study->settings;
  lore_settings_default(settings);
  *study = (lore_study){.settings = settings, .file = &x->file};
  LORE_TRY(lore_study_read_mapping(study, &x->yaml, 0, ignored));
  if (experiment->node >= 0)
    LORE_TRY(lore_study_read_mapping(study, &x->overlay, experiment->node, own));
  for (int i = 0; i < x->overrides; i++)
    LORE_TRY(lore_study_read_override(study, &x->override[i]));
  return LORE_OK;
}

/* start_from: {experiment: NAME, step: N} */
static lore_status read_start(const lore_expansion *x, const lore_study_part *part,
                              lore_experiment *experiment) {
  const lore_yaml *yaml = &x->overlay;
  const lore_yaml_node *node = &yaml->node[part->value];
  experiment->at = part->at;
  experiment->step = -1;
  if (node->kind == LORE_YAML_SCALAR) {
    experiment->parent_name = node->text;
    return LORE_OK;
  }
  for (int key = node->kind == LORE_YAML_MAPPING ? node->first : -1; key >= 0;
       key = yaml->node[yaml->node[key].next].next) {
    const lore_yaml_node *value = &yaml->node[yaml->node[key].next];
    const char *name = yaml->node[key].kind == LORE_YAML_SCALAR ? yaml->node[key].text : "";
    char *end = "x";
    if (!strcmp(name, "experiment") && value->kind == LORE_YAML_SCALAR)
      experiment->parent_name = value->text;
    else if (!strcmp(name, "step") && value->kind == LORE_YAML_SCALAR)
      experiment->step = strtoll(value->text, &end, 10);
    else
      return lore_source_fail(yaml->source, yaml->node[key].at,
                              "'start_from' has 'experiment' and 'step'");
    if (!strcmp(name, "step") && (*end || experiment->step < 0))
      return lore_source_fail(yaml->source, value->at, "'step' is a number of steps");
  }
  if (!experiment->parent_name)
    return lore_source_fail(yaml->source, part->at,
                            "'start_from' needs an experiment: 'start_from: {experiment: NAME, "
                            "step: 1000}'");
  return LORE_OK;
}

static lore_status read_experiment(lore_expansion *x, int key, lore_experiment *experiment) {
  const lore_yaml *yaml = &x->overlay;
  lore_study_part part[] = {
      {.name = "sweep", .value = -1}, {.name = "start_from", .value = -1}, {0}};
  lore_settings *settings = malloc(sizeof *settings);
  lore_study study = {.settings = settings, .file = &x->file};
  int node = yaml->node[key].next;
  *experiment = (lore_experiment){.name = yaml->node[key].text, .node = node, .sweep = -1};
  if (!settings)
    return lore_fail(LORE_MEMORY, "no memory for settings");
  lore_settings_default(settings);
  lore_status status =
      yaml->node[node].kind == LORE_YAML_MAPPING
          ? lore_study_read_mapping(&study, yaml, node, part)
          : lore_source_fail(yaml->source, yaml->node[key].at,
                             "an experiment has settings inside: '%s: {train: {steps: "
                             "1000}}'",
                             experiment->name);
  free(settings);
  experiment->sweep = part[0].value;
  experiment->sweep_at = part[0].at;
  if (status == LORE_OK && part[1].value >= 0)
    status = read_start(x, &part[1], experiment);
  return status;
}

static lore_status check_experiment_name(const lore_expansion *x, int key) {
  const lore_yaml_node *node = &x->overlay.node[key];
  if (node->kind != LORE_YAML_SCALAR || !*node->text || strlen(node->text) >= LORE_NAME_MAX / 2)
    return lore_source_fail(x->overlay.source, node->at,
                            "the name of an experiment has 1 to %d characters",
                            LORE_NAME_MAX / 2 - 1);
  for (int e = 0; e < x->experiments; e++)
    if (!strcmp(x->experiment[e].name, node->text))
      return lore_source_fail(x->overlay.source, node->at, "experiment '%s' is given twice",
                              node->text);
  return LORE_OK;
}

static lore_status find_parents(lore_expansion *x) {
  const char *names[EXPERIMENTS_MAX + 1] = {NULL};
  for (int e = 0; e < x->experiments; e++)
    names[e] = x->experiment[e].name;
  for (int e = 0; e < x->experiments; e++) {
    lore_experiment *experiment = &x->experiment[e];
    experiment->parent = -1;
    for (int p = 0; p < x->experiments && experiment->parent_name; p++)
      if (!strcmp(names[p], experiment->parent_name))
        experiment->parent = p;
    if (experiment->parent_name && experiment->parent < 0) {
      const char *nearest = lore_word_nearest(experiment->parent_name, names);
      return lore_source_fail(x->overlay.source, experiment->at,
                              "there is no experiment '%s'%s%s%s", experiment->parent_name,
                              nearest ? "; did you mean '" : "", nearest ? nearest : "",
                              nearest ? "'?" : "");
    }
  }
  return LORE_OK;
}

static lore_status read_experiments(lore_expansion *x) {
  const lore_yaml *yaml = &x->overlay;
  int node = x->part[1].value;
  x->experiment = calloc(EXPERIMENTS_MAX, sizeof *x->experiment);
  if (!x->experiment)
    return lore_fail(LORE_MEMORY, "no memory for experiments");
  if (node < 0) {
    x->experiments = 1;
    x->experiment[0] = (lore_experiment){
        .name = "", .node = -1, .parent = -1, .sweep = x->part[0].value, .sweep_at = x->part[0].at};
    return LORE_OK;
  }
  if (yaml->node[node].kind != LORE_YAML_MAPPING || yaml->node[node].parts == 0)
    return lore_source_fail(yaml->source, x->part[1].at,
                            "'experiments' needs named experiments inside");
  for (int key = yaml->node[node].first; key >= 0; key = yaml->node[yaml->node[key].next].next) {
    if (x->experiments == EXPERIMENTS_MAX)
      return lore_source_fail(yaml->source, yaml->node[key].at, "at most %d experiments",
                              EXPERIMENTS_MAX);
    LORE_TRY(check_experiment_name(x, key));
    lore_experiment *experiment = &x->experiment[x->experiments];
    LORE_TRY(read_experiment(x, key, experiment));
    x->experiments++;
    if (experiment->sweep < 0 && !experiment->parent_name) {
      experiment->sweep = x->part[0].value;
      experiment->sweep_at = x->part[0].at;
    }
  }
  return find_parents(x);
}

/* Room for another run. */
static lore_status grow(lore_expansion *x) {
  lore_manifest *m = x->manifest;
  if (m->runs == RUNS_MAX)
    return lore_source_fail(&x->file, LORE_NOWHERE, "the study has more than %d runs", RUNS_MAX);
  if (m->runs < x->capacity)
    return LORE_OK;
  int capacity = x->capacity > 0 ? 2 * x->capacity : 16;
  lore_manifest_run *run = realloc(m->run, (size_t)capacity * sizeof *run);
  if (run)
    m->run = run;
  lore_run_values *values = realloc(x->values, (size_t)capacity * sizeof *values);
  if (values)
    x->values = values;
  if (!run || !values)
    return lore_fail(LORE_MEMORY, "no memory for %d runs", capacity);
  x->capacity = capacity;
  return LORE_OK;
}

static lore_status take_value(void *context, int setting, const lore_axis_value *value) {
  lore_run_values *values = context;
  for (int i = 0; i < values->count; i++)
    if (values->setting[i] == setting) {
      int count;
      return lore_source_fail(value->source, value->at,
                              "'%s' is swept here and in the experiment that this one starts from; "
                              "sweep it in one of them",
                              lore_settings_table(&count)[setting].key);
    }
  if (values->count == LORE_AXES_MAX)
    return lore_source_fail(value->source, value->at, "at most %d settings can be swept",
                            LORE_AXES_MAX);
  values->setting[values->count] = setting;
  values->value[values->count++] = value;
  return LORE_OK;
}

/* The parent's weights must fit, and be written. */
static lore_status link_parent(lore_expansion *x, const lore_experiment *experiment, int parent,
                               lore_manifest_run *run) {
  lore_manifest_run *from = &x->manifest->run[parent];
  lore_integer_list *snapshots = &from->settings.checkpoint.snapshots;
  int64_t steps = from->settings.train.steps;
  const char *key = lore_settings_model_difference(&from->settings, &run->settings);
  if (key)
    return lore_source_fail(x->overlay.source, experiment->at,
                            "'%s' differs from that of '%s', whose weights this experiment starts "
                            "from",
                            key, experiment->parent_name);
  run->parent = parent;
  run->wave = from->wave + 1;
  run->parent_step = experiment->step < 0 ? steps : experiment->step;
  if (run->parent_step > steps)
    return lore_source_fail(x->overlay.source, experiment->at,
                            "step %lld is beyond the %lld steps of '%s'",
                            (long long)run->parent_step, (long long)steps, experiment->parent_name);
  for (int i = 0; i < snapshots->count; i++)
    if (snapshots->value[i] == run->parent_step)
      return LORE_OK;
  if (run->parent_step < steps && snapshots->count == LORE_LIST_MAX)
    return lore_source_fail(x->overlay.source, experiment->at,
                            "'%s' has no room for another snapshot", experiment->parent_name);
  if (run->parent_step < steps)
    snapshots->value[snapshots->count++] = run->parent_step;
  return LORE_OK;
}

static lore_status add_run(lore_expansion *x, lore_experiment *experiment, int parent,
                           int64_t point) {
  LORE_TRY(grow(x));
  int index = x->manifest->runs;
  lore_manifest_run *run = &x->manifest->run[index];
  lore_run_values *values = &x->values[index];
  memset(run, 0, sizeof *run);
  *values = parent >= 0 ? x->values[parent] : (lore_run_values){0};
  lore_study study = {.settings = &run->settings};
  LORE_TRY(lore_axes_each(&experiment->axes, point, take_value, values));
  LORE_TRY(read_base(x, experiment, &study));
  for (int i = 0; i < values->count; i++) {
    int count, setting = values->setting[i];
    if (study.place[setting].source && study.place[setting].source->option)
      return lore_source_fail(study.place[setting].source, 0, "'%s' is swept by the study",
                              lore_settings_table(&count)[setting].key);
    LORE_TRY(lore_axis_apply(&study, setting, values->value[i]));
  }
  LORE_TRY(lore_study_finish(&study));
  snprintf(run->experiment, sizeof run->experiment, "%s", experiment->name);
  run->parent = -1;
  if (parent >= 0)
    LORE_TRY(link_parent(x, experiment, parent, run));
  run->hash = lore_settings_hash(&run->settings);
  if (parent >= 0) {
    uint64_t mixed[] = {run->hash, x->manifest->run[parent].hash, (uint64_t)run->parent_step};
    run->hash = XXH3_64bits(mixed, sizeof mixed);
  }
  x->manifest->runs++;
  return LORE_OK;
}

/* All runs of an experiment whose parent's runs are there. */
static lore_status expand_experiment(lore_expansion *x, int e) {
  lore_experiment *experiment = &x->experiment[e];
  lore_settings *settings = malloc(sizeof *settings);
  lore_study study = {.settings = settings};
  if (!settings)
    return lore_fail(LORE_MEMORY, "no memory for settings");
  lore_status status = read_base(x, experiment, &study);
  uint64_t seed = settings->seed;
  free(settings);
  LORE_TRY(status);
  LORE_TRY(
      lore_axes_read(&x->yaml, experiment->sweep, experiment->sweep_at, seed, &experiment->axes));
  int64_t points = lore_axes_points(&experiment->axes);
  int first = 0, last = 1;
  if (experiment->parent >= 0) {
    first = x->experiment[experiment->parent].first_run;
    last = x->experiment[experiment->parent].last_run;
  }
  experiment->first_run = x->manifest->runs;
  for (int parent = first; parent < last; parent++)
    for (int64_t point = 0; point < points; point++)
      LORE_TRY(add_run(x, experiment, experiment->parent >= 0 ? parent : -1, point));
  experiment->last_run = x->manifest->runs;
  experiment->expanded = true;
  return LORE_OK;
}

/* Parents before children. */
static lore_status expand_all(lore_expansion *x) {
  for (int done = 0; done < x->experiments;) {
    int before = done;
    for (int e = 0; e < x->experiments; e++) {
      const lore_experiment *experiment = &x->experiment[e];
      if (experiment->expanded ||
          (experiment->parent >= 0 && !x->experiment[experiment->parent].expanded))
        continue;
      LORE_TRY(expand_experiment(x, e));
      done++;
    }
    for (int e = 0; e < x->experiments && done == before; e++)
      if (!x->experiment[e].expanded)
        return lore_source_fail(x->overlay.source, x->experiment[e].at,
                                "experiment '%s' starts from itself", x->experiment[e].name);
  }
  return lore_manifest_name_runs(&x->file, x->manifest, x->values);
}

static lore_status expand(lore_expansion *x, const char *path, int overrides,
                          const char *const *override) {
  LORE_TRY(lore_source_read(path, &x->file));
  x->again = x->file;
  x->override = calloc((size_t)overrides + 1, sizeof *x->override);
  if (!x->override)
    return lore_fail(LORE_MEMORY, "no memory for %d overrides", overrides);
  for (; x->overrides < overrides; x->overrides++)
    x->override[x->overrides] = (lore_source){.option = override[x->overrides], .text = ""};
  LORE_TRY(lore_yaml_read(&x->file, &x->yaml));
  LORE_TRY(lore_study_check_tree(&x->yaml));
  x->overlay = x->yaml;
  x->overlay.source = &x->again;
  lore_settings *settings = malloc(sizeof *settings);
  if (!settings)
    return lore_fail(LORE_MEMORY, "no memory for settings");
  lore_study study = {.settings = settings, .file = &x->file};
  lore_settings_default(settings);
  lore_status status = lore_study_read_mapping(&study, &x->yaml, 0, x->part);
  snprintf(x->manifest->name, sizeof x->manifest->name, "%s", settings->name);
  free(settings);
  LORE_TRY(status);
  LORE_TRY(read_experiments(x));
  return expand_all(x);
}

lore_status lore_manifest_expand(const char *path, int overrides, const char *const *override,
                                 lore_manifest *manifest) {
  *manifest = (lore_manifest){0};
  lore_expansion x = {
      .manifest = manifest,
      .part = {{.name = "sweep", .value = -1}, {.name = "experiments", .value = -1}}};
  lore_status status = expand(&x, path, overrides, override);
  for (int e = 0; e < x.experiments; e++)
    lore_axes_destroy(&x.experiment[e].axes);
  free(x.experiment);
  free(x.values);
  free(x.override);
  lore_yaml_destroy(&x.yaml);
  lore_source_destroy(&x.file);
  return status;
}

void lore_manifest_destroy(lore_manifest *manifest) {
  free(manifest->run);
  *manifest = (lore_manifest){0};
}
