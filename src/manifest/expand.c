/* A study's experiments and axes become runs. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "axes.h"
#include "expand.h"
#include "file.h"
#include "inputs.h"
#include "lore/manifest/manifest.h"
#include "lore/settings/hash.h"
#include "lore/settings/nearest.h"
#include "weights.h"

/* Everything a message may point into lives as long as this. */
typedef struct {
  lore_source file, again; /* the study; as a second source, experiments may replace its settings */
  lore_yaml yaml, overlay;
  int overrides;
  lore_source *override;
  lore_study_part part[4]; /* sweep, experiments, start_from */
  int experiments;
  lore_experiment *experiment;
  lore_manifest *manifest;
  int capacity;
  lore_run_values *values; /* per run: what it is swept to */
} lore_expansion;

/* The settings of `experiment` without its axes. */
static lore_status read_base(const lore_expansion *x, const lore_experiment *experiment,
                             lore_study *study) {
  lore_study_part ignored[] = LORE_STUDY_PARTS;
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

/* Room for another run. */
static lore_status grow(lore_expansion *x) {
  lore_manifest *m = x->manifest;
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

/* Puts `step` where it belongs in an ascending list; false if that is full. */
static bool add_step(lore_integer_list *list, int64_t step) {
  int at = 0;
  while (at < list->count && list->value[at] < step)
    at++;
  if (at < list->count && list->value[at] == step)
    return true;
  if (list->count == LORE_LIST_MAX)
    return false;
  memmove(&list->value[at + 1], &list->value[at],
          (size_t)(list->count - at) * sizeof list->value[0]);
  list->value[at] = step;
  list->count++;
  return true;
}

/* The parent's weights must fit, and be written. */
static lore_status link_parent(lore_expansion *x, const lore_experiment *experiment, int parent,
                               lore_manifest_run *run) {
  lore_manifest_run *from = &x->manifest->run[parent];
  lore_integer_list *snapshots = &from->settings.checkpoint.snapshots;
  int64_t steps = from->settings.train.steps, wanted = experiment->step;
  size_t step_at = experiment->step_at;
  if (*experiment->reference) {
    wanted = run->settings.train.patch.reference;
    step_at = experiment->at;
  }
  char difference[256];
  if (!lore_settings_same_model(&run->settings, &from->settings, sizeof difference, difference))
    return lore_source_fail(x->overlay.source, experiment->at,
                            "the weights of '%s' do not fit this experiment: %s",
                            experiment->parent_name, difference);
  run->parent = parent;
  run->wave = from->wave + 1;
  run->parent_step = wanted < 0 ? steps : wanted;
  if (run->parent_step > steps)
    return lore_source_fail(x->overlay.source, step_at,
                            "step %lld is beyond the %lld steps of '%s'",
                            (long long)run->parent_step, (long long)steps, experiment->parent_name);
  if (run->parent_step < steps && !add_step(snapshots, run->parent_step))
    return lore_source_fail(x->overlay.source, step_at,
                            "'checkpoint.snapshots' of '%s' has no room for step %lld",
                            experiment->parent_name, (long long)run->parent_step);
  return LORE_OK;
}

/* The weights of another study must fit; runs with the first one's model need not be looked at. */
static lore_status link_weights(const lore_expansion *x, const lore_experiment *experiment,
                                lore_manifest_run *run) {
  char difference[256];
  const lore_manifest_run *first = &x->manifest->run[experiment->first_run];
  run->start = experiment->weights;
  run->parent_step = run->start->about.step;
  if (run != first &&
      lore_settings_same_model(&run->settings, &first->settings, sizeof difference, difference))
    return LORE_OK;
  return lore_weights_check(x->overlay.source, experiment, &run->settings);
}

/* A swept value must not meet one that was meant to count. */
static lore_status check_free(const lore_expansion *x, const lore_experiment *experiment,
                              const lore_place *place, const lore_axis_value *value,
                              const char *key, bool inherited) {
  if (place->source && place->source->option && !value->counted)
    return lore_source_fail(place->source, 0, "'%s' is swept by the study", key);
  if (inherited && place->source == x->overlay.source)
    return lore_source_fail(place->source, place->at,
                            "'%s' is given here, but swept by '%s', from whose runs these start; "
                            "leave it out here",
                            key, experiment->parent_name);
  return LORE_OK;
}

/* Says behind a message which of the runs it is about. */
static lore_status name_run(const lore_experiment *experiment, const lore_run_values *values,
                            lore_status status) {
  enum { SIZE = 4096 };
  char message[SIZE], names[SIZE] = "";
  int count, length = 0;
  const lore_setting *table = lore_settings_table(&count);
  if (status != LORE_USER || (values->count == 0 && !*experiment->name))
    return status;
  snprintf(message, sizeof message, "%s", lore_fail_message());
  for (int i = 0; i < values->count; i++)
    length +=
        snprintf(names + length, sizeof names - (size_t)length, "%s%s %s", i > 0 ? ", " : " with ",
                 table[values->setting[i]].key, values->value[i]->text);
  return *experiment->name
             ? lore_fail(status, "%s\nin experiment '%s'%s", message, experiment->name, names)
             : lore_fail(status, "%s\nin the run%s", message, names);
}

/* Settings of a run; the first `inherited` of its values are its parent's. */
static lore_status settle(const lore_expansion *x, const lore_experiment *experiment,
                          const lore_manifest_run *parent, int inherited,
                          const lore_run_values *values, lore_settings *settings) {
  lore_study study = {.settings = settings};
  int count, seed = lore_setting_find("seed");
  const lore_setting *table = lore_settings_table(&count);
  LORE_TRY(read_base(x, experiment, &study));
  if (parent && study.place[seed].source != x->overlay.source)
    settings->seed = parent->settings.seed;
  for (int i = 0; i < values->count; i++) {
    int setting = values->setting[i];
    LORE_TRY(check_free(x, experiment, &study.place[setting], values->value[i], table[setting].key,
                        i < inherited));
    LORE_TRY(lore_axis_apply(&study, setting, values->value[i]));
  }
  lore_status status = lore_study_finish(&study);
  if (status == LORE_OK && *experiment->reference)
    status = lore_patch_check(&study, x->overlay.source, experiment, &parent->settings, values,
                              inherited);
  return name_run(experiment, values, status);
}

static lore_status add_run(lore_expansion *x, const lore_experiment *experiment, int parent,
                           int64_t point) {
  LORE_TRY(grow(x));
  int index = x->manifest->runs;
  lore_manifest_run *run = &x->manifest->run[index];
  const lore_manifest_run *from = parent >= 0 ? &x->manifest->run[parent] : NULL;
  lore_run_values *values = &x->values[index];
  memset(run, 0, sizeof *run);
  *values = parent >= 0 ? x->values[parent] : (lore_run_values){0};
  int inherited = values->count;
  LORE_TRY(lore_axes_each(&experiment->axes, point, take_value, values));
  LORE_TRY(settle(x, experiment, from, inherited, values, &run->settings));
  snprintf(run->experiment, sizeof run->experiment, "%s", experiment->name);
  run->parent = -1;
  if (lore_patch_wanted(&run->settings.train.patch) && !*experiment->reference)
    return lore_source_fail(
        &x->file, LORE_NOWHERE,
        "'patch.from' belongs into an experiment of its own: 'experiments: {%s: "
        "{...}, patched: {patch: {from: %s}}}'",
        run->settings.train.patch.from, run->settings.train.patch.from);
  if (parent >= 0)
    LORE_TRY(name_run(experiment, values, link_parent(x, experiment, parent, run)));
  if (experiment->weights)
    LORE_TRY(name_run(experiment, values, link_weights(x, experiment, run)));
  LORE_TRY(name_run(experiment, values,
                    lore_trained_check(x->overlay.source,
                                       experiment->file ? experiment->file_at : experiment->at,
                                       x->manifest, run)));
  run->hash = lore_settings_hash(&run->settings);
  if (from) {
    uint64_t mixed[] = {run->hash, from->hash, (uint64_t)run->parent_step};
    run->hash = XXH3_64bits(mixed, sizeof mixed);
  }
  if (run->start)
    run->hash = lore_weights_hash(run->start, run->hash);
  x->manifest->runs++;
  return LORE_OK;
}

/* The seed that counted seeds begin with: the parent's unless the experiment has its own. */
static lore_status first_seed(const lore_expansion *x, const lore_experiment *experiment,
                              uint64_t *seed) {
  lore_settings *settings = malloc(sizeof *settings);
  lore_study study = {.settings = settings};
  if (!settings)
    return lore_fail(LORE_MEMORY, "no memory for settings");
  lore_status status = read_base(x, experiment, &study);
  *seed = settings->seed;
  if (experiment->parent >= 0 && study.place[lore_setting_find("seed")].source != x->overlay.source)
    *seed = x->manifest->run[x->experiment[experiment->parent].first_run].settings.seed;
  free(settings);
  return status;
}

/* All runs of an experiment whose parent's runs are there. */
static lore_status expand_experiment(lore_expansion *x, lore_experiment *experiment) {
  uint64_t seed = 0;
  LORE_TRY(first_seed(x, experiment, &seed));
  LORE_TRY(
      lore_axes_read(&x->yaml, experiment->sweep, experiment->sweep_at, seed, &experiment->axes));
  const lore_axes *axes = &experiment->axes;
  if (axes->table.text)
    LORE_TRY(lore_manifest_keep_table(x->manifest, axes->table_name, &axes->table));
  int64_t points = lore_axes_points(&experiment->axes);
  int first = 0, last = 1;
  if (experiment->parent >= 0) {
    first = x->experiment[experiment->parent].first_run;
    last = x->experiment[experiment->parent].last_run;
  }
  if (points * (last - first) > LORE_RUNS_MAX - x->manifest->runs)
    return lore_source_fail(&x->file, experiment->sweep_at,
                            "the study has more than %d runs; sweep less", LORE_RUNS_MAX);
  experiment->first_run = x->manifest->runs;
  for (int parent = first; parent < last; parent++)
    for (int64_t point = 0; point < points; point++)
      LORE_TRY(add_run(x, experiment, experiment->parent >= 0 ? parent : -1, point));
  experiment->last_run = x->manifest->runs;
  experiment->expanded = true;
  return LORE_OK;
}

/* Parents before children; none is its own ancestor. */
static lore_status expand_all(lore_expansion *x) {
  for (int done = 0; done < x->experiments;) {
    for (int e = 0; e < x->experiments; e++) {
      const lore_experiment *experiment = &x->experiment[e];
      if (experiment->expanded ||
          (experiment->parent >= 0 && !x->experiment[experiment->parent].expanded))
        continue;
      LORE_TRY(expand_experiment(x, &x->experiment[e]));
      done++;
    }
  }
  snprintf(x->manifest->name, sizeof x->manifest->name, "%s", x->manifest->run[0].settings.name);
  return lore_manifest_name_runs(&x->file, x->manifest, x->values);
}

static lore_status expand(lore_expansion *x, const char *path, int overrides,
                          const char *const *override) {
  LORE_TRY(lore_source_read(path, &x->file));
  LORE_TRY(lore_manifest_keep_study(x->manifest, &x->file));
  LORE_TRY(lore_manifest_keep_overrides(x->manifest, overrides, override));
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
  free(settings);
  LORE_TRY(status);
  LORE_TRY(lore_experiments_read(&x->overlay, x->part, &x->experiments, &x->experiment));
  LORE_TRY(lore_weights_find(x->overlay.source, x->experiments, x->experiment, x->manifest));
  for (int e = x->experiments - 1; e >= 0; e--)
    if (x->experiment[e].file)
      LORE_TRY(lore_manifest_place_weights(x->manifest, x->experiment[e].file_at,
                                           x->experiment[e].file_end,
                                           x->experiment[e].weights->path));
  return expand_all(x);
}

lore_status lore_manifest_expand(const char *path, int overrides, const char *const *override,
                                 lore_manifest *manifest) {
  *manifest = (lore_manifest){0};
  lore_expansion x = {.manifest = manifest, .part = LORE_STUDY_PARTS};
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
  lore_weights_drop(manifest);
  lore_manifest_drop_inputs(manifest);
  *manifest = (lore_manifest){0};
}
