/* A study's experiments and axes become runs. */
#include "lore/manifest/expand.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "experiments.h"
#include "inputs.h"
#include "lineage.h"
#include "lore/base/log.h"
#include "lore/settings/hash.h"
#include "lore/settings/nearest.h"
#include "lore/settings/value.h"
#include "names.h"
#include "pool.h"
#include "task.h"

/* Everything a message may point into lives as long as this. Comes from calloc: the padding of
 * settings is defined. */
typedef struct {
  lore_source file, again; /* the study; as a second source, experiments may replace its settings */
  lore_yaml yaml, overlay;
  int overrides;
  lore_source *override;
  lore_study_part part[4]; /* sweep, experiments, start_from */
  int experiments;
  lore_experiment *experiment;
  lore_manifest *manifest;
  lore_run_values *values; /* per run: what it is swept to */
  lore_pool *pool;         /* of these */
  /* Of the experiment that is being expanded, without its axes. */
  lore_study base;
  lore_settings base_settings;
  /* Of the run that is being added, and of its parent. */
  lore_study study;
  lore_settings settings, parent_settings;
} lore_expansion;

/* Reads the settings of `experiment` without its axes into x->base. */
static lore_status read_base(lore_expansion *x, const lore_experiment *experiment) {
  lore_study_part ignored[] = LORE_STUDY_PARTS;
  lore_study_part own[] = {
      {.name = "sweep", .value = -1}, {.name = "start_from", .value = -1}, {0}};
  lore_settings_default(&x->base_settings);
  x->base = (lore_study){.settings = &x->base_settings, .file = &x->file};
  LORE_TRY(lore_study_read_mapping(&x->base, &x->yaml, 0, ignored));
  if (experiment->node >= 0)
    LORE_TRY(lore_study_read_mapping(&x->base, &x->overlay, experiment->node, own));
  for (int i = 0; i < x->overrides; i++)
    LORE_TRY(lore_study_read_override(&x->base, &x->override[i]));
  return LORE_OK;
}

/* Room for `runs` more. */
static lore_status make_room(lore_expansion *x, int64_t runs) {
  lore_manifest *m = x->manifest;
  size_t capacity = (size_t)m->runs + (size_t)runs;
  lore_manifest_run *run = realloc(m->run, (capacity + 1) * sizeof *run);
  if (run)
    m->run = run;
  lore_run_values *values = realloc(x->values, (capacity + 1) * sizeof *values);
  if (values)
    x->values = values;
  return run && values ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate %zu runs", capacity);
}

/* Values of a run while they are collected. */
typedef struct {
  int count;
  lore_swept swept[LORE_AXES_MAX];
} lore_value_list;

static lore_status add_value(void *context, int setting, const lore_axis_value *value) {
  lore_value_list *list = context;
  for (int i = 0; i < list->count; i++)
    if (list->swept[i].setting == setting) {
      int count;
      return lore_source_fail(value->source, value->at,
                              "'%s' is swept here and in the experiment that this one starts from; "
                              "sweep it in one of them",
                              lore_settings_table(&count)[setting].key);
    }
  if (list->count == LORE_AXES_MAX)
    return lore_source_fail(value->source, value->at, "at most %d settings can be swept",
                            LORE_AXES_MAX);
  list->swept[list->count++] = (lore_swept){setting, value};
  return LORE_OK;
}

/* What run `index`, of this parent (-1: none), is swept to at `point` of its experiment's axes. */
static lore_status collect_values(lore_expansion *x, const lore_experiment *experiment, int index,
                                  int parent, int64_t point) {
  lore_value_list list = {0};
  if (parent >= 0) {
    list.count = x->values[parent].count;
    memcpy(list.swept, x->values[parent].swept, (size_t)list.count * sizeof *list.swept);
  }
  LORE_TRY(lore_axes_each(&experiment->axes, point, add_value, &list));
  size_t size = (size_t)list.count * sizeof *list.swept;
  lore_swept *swept = lore_pool_take(&x->pool, size, _Alignof(lore_swept));
  if (!swept)
    return lore_fail(LORE_MEMORY, "cannot allocate %d runs", index + 1);
  memcpy(swept, list.swept, size);
  x->values[index] = (lore_run_values){list.count, swept};
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
  const lore_manifest_run *from = &x->manifest->run[parent];
  const lore_settings *settings = &x->settings;
  lore_integer_list *snapshots = &x->parent_settings.checkpoint.snapshots;
  int64_t wanted = experiment->step;
  size_t step_at = experiment->step_at;
  int before = snapshots->count;
  if (*experiment->reference) {
    wanted = settings->train.patch.reference;
    step_at = experiment->at;
  }
  char difference[256];
  if (!lore_settings_same_model(settings, &x->parent_settings, sizeof difference, difference))
    return lore_source_fail(x->overlay.source, experiment->at,
                            "the weights of '%s' do not fit this experiment: %s",
                            experiment->parent_name, difference);
  run->parent = parent;
  run->wave = from->wave + 1;
  run->parent_step = wanted < 0 ? from->steps : wanted;
  if (run->parent_step > from->steps)
    return lore_source_fail(
        x->overlay.source, step_at, "step %lld is beyond the %lld steps of '%s'",
        (long long)run->parent_step, (long long)from->steps, experiment->parent_name);
  if (run->parent_step == from->steps)
    return LORE_OK;
  if (!add_step(snapshots, run->parent_step))
    return lore_source_fail(x->overlay.source, step_at,
                            "'checkpoint.snapshots' of '%s' has no room for step %lld",
                            experiment->parent_name, (long long)run->parent_step);
  return snapshots->count == before
             ? LORE_OK
             : lore_manifest_set_settings(x->manifest, parent, &x->parent_settings, false);
}

/* The weights of another study must fit; runs with the first one's model need not be looked at. */
static lore_status link_weights(const lore_expansion *x, const lore_experiment *experiment,
                                lore_manifest_run *run) {
  char difference[256];
  const lore_manifest *m = x->manifest;
  run->start = experiment->weights;
  run->parent_step = run->start->about.step;
  if (m->runs > experiment->first_run &&
      lore_settings_same_model(&x->settings, &m->base[m->bases - 1], sizeof difference, difference))
    return LORE_OK;
  return lore_weights_check(x->overlay.source, experiment, &x->settings);
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
static lore_status name_failed_run(const lore_experiment *experiment, const lore_run_values *values,
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
                 table[values->swept[i].setting].key, values->swept[i].value->text);
  return *experiment->name
             ? lore_fail(status, "%s\nin experiment '%s'%s", message, experiment->name, names)
             : lore_fail(status, "%s\nin the run%s", message, names);
}

/* Settings of a run, from those of its experiment; the first `inherited` of its values are its
 * parent's. */
static lore_status resolve_settings(lore_expansion *x, const lore_experiment *experiment,
                                    bool child, int inherited, const lore_run_values *values) {
  lore_study *study = &x->study;
  int count, seed = lore_setting_find("seed");
  const lore_setting *table = lore_settings_table(&count);
  memcpy(&x->settings, &x->base_settings, sizeof x->settings);
  *study = x->base;
  study->settings = &x->settings;
  if (child && study->place[seed].source != x->overlay.source)
    x->settings.seed = x->parent_settings.seed;
  for (int i = 0; i < values->count; i++) {
    int setting = values->swept[i].setting;
    LORE_TRY(check_free(x, experiment, &study->place[setting], values->swept[i].value,
                        table[setting].key, i < inherited));
    LORE_TRY(lore_axis_apply(study, setting, values->swept[i].value));
  }
  lore_status status = lore_study_finish(study);
  if (status == LORE_OK && *experiment->reference)
    status = lore_patch_check(study, x->overlay.source, experiment, &x->parent_settings, values,
                              inherited);
  return name_failed_run(experiment, values, status);
}

/* What the run starts from must be there, fit, and not have been trained on what is to be new. */
static lore_status link_run(lore_expansion *x, const lore_experiment *experiment, int parent,
                            lore_manifest_run *run) {
  if (parent >= 0)
    LORE_TRY(link_parent(x, experiment, parent, run));
  if (experiment->weights)
    LORE_TRY(link_weights(x, experiment, run));
  return lore_trained_check(x->overlay.source,
                            experiment->file ? experiment->file_at : experiment->at, x->manifest,
                            run, &x->settings);
}

/* Of what decides the result: settings, and what it starts from. */
static uint64_t hash_run(const lore_expansion *x, const lore_manifest_run *run) {
  uint64_t hash = lore_settings_hash(&x->settings);
  if (run->parent >= 0) {
    uint64_t mixed[] = {hash, x->manifest->run[run->parent].hash, (uint64_t)run->parent_step};
    hash = XXH3_64bits(mixed, sizeof mixed);
  }
  return run->start ? lore_weights_hash(run->start, hash) : hash;
}

/* `name`: the experiment's, in the manifest's memory. The parent's settings are in x. */
static lore_status add_run(lore_expansion *x, const lore_experiment *experiment, const char *name,
                           int parent, int64_t point) {
  lore_manifest *m = x->manifest;
  int index = m->runs;
  lore_manifest_run *run = &m->run[index];
  *run = (lore_manifest_run){.experiment = name, .parent = -1};
  LORE_TRY(collect_values(x, experiment, index, parent, point));
  const lore_run_values *values = &x->values[index];
  int inherited = parent >= 0 ? x->values[parent].count : 0;
  LORE_TRY(resolve_settings(x, experiment, parent >= 0, inherited, values));
  if (lore_patch_wanted(&x->settings.train.patch) && !*experiment->reference)
    return lore_source_fail(&x->file, LORE_NOWHERE,
                            "'patch.from' belongs in an experiment of its own: 'experiments: {%s: "
                            "{...}, patched: {patch: {from: %s}}}'",
                            x->settings.train.patch.from, x->settings.train.patch.from);
  LORE_TRY(name_failed_run(experiment, values, link_run(x, experiment, parent, run)));
  run->hash = hash_run(x, run);
  LORE_TRY(lore_manifest_set_settings(m, index, &x->settings, index == experiment->first_run));
  m->runs++;
  return LORE_OK;
}

/* The seed that counted seeds begin with: the parent's unless the experiment has its own. */
static uint64_t first_seed(const lore_expansion *x, const lore_experiment *experiment) {
  if (experiment->parent >= 0 &&
      x->base.place[lore_setting_find("seed")].source != x->overlay.source)
    return x->manifest->run[x->experiment[experiment->parent].first_run].seed;
  return x->base_settings.seed;
}

static lore_status read_axes(lore_expansion *x, lore_experiment *experiment) {
  lore_axes *axes = &experiment->axes;
  LORE_TRY(read_base(x, experiment));
  LORE_TRY(lore_axes_read(&x->yaml, experiment->sweep, experiment->sweep_at,
                          first_seed(x, experiment), axes));
  return axes->table.text ? lore_manifest_keep_table(x->manifest, axes->table_name, &axes->table)
                          : LORE_OK;
}

/* All runs of an experiment whose parent's runs are there. */
static lore_status expand_experiment(lore_expansion *x, lore_experiment *experiment) {
  lore_manifest *m = x->manifest;
  int first = 0, last = 1;
  LORE_TRY(read_axes(x, experiment));
  int64_t points = lore_axes_points(&experiment->axes);
  bool child = experiment->parent >= 0;
  if (child) {
    first = x->experiment[experiment->parent].first_run;
    last = x->experiment[experiment->parent].last_run;
  }
  if (points * (last - first) > LORE_RUNS_MAX - m->runs)
    return lore_source_fail(&x->file, experiment->sweep_at,
                            "the study has more than %d runs; sweep less", LORE_RUNS_MAX);
  LORE_TRY(make_room(x, points * (last - first)));
  const char *name = lore_pool_copy(&m->pool, experiment->name);
  if (!name)
    return lore_fail(LORE_MEMORY, "cannot allocate the name of an experiment");
  experiment->first_run = m->runs;
  for (int parent = first; parent < last; parent++) {
    if (child)
      lore_manifest_settings(m, parent, &x->parent_settings);
    for (int64_t point = 0; point < points; point++)
      LORE_TRY(add_run(x, experiment, name, child ? parent : -1, point));
  }
  experiment->last_run = m->runs;
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
  snprintf(x->manifest->name, sizeof x->manifest->name, "%s", x->manifest->base[0].name);
  return lore_manifest_name_runs(&x->file, x->manifest, x->values);
}

/* Reads the settings of the study itself for their mistakes, and finds its parts. */
static lore_status read_parts(lore_expansion *x) {
  LORE_TRY(lore_yaml_read(&x->file, &x->yaml));
  LORE_TRY(lore_study_check_tree(&x->yaml));
  x->again = x->file;
  x->overlay = x->yaml;
  x->overlay.source = &x->again;
  lore_settings_default(&x->base_settings);
  x->base = (lore_study){.settings = &x->base_settings, .file = &x->file};
  return lore_study_read_mapping(&x->base, &x->yaml, 0, x->part);
}

static lore_status expand_study(lore_expansion *x, const char *path, int overrides,
                                const char *const *override) {
  LORE_TRY(lore_source_read(path, &x->file));
  LORE_TRY(lore_manifest_keep_study(x->manifest, &x->file));
  LORE_TRY(lore_manifest_keep_overrides(x->manifest, overrides, override));
  x->override = calloc((size_t)overrides + 1, sizeof *x->override);
  if (!x->override)
    return lore_fail(LORE_MEMORY, "cannot allocate %d overrides", overrides);
  for (; x->overrides < overrides; x->overrides++)
    x->override[x->overrides] = (lore_source){.option = override[x->overrides], .text = ""};
  LORE_TRY(read_parts(x));
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
  static const lore_study_part parts[] = LORE_STUDY_PARTS;
  *manifest = (lore_manifest){0};
  lore_expansion *x = calloc(1, sizeof *x);
  if (!x)
    return lore_fail(LORE_MEMORY, "cannot allocate a study");
  x->manifest = manifest;
  memcpy(x->part, parts, sizeof parts);
  lore_status status = expand_study(x, path, overrides, override);
  for (int e = 0; e < x->experiments; e++)
    lore_axes_destroy(&x->experiment[e].axes);
  free(x->experiment);
  free(x->values);
  lore_pool_destroy(&x->pool);
  free(x->override);
  lore_yaml_destroy(&x->yaml);
  lore_source_destroy(&x->file);
  free(x);
  return status;
}

void lore_manifest_warn(const lore_manifest *manifest) {
  lore_settings settings;
  int cut = 0, first = -1;
  int64_t length = 0, each;
  for (int r = 0; r < manifest->runs; r++) {
    lore_manifest_settings(manifest, r, &settings);
    if (lore_manifest_task_of(settings.task)->cuts_curriculum(&settings, &each) && cut++ == 0) {
      first = r;
      length = each;
    }
  }
  if (cut == 0)
    return;
  const lore_manifest_run *run = &manifest->run[first];
  char more[64] = "";
  if (cut > 1)
    snprintf(more, sizeof more, ", and so in %d other run%s", cut - 1, cut == 2 ? "" : "s");
  lore_warn("%s: the curriculum takes %lld steps, but training ends after %lld ('train.steps')%s",
            run->id, (long long)length, (long long)run->steps, more);
}
