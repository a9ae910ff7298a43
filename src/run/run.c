/* One run from settings to files. */
#include "lore/run/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/stop.h"
#include "lore/base/threads.h"
#include "lore/io/path.h"
#include "lore/manifest/manifest.h"
#include "lore/model/decoder.h"
#include "lore/settings/hash.h"
#include "origin.h"
#include "training.h"

lore_status lore_run_check_ranks(const lore_settings *settings, int ranks) {
  const lore_train_config *train = &settings->train;
  int shards = train->batch / train->shard;
  if (ranks <= shards || settings->task == LORE_TASK_MEMORY)
    return LORE_OK;
  return lore_fail(
      LORE_USER,
      "%d ranks cannot share a batch of %d shards (train.batch %d / train.shard %d): use "
      "at most %d ranks per run (--ranks-per-run) or smaller shards",
      ranks, shards, train->batch, train->shard, shards);
}

void lore_run_id(const lore_settings *settings, size_t size, char *id) {
  snprintf(id, size, "%s-seed%llu", settings->name, (unsigned long long)settings->seed);
}

/* Looks at what is in the directory, having taken it. LORE_OK with done_before or elsewhere set:
 * nothing is to be done. */
static lore_status look(lore_run *run) {
  lore_run_result *result = run->result;
  LORE_TRY(lore_state_lock(result->directory, &run->lock, result->holder));
  result->elsewhere = run->lock < 0;
  if (result->elsewhere)
    return LORE_OK;
  LORE_TRY(lore_state_read(result->directory, &run->state));
  if (run->options->overwrite)
    return LORE_OK;
  LORE_TRY(lore_directory_check(result->directory, run->settings));
  if (run->state.hash && run->state.hash != run->hash)
    return lore_fail(LORE_USER,
                     "%s was begun from other weights; give another directory with -o or another "
                     "name, or begin it again with --overwrite",
                     result->directory);
  result->done_before = run->state.stage == LORE_RUN_DONE;
  if (run->state.stage == LORE_RUN_DIVERGED) /* it would again */
    return lore_fail(LORE_DIVERGED, "%s (in an earlier job; --overwrite begins it again)",
                     run->state.message);
  return LORE_OK;
}

static lore_status take_directory(lore_run *run) {
  const lore_run_options *o = run->options;
  if (o->id)
    snprintf(run->id, sizeof run->id, "%s", o->id);
  else
    lore_run_id(run->settings, sizeof run->id, run->id);
  LORE_TRY(lore_directory_of_run(o->directory, run->id, run->result->directory));
  LORE_TRY(lore_path_join(run->result->directory, "checkpoints", run->checkpoints));
  if (!lore_run_leads(run))
    return LORE_OK;
  LORE_TRY(lore_directory_make(run->checkpoints));
  return look(run);
}

/* Tells everybody that the run is being trained here. */
static lore_status announce(lore_run *run) {
  lore_state *state = &run->state;
  const char *job = getenv("SLURM_ARRAY_JOB_ID"), *task = getenv("SLURM_ARRAY_TASK_ID");
  if (run->options->overwrite) {
    *state = (lore_state){0};
    lore_resume_remove(run->checkpoints);
  }
  run->announced = true;
  state->stage = LORE_RUN_RUNNING;
  state->hash = run->hash;
  state->step = run->at.step;
  state->steps = run->settings->train.steps;
  state->ranks = run->options->team.ranks;
  state->threads = run->assembly.threads;
  state->attempts++;
  state->message[0] = 0;
  gethostname(state->host, sizeof state->host - 1);
  if (job && task)
    snprintf(state->job, sizeof state->job, "%s_%s", job, task);
  else
    snprintf(state->job, sizeof state->job, "%s",
             getenv("SLURM_JOB_ID") ? getenv("SLURM_JOB_ID") : "");
  LORE_TRY(lore_directory_put_settings(run->result->directory, run->settings));
  return lore_run_put_state(run);
}

/* Picks the GEMM backend by timing them on this run's shapes, unless the study names one. */
static lore_status time_backends(const lore_run *run) {
  const lore_assembly *a = &run->assembly;
  enum { ROWS_MAX = 512 };
  lore_gemm_shape shapes[LORE_GEMM_SHAPES_MAX];
  char text[128];
  int rows = run->settings->train.shard * a->longest;
  double operations = lore_model_flops_per_token(a->model, 0);
  double affordable =
      3e9 / operations; /* rows, so that a pass takes a few hundredths of a second */
  if (rows > affordable)
    rows = affordable > 64 ? (int)affordable : 64;
  int count = lore_decoder_gemm_shapes(a->model, rows < ROWS_MAX ? rows : ROWS_MAX, shapes);
  LORE_TRY(lore_gemm_choose(shapes, count, a->threads, 0.3, sizeof text, text));
  if (!run->options->quiet)
    lore_info("matrix products: %s", text);
  return LORE_OK;
}

/* One backend for all ranks and sittings, or sums would not have the same bits. */
static lore_status choose_backend(lore_run *run, bool resumed) {
  const lore_team team = run->options->team;
  int backend = (int)run->settings->compute.gemm;
  lore_status status = LORE_OK;
  for (int b = LORE_GEMM_BUILTIN; resumed && b <= LORE_GEMM_ONEDNN; b++)
    if (!strcmp(run->at.gemm_backend, lore_gemm_name((lore_gemm_backend)b)))
      backend = b;
  if (backend == LORE_GEMM_AUTO) {
    if (lore_run_leads(run))
      status = time_backends(run);
    LORE_TRY(lore_run_lead(run, status));
    backend = (int)lore_gemm_selected();
    if (team.ranks > 1)
      MPI_Bcast(&backend, 1, MPI_INT, 0, team.comm);
  }
  LORE_TRY_TOGETHER(team, lore_gemm_select((lore_gemm_backend)backend));
  snprintf(run->at.gemm_backend, sizeof run->at.gemm_backend, "%s",
           lore_gemm_name((lore_gemm_backend)backend));
  return LORE_OK;
}

static lore_status open_metrics(lore_run *run, bool resumed) {
  enum { SETTINGS_MAX = 128, TEXT_MAX = 65536 };
  const lore_assembly *a = &run->assembly;
  int layers = a->model ? a->model->config.layers : 0;
  char path[LORE_PATH_MAX];
  lore_scalar *setting = calloc(SETTINGS_MAX, sizeof *setting);
  char *text = malloc(TEXT_MAX);
  lore_status status = LORE_OK;
  if (!setting || !text)
    status = lore_fail(LORE_MEMORY, "no memory for the settings of the metrics file");
  if (status == LORE_OK)
    status = lore_path_join(run->result->directory, "metrics.nc", path);
  if (status == LORE_OK) {
    int settings = lore_settings_scalars(run->settings, SETTINGS_MAX - LORE_ORIGIN_SCALARS, setting,
                                         TEXT_MAX, text);
    lore_origin_scalars(run->options, setting + settings);
    lore_metrics_definition definition = {.title = run->settings->name,
                                          .groups = a->groups,
                                          .layers = layers,
                                          .attention_layers =
                                              a->model ? lore_model_attention_layers(a->model) : 0,
                                          .pairs = run->settings->task == LORE_TASK_MEMORY,
                                          .group = a->group,
                                          .settings = settings + LORE_ORIGIN_SCALARS,
                                          .setting = setting,
                                          .provenances = run->provenance.count,
                                          .provenance = run->provenance.entry,
                                          .no_knowledge_baseline = a->baseline,
                                          .empirical_baseline = a->empirical_baseline};
    status = resumed ? lore_metrics_resume(path, &definition, run->at.records, &run->metrics)
                     : lore_metrics_create(path, &definition, &run->metrics);
  }
  free(setting);
  free(text);
  return status;
}

lore_status lore_run_open_files(lore_run *run, bool resumed) {
  lore_status status = LORE_OK;
  if (lore_run_leads(run)) {
    status = announce(run);
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

/* What every rank needs before it can train, without communication. */
static lore_status open_parts(lore_run *run) {
  const lore_settings *s = run->settings;
  lore_assembly *a = &run->assembly;
  LORE_TRY(lore_assembly_create(s, a));
  a->source.sampler.first_step = run->options->first_step;
  LORE_TRY(lore_threads_pin(a->threads));
  run->attention = calloc((size_t)s->model.layers, sizeof *run->attention);
  return run->attention ? LORE_OK : lore_fail(LORE_MEMORY, "no memory for attention signatures");
}

static lore_status open_run(lore_run *run, bool *resumed) {
  const lore_settings *s = run->settings;
  const lore_team team = run->options->team;
  lore_assembly *a = &run->assembly;
  LORE_TRY(lore_run_check_ranks(s, team.ranks));
  LORE_TRY_TOGETHER(team, open_parts(run));
  LORE_TRY(lore_trainer_create(a->model, &s->train, lore_batch_source_of_population(&a->source),
                               a->longest, team, a->threads, s->seed, &run->trainer));
  LORE_TRY_TOGETHER(
      team, lore_evaluator_create(a->model, a->population, &s->evaluate, a->groups, a->group, team,
                                  a->threads, lore_patch_wanted(&s->train.patch), &run->evaluator));
  LORE_TRY(lore_run_resume(run, resumed));
  LORE_TRY(lore_run_take_reference(run));
  LORE_TRY(choose_backend(run, *resumed));
  if (!*resumed) {
    run->at.settings_hash = run->hash;
    run->at.widened_at = LORE_NEVER;
    lore_phase_start(&run->at.detector, run->assembly.baseline, s->evaluate.plateau_margin);
  }
  a->source.sampler.widened_at = run->at.widened_at;
  return lore_run_open_files(run, *resumed);
}

static lore_run_stage stage_of(lore_status status) {
  switch (status) {
  case LORE_OK:
    return LORE_RUN_DONE;
  case LORE_STOPPED:
    return LORE_RUN_STOPPED;
  case LORE_DIVERGED:
    return LORE_RUN_DIVERGED;
  default:
    return LORE_RUN_FAILED;
  }
}

/* Leaves word of how it ended, unless it was refused before it began; what has been said of the
 * failure stays what is said. */
static lore_status leave(lore_run *run, lore_status status) {
  char message[LORE_STATE_MESSAGE];
  snprintf(message, sizeof message, "%s", status == LORE_OK ? "" : lore_fail_message());
  if (run->metrics) {
    lore_status closed = lore_metrics_close(run->metrics);
    status = status == LORE_OK ? closed : status;
  }
  if (run->announced) {
    run->state.stage = stage_of(status);
    run->state.step = run->at.step;
    snprintf(run->state.message, sizeof run->state.message, "%s", message);
    lore_status written = lore_run_put_state(run);
    if (written == LORE_OK && status == LORE_OK)
      lore_resume_remove(run->checkpoints);
    if (status == LORE_OK)
      return written;
  }
  return *message ? lore_fail(status, "%s", message) : status;
}

static lore_status close_run(lore_run *run, lore_status status) {
  lore_progress_stop(&run->progress);
  if (lore_run_leads(run))
    status = leave(run, status);
  lore_evaluator_destroy(run->evaluator);
  lore_trainer_destroy(run->trainer);
  lore_provenance_free(&run->provenance);
  lore_assembly_destroy(&run->assembly);
  free(run->attention);
  if (run->lock >= 0)
    lore_state_unlock(run->lock);
  return lore_team_agree(run->options->team, status);
}

void lore_run_fill_result(const lore_run *run) {
  lore_run_result *r = run->result;
  r->step = run->at.step;
  r->tokens = run->at.tokens_seen;
  r->seconds = lore_clock_seconds() - run->begin;
  r->attribute_loss = run->group[0].attribute_loss;
  r->attribute_accuracy = run->group[0].attribute_accuracy;
  int held_out = run->assembly.held_out;
  r->held_out_loss = held_out >= 0 ? run->group[held_out].attribute_loss : NAN;
  r->plateau_start = run->at.detector.plateau_start;
  r->plateau_end = run->at.detector.plateau_end;
}

static lore_status train_run(lore_run *run) {
  double mean_tokens = 0;
  bool resumed;
  LORE_TRY(open_run(run, &resumed));
  LORE_TRY_TOGETHER(run->options->team, lore_assembly_mean_tokens(&run->assembly, &mean_tokens));
  lore_progress_start(&run->progress, run->options->quiet || !lore_run_leads(run),
                      run->assembly.held_out, run->settings->train.steps, run->at.step,
                      run->at.tokens_seen,
                      lore_model_flops_per_token(run->assembly.model, mean_tokens));
  if (resumed && !run->options->quiet)
    lore_info("going on from step %lld", (long long)run->at.step);
  run->result->resumed_at = resumed ? run->at.step : -1;
  run->begin = lore_clock_seconds() - run->at.seconds;
  lore_status status = lore_run_train(run, resumed);
  lore_run_fill_result(run);
  return status;
}

lore_status lore_run_execute(const lore_settings *settings, const lore_run_options *options,
                             lore_run_result *result) {
  lore_run run = {.settings = settings,
                  .options = options,
                  .result = result,
                  .hash = options->hash ? options->hash : lore_settings_hash(settings),
                  .lock = -1,
                  .progress = {.quiet = true}};
  *result = (lore_run_result){.held_out_loss = NAN,
                              .resumed_at = -1,
                              .steps = settings->train.steps,
                              .plateau_start = -1,
                              .plateau_end = -1};
  int nothing[2];
  lore_status status = lore_team_agree(options->team, take_directory(&run));
  nothing[0] = result->done_before;
  nothing[1] = result->elsewhere;
  if (options->team.ranks > 1)
    MPI_Bcast(nothing, 2, MPI_INT, 0, options->team.comm);
  result->done_before = nothing[0];
  result->elsewhere = nothing[1];
  if (status == LORE_OK && !result->done_before && !result->elsewhere)
    status = settings->task == LORE_TASK_MEMORY ? lore_run_train_memory(&run) : train_run(&run);
  return close_run(&run, status);
}
