/* A run while this process trains it: who leads, its directory, state, files and records. */
#include "session.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/clock.h"
#include "lore/base/textfile.h"
#include "lore/io/checkpoint.h"
#include "lore/io/path.h"
#include "lore/io/resume.h"
#include "lore/model/kernels.h"
#include "lore/settings/hash.h"
#include "lore/settings/read.h"
#include "lore/settings/write.h"

bool lore_run_leads(const lore_run *run) {
  return run->options->team.rank == 0;
}

lore_status lore_run_lead(const lore_run *run, lore_status status) {
  return lore_team_agree(run->options->team, lore_run_leads(run) ? status : LORE_OK);
}

lore_status lore_run_put_state(lore_run *run) {
  run->state.updated = lore_clock_unix();
  return lore_state_write(run->result->directory, &run->state);
}

double lore_run_seconds(const lore_run *run) {
  return lore_clock_seconds() - run->begin;
}

lore_status lore_run_find_differences(const char *directory, const lore_settings *settings,
                                      size_t size, char *text, int *count) {
  char path[LORE_PATH_MAX];
  *count = 0;
  LORE_TRY(lore_path_join(directory, LORE_PATH_STUDY, path));
  if (access(path, F_OK))
    return LORE_OK;
  lore_settings *before = malloc(sizeof *before);
  if (!before)
    return lore_fail(LORE_MEMORY, "cannot allocate settings");
  lore_status status = lore_settings_read(path, 0, NULL, before);
  if (status == LORE_OK)
    *count = lore_settings_differences(before, settings, size, text);
  free(before);
  return status;
}

lore_status lore_run_check_settings(const lore_run *run) {
  const char *directory = run->result->directory;
  char differences[2048];
  int count;
  LORE_TRY(
      lore_run_find_differences(directory, run->settings, sizeof differences, differences, &count));
  if (count == 0)
    return LORE_OK;
  return lore_fail(
      LORE_USER,
      "%s was begun with other settings:\n%s\ngive another directory with -o or another "
      "name, or begin it again with --overwrite",
      directory, differences);
}

static lore_status write_settings(const lore_run *run) {
  char path[LORE_PATH_MAX];
  lore_textfile file;
  LORE_TRY(lore_path_join(run->result->directory, LORE_PATH_STUDY, path));
  LORE_TRY(lore_textfile_begin(path, false, &file));
  lore_settings_write(run->settings, file.stream);
  return lore_textfile_commit(&file);
}

/* Nothing of what is begun again may be taken for part of it. Weights of the same settings stay, as
 * others may begin from them meanwhile; they are written again. */
static lore_status forget_results(lore_run *run) {
  const char *const name[] = {LORE_PATH_EXPOSURE, LORE_PATH_PROBE};
  char path[LORE_PATH_MAX];
  for (int i = 0; i < 2; i++) {
    LORE_TRY(lore_path_join(run->result->directory, name[i], path));
    if (unlink(path) && errno != ENOENT)
      return lore_fail(LORE_FILE, "cannot remove %s: %s", path, strerror(errno));
  }
  lore_resume_remove(run->checkpoints);
  if (run->state.hash != run->hash)
    lore_resume_remove_weights(run->checkpoints);
  run->state = (lore_state){0};
  return LORE_OK;
}

/* Tells everybody that the run is being trained here. */
static lore_status announce_run(lore_run *run) {
  lore_state *state = &run->state;
  const char *job = getenv("SLURM_ARRAY_JOB_ID"), *task = getenv("SLURM_ARRAY_TASK_ID");
  if (run->options->overwrite)
    LORE_TRY(forget_results(run));
  run->announced = true;
  state->stage = LORE_RUN_RUNNING;
  state->hash = run->hash;
  state->step = run->at.step;
  state->steps = run->settings->train.steps;
  state->ranks = run->options->team.ranks;
  state->threads = run->assembly.threads;
  state->attempts++;
  state->records = run->at.records;
  state->checksum[0] = 0; /* until this session has ended, too */
  state->message[0] = 0;
  snprintf(state->isa, sizeof state->isa, "%s", lore_kernels()->name);
  gethostname(state->host, sizeof state->host - 1);
  if (job && task)
    snprintf(state->job, sizeof state->job, "%s_%s", job, task);
  else
    snprintf(state->job, sizeof state->job, "%s",
             getenv("SLURM_JOB_ID") ? getenv("SLURM_JOB_ID") : "");
  LORE_TRY(write_settings(run));
  return lore_run_put_state(run);
}

/* What a resumed run's attribute isa says in addition: a level of which it does not speak yet. */
static void describe_change(const lore_run *run, size_t size, char *text) {
  const char *isa = lore_kernels()->name;
  *text = 0;
  if (strcmp(run->earlier_isa, isa) != 0)
    snprintf(text, size, "; %s from step %lld", isa, (long long)run->at.step);
}

static lore_status open_metrics(lore_run *run, bool resumed) {
  enum { SETTINGS_MAX = 128, TEXT_MAX = 65536 };
  char change[LORE_STATE_TEXT + 64];
  const lore_assembly *a = &run->assembly;
  int layers = a->model ? a->model->config.layers : 0;
  char path[LORE_PATH_MAX];
  lore_scalar *setting = calloc(SETTINGS_MAX, sizeof *setting);
  char *text = malloc(TEXT_MAX);
  lore_status status = LORE_OK;
  if (!setting || !text)
    status = lore_fail(LORE_MEMORY, "cannot allocate the settings of the metrics file");
  if (status == LORE_OK)
    status = lore_path_join(run->result->directory, LORE_PATH_METRICS, path);
  describe_change(run, sizeof change, change);
  if (status == LORE_OK) {
    int settings = lore_settings_scalars(run->settings, SETTINGS_MAX - LORE_ORIGIN_SCALARS, setting,
                                         TEXT_MAX, text);
    lore_origin_scalars(run->options, setting + settings);
    lore_metrics_definition definition = {.title = run->settings->name,
                                          .groups = a->groups,
                                          .layers = layers,
                                          .attention_layers =
                                              a->model ? lore_model_attention_layers(a->model) : 0,
                                          .pairs = lore_run_task_of(run->settings->task)->pairs,
                                          .group = a->group,
                                          .settings = settings + LORE_ORIGIN_SCALARS,
                                          .setting = setting,
                                          .provenances = run->provenance.count,
                                          .provenance = run->provenance.entry,
                                          .change = {"isa", change},
                                          .no_knowledge_baseline = a->baseline,
                                          .empirical_baseline = a->empirical_baseline};
    status = resumed ? lore_metrics_resume(path, &definition, run->at.records,
                                           run->at.records_checksum, &run->metrics)
                     : lore_metrics_create(path, &definition, &run->metrics);
  }
  free(setting);
  free(text);
  return status;
}

/* What is written at the end only: weights may be on another file system, behind a link. */
static lore_status try_results(const lore_run *run) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_path_of_weights(run->result->directory, run->settings->train.steps, path));
  LORE_TRY(lore_textfile_try(path, false));
  LORE_TRY(lore_path_join(run->result->directory, LORE_PATH_EXPOSURE, path));
  return lore_textfile_try(path, false);
}

lore_status lore_run_open_files(lore_run *run, bool resumed) {
  lore_status status = LORE_OK;
  if (lore_run_leads(run)) {
    status = announce_run(run);
    if (status == LORE_OK)
      status = try_results(run);
    if (status == LORE_OK)
      status = lore_provenance_collect(run->settings, run->options->command, run->assembly.threads,
                                       &run->provenance);
    if (status == LORE_OK)
      status = lore_origin_add(run->options, run->id, &run->provenance);
    if (status == LORE_OK)
      status = open_metrics(run, resumed);
  }
  return lore_run_lead(run, status);
}

lore_status lore_run_check_start(const lore_run *run) {
  const lore_weights *start = &run->options->start;
  lore_checkpoint_about about;
  if (!start->checksum)
    return LORE_OK;
  lore_path_appears(start->path, run->id);
  LORE_TRY(lore_checkpoint_describe(start->path, &about));
  if (!strcmp(about.checksum, start->checksum))
    return LORE_OK;
  return lore_fail(LORE_FILE, "%s was replaced since the study was read; rerun", start->path);
}

lore_status lore_run_count_step(lore_run *run, double loss, int64_t tokens, double gradient_norm) {
  lore_resume *at = &run->at;
  at->step++;
  at->tokens_seen += tokens;
  at->loss_sum += loss * (double)tokens;
  at->loss_tokens += tokens;
  at->gradient_norm = gradient_norm;
  if (!isfinite(loss) || !isfinite(gradient_norm))
    return lore_fail(LORE_DIVERGED,
                     "training diverged: loss %g and gradient norm %g at step %lld; a lower "
                     "train.learning_rate or train.clip may help",
                     loss, gradient_norm, (long long)at->step - 1);
  lore_progress_step(&run->progress, at->step, at->tokens_seen);
  return LORE_OK;
}

lore_status lore_run_append_record(lore_run *run, int phase, const lore_draw *draw) {
  const lore_resume *at = &run->at;
  lore_metrics_record record = {
      .step = at->step,
      .train_loss = at->step ? at->loss_sum / (double)at->loss_tokens : NAN,
      .learning_rate = lore_learning_rate(&run->settings->train, at->step ? at->step - 1 : 0),
      .gradient_norm = at->step ? at->gradient_norm : NAN,
      .tokens_seen = at->tokens_seen,
      .wall_time = lore_run_seconds(run),
      .phase = phase,
      .draw = *draw,
      .group = run->group,
      .attention = run->attention,
      .plateau_start = at->detector.plateau_start,
      .plateau_end = at->detector.plateau_end};
  LORE_TRY(lore_metrics_append(run->metrics, &record));
  lore_progress_record(&run->progress, &record);
  return LORE_OK;
}

bool lore_run_keeps_weights(const lore_run *run) {
  const lore_integer_list *snapshots = &run->settings->checkpoint.snapshots;
  bool keeps = run->at.step == run->settings->train.steps;
  for (int i = 0; i < snapshots->count; i++)
    keeps |= snapshots->value[i] == run->at.step;
  return keeps;
}

lore_status lore_run_weights_path(const lore_run *run, char *path) {
  return lore_path_of_weights(run->result->directory, run->at.step, path);
}

void lore_run_fill_result(const lore_run *run) {
  lore_run_result *r = run->result;
  r->step = run->at.step;
  r->tokens = run->at.tokens_seen;
  r->seconds = lore_run_seconds(run);
  r->attribute_loss = run->group[0].attribute_loss;
  r->attribute_accuracy = run->group[0].attribute_accuracy;
  int held_out = run->assembly.held_out;
  r->held_out_loss = held_out >= 0 ? run->group[held_out].attribute_loss : NAN;
  r->plateau_start = run->at.detector.plateau_start;
  r->plateau_end = run->at.detector.plateau_end;
}
