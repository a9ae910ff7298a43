/* What runs start from, and whether that is right. */
#include "lineage.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lore/settings/effect.h"
#include "lore/settings/write.h"
#include "task.h"

_Static_assert((int)LORE_CHECKPOINT_RUN_MAX == (int)LORE_RUN_ID_MAX, "ids of runs fit");

/* --- weights of another study: `start_from: {file: PATH}` --- */

/* A failure of reading the file, told at its place in the study. */
static lore_status place_failure(const lore_source *source, const lore_experiment *experiment,
                                 lore_status status, const char *hint) {
  char message[2048];
  if (status == LORE_OK || status == LORE_MEMORY)
    return status;
  snprintf(message, sizeof message, "%s", lore_fail_message());
  return lore_source_fail(source, experiment->file_at, "%s%s", message, hint);
}

/* The manifest has a line for each run, and cells between tabs. */
static bool is_plain_path(const char *path) {
  for (; *path; path++)
    if (iscntrl((unsigned char)*path))
      return false;
  return true;
}

static lore_status describe_weights(const lore_source *source, const lore_experiment *experiment,
                                    lore_manifest_weights *weights) {
  LORE_TRY(lore_source_beside(source, experiment->file, &weights->name));
  LORE_TRY(place_failure(source, experiment,
                         lore_checkpoint_describe(weights->name, &weights->about),
                         "; 'file' is the path of a weights_*.nc that lore has written"));
  weights->path = realpath(weights->name, NULL);
  if (!weights->path)
    return lore_source_fail(source, experiment->file_at, "cannot find %s: %s", weights->name,
                            strerror(errno));
  if (!is_plain_path(weights->path))
    return lore_source_fail(source, experiment->file_at,
                            "the path of a file of weights has no control characters");
  return LORE_OK;
}

/* The settings of the run that wrote the weights. What an earlier version wrote and this one cannot
 * read is not known. */
static lore_status find_writer(lore_manifest_weights *weights) {
  char *text = NULL;
  lore_status status = lore_checkpoint_study(weights->name, &text);
  weights->settings = status == LORE_OK && text ? malloc(sizeof *weights->settings) : NULL;
  if (status == LORE_OK && text && !weights->settings)
    status = lore_fail(LORE_MEMORY, "cannot allocate settings");
  if (weights->settings)
    status = lore_settings_read_text(weights->name, text, weights->settings);
  free(text);
  if (status != LORE_USER)
    return status;
  free(weights->settings);
  weights->settings = NULL;
  return LORE_OK;
}

lore_status lore_weights_find(const lore_source *source, int count, lore_experiment *experiment,
                              lore_manifest *manifest) {
  manifest->weight = calloc((size_t)count + 1, sizeof *manifest->weight);
  if (!manifest->weight)
    return lore_fail(LORE_MEMORY, "cannot allocate a list of %d files", count);
  for (int e = 0; e < count; e++) {
    if (!experiment[e].file)
      continue;
    experiment[e].weights = &manifest->weight[manifest->weights++];
    LORE_TRY(describe_weights(source, &experiment[e], experiment[e].weights));
    LORE_TRY(place_failure(source, &experiment[e], find_writer(experiment[e].weights), ""));
  }
  return LORE_OK;
}

lore_status lore_weights_check(const lore_source *source, const lore_experiment *experiment,
                               const lore_settings *settings) {
  const lore_manifest_weights *weights = experiment->weights;
  const lore_manifest_task *task = lore_manifest_task_of(settings->task);
  const lore_manifest_task *writer =
      lore_manifest_task_of(weights->about.memory ? LORE_TASK_MEMORY : LORE_TASK_BIOGRAPHIES);
  if (task != writer)
    return lore_source_fail(source, experiment->file_at,
                            "%s holds weights of task %s, and this is task %s", weights->name,
                            writer->name, task->name);
  return place_failure(source, experiment, task->check_weights(weights->name, settings), "");
}

uint64_t lore_weights_hash(const lore_manifest_weights *weights, uint64_t hash) {
  const lore_checkpoint_about *about = &weights->about;
  uint64_t mixed[] = {hash, XXH3_64bits(about->checksum, strlen(about->checksum)),
                      (uint64_t)about->step, (uint64_t)about->steps_before};
  return XXH3_64bits(mixed, sizeof mixed);
}

/* --- what weights have been trained on: none of these individuals is held out, or new, for a run
 * that starts from the weights, unless it continues with the same new ones --- */

/* A run that has trained the weights, for some of its steps. */
typedef struct {
  const char *name;
  const lore_settings *settings;
} lore_teacher;

static const char *const kind_names[] = {LORE_PEOPLE_LIST(LORE_ENUM_NAME)};

static lore_population_config population_of(const lore_settings *s) {
  return lore_manifest_task_of(s->task)->population(s);
}

/* The individuals that are in both. */
static lore_range intersect_ranges(lore_range a, lore_range b) {
  int64_t first = a.first > b.first ? a.first : b.first;
  int64_t end = a.first + a.count < b.first + b.count ? a.first + a.count : b.first + b.count;
  return (lore_range){first, end > first ? end - first : 0};
}

/* What is to be done where the run's `here` meets the teacher's `there`. */
static void advise_counts(const lore_teacher *from, const lore_settings *settings, lore_people here,
                          lore_people there, size_t size, char *text) {
  const lore_manifest_task *task = lore_manifest_task_of(settings->task);
  lore_population_config before = population_of(from->settings), now = population_of(settings);
  lore_range range = lore_population_range(&before, there);
  int length = 0;
  if (here == LORE_PEOPLE_HELD_OUT)
    snprintf(text, size, "keep %s at %lld and %s at %lld, or give %s: 0", task->known,
             (long long)before.individuals, task->held_out, (long long)before.held_out,
             task->held_out);
  else if (there == LORE_PEOPLE_KNOWN)
    snprintf(text, size, "keep %s at %lld, so that new ones come behind", task->known,
             (long long)before.individuals);
  else
    length = snprintf(text, size, "with %s: %lld they are known, and new ones come behind them",
                      task->known, (long long)(range.first + range.count));
  if (here == LORE_PEOPLE_NEW && there == LORE_PEOPLE_THROW_AWAY)
    snprintf(text + length, size - (size_t)length,
             "; with %s: %lld in '%s' too, its throw-away individuals come behind the new ones",
             task->new_ones, (long long)now.new_ones, from->name);
}

/* Whom a run does not ask about, no ancestor has. */
static lore_status check_asked(const lore_source *source, size_t at, const lore_settings *s,
                               const lore_teacher *from) {
  int64_t before = from->settings->population.asked, now = s->population.asked;
  if (from->settings->distribution.questions <= 0 || now == 0 || now >= before)
    return LORE_OK;
  return lore_source_fail(
      source, at,
      "individuals %lld to %lld are not_asked here, but '%s' asked about them; keep "
      "population.asked at %lld",
      (long long)now, (long long)before - 1, from->name, (long long)before);
}

static lore_status check_teacher(const lore_source *source, size_t at, const lore_settings *s,
                                 const lore_teacher *from) {
  enum { UNSEEN = 3, SHOWN = 4 };
  static const lore_people unseen[UNSEEN] = {LORE_PEOPLE_HELD_OUT, LORE_PEOPLE_NEW,
                                             LORE_PEOPLE_INJECTED};
  static const lore_people shown[SHOWN] = {LORE_PEOPLE_KNOWN, LORE_PEOPLE_NEW,
                                           LORE_PEOPLE_THROW_AWAY, LORE_PEOPLE_INJECTED};
  lore_population_config now = population_of(s), before = population_of(from->settings);
  char advice[512];
  if (s->seed != from->settings->seed) /* other individuals */
    return LORE_OK;
  for (int i = 0; i < UNSEEN; i++)
    for (int j = 0; j < SHOWN; j++) {
      lore_range here = lore_population_range(&now, unseen[i]);
      lore_range there = lore_population_range(&before, shown[j]);
      lore_range met = intersect_ranges(here, there);
      bool further =
          unseen[i] == shown[j] && here.first == there.first && here.count == there.count;
      if (met.count == 0 || further ||
          !lore_manifest_task_of(from->settings->task)->trains_on(from->settings, shown[j]))
        continue;
      advise_counts(from, s, unseen[i], shown[j], sizeof advice, advice);
      return lore_source_fail(
          source, at,
          "%s %lld to %lld are %s here, but '%s' trained the weights on them (there: %s); %s",
          lore_manifest_task_of(s->task)->individuals, (long long)met.first,
          (long long)(met.first + met.count - 1), kind_names[unseen[i]], from->name,
          kind_names[shown[j]], advice);
    }
  return check_asked(source, at, s, from);
}

/* Of weights in a file one knows the run that wrote them, but not those that came before it. */
static lore_status check_writer(const lore_source *source, size_t at, const lore_settings *settings,
                                const lore_manifest_weights *start) {
  const lore_teacher from = {*start->about.run ? start->about.run : start->name, start->settings};
  if (!start->settings || start->about.step == 0)
    return LORE_OK;
  return check_teacher(source, at, settings, &from);
}

lore_status lore_trained_check(const lore_source *source, size_t at, const lore_manifest *manifest,
                               const lore_manifest_run *run, const lore_settings *settings) {
  lore_settings ancestor;
  const lore_settings *own = settings; /* of `run`, which goes from child to parent */
  /* A patched run has initial weights: its parent only lends patterns. */
  while (run->parent >= 0 && !lore_patch_wanted(&own->train.patch)) {
    int64_t steps = run->parent_step;
    lore_manifest_settings(manifest, run->parent, &ancestor);
    own = &ancestor;
    run = &manifest->run[run->parent];
    const lore_teacher teacher = {run->experiment, &ancestor};
    if (steps > 0)
      LORE_TRY(check_teacher(source, at, settings, &teacher));
  }
  return run->start ? check_writer(source, at, settings, run->start) : LORE_OK;
}

/* --- a patched run begins with the weights of its reference and sees the same samples --- */

enum { VALUE_SIZE = 8192 };

/* Where the experiment itself says so: in its settings or its sweep, or by an override. */
static const lore_place *find_own_place(const lore_study *study, int setting,
                                        const lore_source *overlay, const lore_run_values *values,
                                        int inherited) {
  const lore_place *place = &study->place[setting];
  bool own = place->source == overlay || (place->source && place->source->option);
  for (int i = inherited; i < values->count; i++)
    own |= values->swept[i].setting == setting;
  return own ? place : NULL;
}

lore_status lore_patch_check(const lore_study *study, const lore_source *overlay,
                             const lore_experiment *experiment, const lore_settings *reference,
                             const lore_run_values *values, int inherited) {
  char here[VALUE_SIZE], there[VALUE_SIZE];
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++) {
    if (!lore_setting_decides_start(&table[i], study->settings) ||
        !strcmp(lore_setting_print(&table[i], study->settings, VALUE_SIZE, here),
                lore_setting_print(&table[i], reference, VALUE_SIZE, there)))
      continue;
    lore_place from = {.source = overlay, .at = experiment->at};
    const lore_place *place = find_own_place(study, i, overlay, values, inherited);
    place = place ? place : &from;
    return lore_source_fail(place->source, place->at,
                            "'%s' is %.80s here and %.80s in '%s', whose attention this experiment "
                            "uses; initial weights and samples must be the same, so give both the "
                            "same value",
                            table[i].key, here, there, experiment->parent_name);
  }
  return LORE_OK;
}
