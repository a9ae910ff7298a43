/* Exporting what a run shows. */
#include "lore/run/export.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assignment.h"
#include "lore/base/textfile.h"
#include "lore/io/metrics_read.h"
#include "lore/io/path.h"
#include "lore/io/state.h"
#include "lore/run/assembly.h"
#include "lore/run/provenance.h"
#include "lore/settings/write.h"
#include "session.h"

enum { SETTINGS_MAX = 128, TEXT_MAX = 1 << 16 };

typedef struct {
  const lore_export_options *options;
  lore_assignment run;
  lore_run_options origin;
  lore_assembly assembly;
  lore_batch_source source; /* of the trainer */
  lore_provenance_list provenance;
  int scalars;
  lore_scalar scalar[SETTINGS_MAX];
  char text[TEXT_MAX]; /* of the scalars */
} lore_export;

static void fill_step(const void *context, lore_batch *batch, int64_t step, int64_t first,
                      int count) {
  const lore_export *e = context;
  e->source.fill(e->source.context, batch, (uint64_t)step, first, count);
}

static void fill_group(const void *context, lore_batch *batch, int64_t number, int64_t first,
                       int count) {
  const lore_export *e = context;
  const lore_population *population = e->assembly.population;
  const lore_group *group = &e->assembly.group[number];
  int64_t left = e->run.settings.evaluate.sequences - first;
  int biographies = left < 0 ? 0 : left < count ? (int)left : count;
  lore_batch_evaluation(batch, population, group->first, group->count, first, biographies);
  if (biographies < count)
    lore_batch_asking(batch, population, group->first, group->count, left < 0 ? -left : 0,
                      count - biographies);
}

/* Of a step, or of a group: questions come after as many biographies. */
static int count_sequences(const lore_export *e) {
  const lore_settings *s = &e->run.settings;
  if (!e->options->evaluation)
    return s->train.batch;
  return s->population.questions ? 2 * s->evaluate.sequences : s->evaluate.sequences;
}

static double learning_rate(const void *context, int64_t step) {
  const lore_export *e = context;
  return lore_learning_rate(&e->run.settings.train, step);
}

static lore_status check_steps(const lore_export *e) {
  const lore_export_options *o = e->options;
  int64_t steps = e->run.settings.train.steps;
  if (o->evaluation || o->last <= steps)
    return LORE_OK;
  return lore_fail(LORE_USER,
                   "--steps %" PRId64 ":%" PRId64 ": %s has steps 0 to %" PRId64
                   " (train.steps), so at most 0:%" PRId64,
                   o->first, o->last, e->run.id, steps - 1, steps);
}

/* The run in the directory of results has this study's settings and begins with the same weights.
 */
static lore_status check_results(const lore_export *e, const char *folder) {
  char differences[2048], path[LORE_PATH_MAX];
  lore_state state;
  int count;
  LORE_TRY(lore_path_join(folder, LORE_PATH_STUDY, path));
  if (access(path, R_OK))
    return lore_fail(LORE_FILE, "cannot read %s: %s", path, strerror(errno));
  LORE_TRY(
      lore_run_find_differences(folder, &e->run.settings, sizeof differences, differences, &count));
  if (count > 0)
    return lore_fail(LORE_USER,
                     "%s was begun with other settings:\n%s\nexport the study that it was trained "
                     "with (settings are given with -s)",
                     folder, differences);
  LORE_TRY(lore_state_read(folder, &state));
  if (state.hash && state.hash != e->run.hash)
    return lore_fail(LORE_USER, "%s was begun from other weights than this study's run", folder);
  return LORE_OK;
}

/* The first evaluation after `step`, with which a run begins. */
static int64_t next_evaluation(const lore_settings *s, int64_t step) {
  do
    step++;
  while (step < s->train.steps && !lore_evaluate_due(&s->evaluate, step, s->train.steps));
  return step;
}

/* When an adaptive curriculum has widened, by the same rule as in training. */
static lore_status find_widening(lore_export *e, const char *path) {
  const lore_assembly *a = &e->assembly;
  int64_t *widened = &e->assembly.source.sampler.widened_at, next = 0;
  lore_metrics_losses losses;
  lore_status status =
      lore_metrics_read_losses(path, a->subset >= 0 ? a->group[a->subset].name : "", &losses);
  for (size_t i = 0; i < losses.records && status == LORE_OK; i++) {
    *widened = lore_assembly_widen(a, *widened, losses.step[i], losses.loss[i]);
    next = next_evaluation(&e->run.settings, losses.step[i]);
  }
  lore_metrics_losses_free(&losses);
  LORE_TRY(status);
  if (*widened != LORE_NEVER || e->options->last <= next)
    return LORE_OK;
  return lore_fail(LORE_USER,
                   "with curriculum.kind adaptive, what %s shows from step %" PRId64
                   " on depends on its evaluation there, which %s does not have yet",
                   e->run.id, next, path);
}

static lore_status look_at_results(lore_export *e) {
  char folder[LORE_PATH_MAX], path[LORE_PATH_MAX];
  const lore_export_options *o = e->options;
  bool adaptive = e->run.settings.curriculum.kind == LORE_CURRICULUM_ADAPTIVE && !o->evaluation;
  if (!o->results && adaptive)
    return lore_fail(LORE_USER,
                     "with curriculum.kind adaptive, what a step shows depends on the run's own "
                     "evaluations: name the directory that it was trained in (--results DIR)");
  if (!o->results)
    return LORE_OK;
  LORE_TRY(lore_directory_of_run(o->results, e->run.id, folder));
  LORE_TRY(lore_path_join(folder, LORE_PATH_METRICS, path));
  LORE_TRY(check_results(e, folder));
  return adaptive ? find_widening(e, path) : LORE_OK;
}

static lore_status describe(lore_export *e) {
  const lore_settings *s = &e->run.settings;
  e->scalars = lore_settings_scalars(s, SETTINGS_MAX - LORE_ORIGIN_SCALARS, e->scalar,
                                     sizeof e->text, e->text);
  lore_origin_scalars(&e->origin, e->scalar + e->scalars);
  e->scalars += LORE_ORIGIN_SCALARS;
  LORE_TRY(lore_provenance_collect(s, e->options->command, 0, &e->provenance));
  LORE_TRY(lore_origin_add(&e->origin, e->run.id, &e->provenance));
  if (e->assembly.source.sampler.widened_at == LORE_NEVER)
    return LORE_OK;
  return lore_provenance_add(&e->provenance, "widened_at", "%" PRId64,
                             e->assembly.source.sampler.widened_at);
}

static lore_status write_tokens(const lore_export *e, lore_tokens_size *size) {
  const lore_export_options *o = e->options;
  const lore_assembly *a = &e->assembly;
  const lore_settings *s = &e->run.settings;
  lore_tokens tokens = {.title = s->name,
                        .vocabulary = a->vocabulary,
                        .longest = a->longest,
                        .sequences = count_sequences(e),
                        .fill = o->evaluation ? fill_group : fill_step,
                        .context = e,
                        .settings = e->scalars,
                        .setting = e->scalar,
                        .provenances = e->provenance.count,
                        .provenance = e->provenance.entry};
  if (o->evaluation) {
    tokens.groups = a->groups;
    tokens.group = a->group;
  } else {
    tokens.first_step = o->first;
    tokens.steps = o->last - o->first;
    tokens.learning_rate = learning_rate;
  }
  return lore_tokens_write(o->output, &tokens, size);
}

static lore_status export_run(lore_export *e, lore_tokens_size *size) {
  LORE_TRY(check_steps(e));
  LORE_TRY(lore_textfile_try(e->options->output, false));
  e->origin = lore_assignment_options(&e->run, "");
  LORE_TRY(lore_assembly_create(&e->run.settings, &e->assembly));
  e->assembly.source.sampler.first_step = e->run.first_step;
  e->source = lore_batch_source_of_population(&e->assembly.source);
  LORE_TRY(look_at_results(e));
  LORE_TRY(describe(e));
  return write_tokens(e, size);
}

lore_status lore_export_run(const lore_manifest *manifest, int run,
                            const lore_export_options *options, lore_tokens_size *size) {
  lore_export *e = calloc(1, sizeof *e);
  unsigned char *packed = malloc(lore_assignment_length(manifest, run));
  lore_status status = LORE_OK;
  if (!e || !packed) {
    status = lore_fail(LORE_MEMORY, "cannot allocate what is exported");
  } else {
    e->options = options;
    lore_assignment_pack(manifest, run, packed);
    lore_assignment_unpack(packed, &manifest->base[lore_assignment_base(packed)], &e->run);
    status = lore_run_task_of(e->run.settings.task)->tokens
                 ? export_run(e, size)
                 : lore_fail(LORE_USER,
                             "%s has no tokens to export: its task is pairs of keys and values "
                             "(lore show prints them)",
                             e->run.id);
    lore_provenance_free(&e->provenance);
    lore_assembly_destroy(&e->assembly);
  }
  free(packed);
  free(e);
  return status;
}
