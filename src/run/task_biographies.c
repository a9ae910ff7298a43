/* Runs of task biographies: a transformer, trained by all ranks of the team. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exposure.h"
#include "level.h"
#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/stop.h"
#include "lore/base/threads.h"
#include "lore/io/checkpoint.h"
#include "lore/io/path.h"
#include "lore/model/decoder.h"
#include "session.h"

/* The leader's copy of a vector, to all. */
static lore_status spread_vector(const lore_run *run, real *vector) {
  return lore_team_spread(run->options->team, vector,
                          sizeof *vector * (size_t)run->assembly.model->elements);
}

/* The same of a moment, if all ranks have it as a whole; else each has got its part already. */
static lore_status spread_moment(const lore_run *run, const lore_elements *moment) {
  return moment->memory ? spread_vector(run, moment->memory) : LORE_OK;
}

/* A resume point of other settings can only be there if somebody has put it there. */
static lore_status check_resume_hash(const lore_run *run, const lore_resume *resume) {
  if (resume->settings_hash == run->hash && resume->step <= run->settings->train.steps)
    return LORE_OK;
  return lore_fail(LORE_USER,
                   "%s holds a checkpoint of other settings; start over with --overwrite",
                   run->checkpoints);
}

/* The weights in file `path`, on all ranks. */
static lore_status load_weights(const lore_run *run, const char *path, real *parameters) {
  int64_t step;
  lore_status status = LORE_OK;
  if (lore_run_leads(run))
    status = lore_checkpoint_read(path, run->assembly.model, parameters, &step);
  LORE_TRY(lore_run_lead(run, status));
  return spread_vector(run, parameters);
}

/* Puts the team at the newest resume point, else at the weights that it starts from, if any;
 * *resumed tells which. */
static lore_status resume_or_start(lore_run *run, bool *resumed) {
  const lore_team team = run->options->team;
  lore_training_state state = lore_trainer_state(run->trainer);
  lore_resume found;
  lore_status status = LORE_OK;
  *resumed = false;
  if (!lore_run_leads(run)) {
    status = lore_trainer_serve(run->trainer);
  } else {
    if (!run->options->overwrite)
      status = lore_resume_read(run->checkpoints, run->assembly.model, &state, &found, resumed);
    if (status == LORE_OK && *resumed)
      status = check_resume_hash(run, &found);
    LORE_TRY(lore_trainer_dismiss(run->trainer));
  }
  LORE_TRY(lore_run_lead(run, status));
  LORE_TRY(lore_team_spread(team, resumed, sizeof *resumed));
  if (*resumed) {
    LORE_TRY(lore_team_spread(team, &found, sizeof found));
    LORE_TRY(spread_vector(run, state.parameters));
    LORE_TRY(spread_moment(run, &state.first_moment));
    LORE_TRY(spread_moment(run, &state.second_moment));
    run->at = found;
    return LORE_OK;
  }
  const char *start = run->options->start.path;
  if (!start)
    return LORE_OK;
  LORE_TRY(lore_run_lead(run, lore_run_leads(run) ? lore_run_check_start(run) : LORE_OK));
  return load_weights(run, start, state.parameters);
}

/* Reads the weights whose attention is used, if there are any. */
static lore_status load_reference(const lore_run *run) {
  real *reference = lore_trainer_reference(run->trainer);
  if (!reference)
    return LORE_OK;
  if (!run->options->reference.path)
    return lore_fail(LORE_USER,
                     "'patch.from' %s: attention patching needs a study in which that "
                     "experiment is trained too",
                     run->settings->train.patch.from);
  return load_weights(run, run->options->reference.path, reference);
}

/* The backend that a resumed run was begun with. */
static lore_status find_first_backend(const lore_run *run, int *backend) {
  for (int b = LORE_GEMM_BUILTIN; b <= LORE_GEMM_ONEDNN; b++)
    if (!strcmp(run->at.gemm_backend, lore_gemm_name((lore_gemm_backend)b)) &&
        lore_gemm_has((lore_gemm_backend)b)) {
      *backend = b;
      return LORE_OK;
    }
  return lore_fail(LORE_USER,
                   "%s was begun with the matrix products of %s, which this build of lore lacks; "
                   "resume it with a build that has them, or begin it again with --overwrite",
                   run->result->directory, run->at.gemm_backend);
}

static lore_status choose_backend(const lore_run *run) {
  const lore_settings *s = run->settings;
  lore_gemm_backend backend = lore_gemm_for(s->model.precision, s->compute.gemm);
  if (backend == LORE_GEMM_AUTO)
    backend = run->options->gemm;
  if (backend == LORE_GEMM_AUTO)
    backend = LORE_GEMM_BUILTIN;
  LORE_TRY_TOGETHER(run->options->team, lore_gemm_select(backend));
  return LORE_OK;
}

/* One backend for all ranks and sessions, or sums would not have the same bits. */
static lore_status keep_backend(lore_run *run, bool resumed) {
  int backend = (int)lore_gemm_selected();
  if (resumed) {
    LORE_TRY_TOGETHER(run->options->team, find_first_backend(run, &backend));
    LORE_TRY_TOGETHER(run->options->team, lore_gemm_select((lore_gemm_backend)backend));
  }
  snprintf(run->at.gemm_backend, sizeof run->at.gemm_backend, "%s",
           lore_gemm_name((lore_gemm_backend)backend));
  return LORE_OK;
}

/* What every rank needs before it can train, without communication. */
static lore_status open_parts(lore_run *run) {
  const lore_settings *s = run->settings;
  lore_assembly *a = &run->assembly;
  LORE_TRY(lore_assembly_create(s, a));
  a->source.sampler.first_step = run->options->first_step;
  LORE_TRY(lore_threads_pin(a->threads));
  LORE_TRY(lore_exposure_create(lore_population_total(&s->population), &run->exposure));
  run->attention = calloc((size_t)s->model.layers, sizeof *run->attention);
  return run->attention ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate attention signatures");
}

static lore_status open_training(lore_run *run, bool *resumed) {
  const lore_settings *s = run->settings;
  const lore_team team = run->options->team;
  lore_assembly *a = &run->assembly;
  LORE_TRY(lore_run_check_ranks(s, team.ranks));
  LORE_TRY_TOGETHER(team, open_parts(run));
  LORE_TRY(lore_run_choose_level(run));
  LORE_TRY(choose_backend(run)); /* before threads are shared out */
  LORE_TRY(lore_trainer_create(a->model, &s->train, lore_batch_source_of_population(&a->source),
                               a->longest, team, a->threads, s->seed, &run->trainer));
  LORE_TRY_TOGETHER(
      team, lore_evaluator_create(a->model, a->population, &s->evaluate, a->groups, a->group, team,
                                  a->threads, lore_patch_wanted(&s->train.patch), &run->evaluator));
  lore_evaluator_expose(run->evaluator, &run->exposure);
  LORE_TRY(resume_or_start(run, resumed));
  LORE_TRY(load_reference(run));
  LORE_TRY(keep_backend(run, *resumed));
  if (!*resumed) {
    run->at.settings_hash = run->hash;
    run->at.widened_at = LORE_NEVER;
    lore_phase_start(&run->at.detector, run->assembly.baseline, s->evaluate.plateau_margin);
  }
  a->source.sampler.widened_at = run->at.widened_at;
  return lore_run_open_files(run, *resumed);
}

/* Keeps the longest time that the run once took between two looks at the clock. */
static void note_duration(lore_run *run, double since) {
  double seconds = lore_clock_seconds() - since;
  if (seconds > run->slowest)
    run->slowest = seconds;
}

/* Adaptive curriculum: if the subset's plateau is over, the others will come in. */
static void widen_curriculum(lore_run *run) {
  lore_assembly *a = &run->assembly;
  if (a->subset >= 0)
    run->at.widened_at = lore_assembly_widen(a, run->at.widened_at, run->at.step,
                                             run->group[a->subset].attribute_loss);
  a->source.sampler.widened_at = run->at.widened_at;
}

static lore_status record_evaluation(lore_run *run) {
  const lore_train_config *train = &run->settings->train;
  bool patched = lore_patch_active(&train->patch, run->at.step, train->steps);
  lore_evaluator_patch(run->evaluator, patched ? lore_trainer_reference(run->trainer) : NULL);
  lore_exposure_count(&run->exposure, &run->assembly.source.sampler, run->at.step);
  LORE_TRY(lore_evaluator_run(run->evaluator, lore_trainer_parameters(run->trainer), run->group,
                              run->attention));
  int phase =
      lore_phase_update(&run->at.detector, (double)run->at.step, run->group[0].attribute_loss);
  widen_curriculum(run);
  lore_draw draw = lore_sampler_of_batch(&run->assembly.source.sampler, run->at.step);
  lore_status status = lore_run_leads(run) ? lore_run_append_record(run, phase, &draw) : LORE_OK;
  run->at.records++;
  run->at.loss_sum = 0;
  run->at.loss_tokens = 0;
  return lore_run_lead(run, status);
}

static lore_status write_weights(const lore_run *run) {
  char path[LORE_PATH_MAX];
  if (!lore_run_leads(run))
    return LORE_OK;
  LORE_TRY(lore_run_weights_path(run, path));
  return lore_checkpoint_write(path, run->assembly.model, lore_trainer_parameters(run->trainer),
                               run->assembly.vocabulary, run->at.step, run->provenance.count,
                               run->provenance.entry);
}

static lore_status write_point(lore_run *run) {
  lore_training_state state = lore_trainer_state(run->trainer);
  run->at.seconds = lore_run_seconds(run);
  LORE_TRY(lore_metrics_flush(run->metrics)); /* never fewer records than the resume point counts */
  lore_metrics_checksum(run->metrics, run->at.records_checksum);
  return lore_resume_write(run->checkpoints, run->assembly.model, &state, run->assembly.vocabulary,
                           &run->at, run->provenance.count, run->provenance.entry);
}

static lore_status write_resume(lore_run *run) {
  if (!lore_run_leads(run))
    return lore_trainer_serve(run->trainer);
  lore_status status = write_point(run);
  LORE_TRY(lore_trainer_dismiss(run->trainer));
  LORE_TRY(status);
  run->state.step = run->at.step;
  run->state.records = run->at.records;
  run->state.deaths = 0;
  LORE_TRY(lore_run_put_state(run));
  if (run->options->progressed)
    run->options->progressed(run->options->context);
  return LORE_OK;
}

static lore_status train_step(lore_run *run) {
  lore_step step;
  LORE_TRY(lore_trainer_step(run->trainer, run->at.step, &step));
  LORE_TRY(lore_run_count_step(run, step.loss, step.tokens, step.gradient_norm));
  if (step.votes > 0)
    return lore_fail(LORE_STOPPED, "stopped by %s",
                     *lore_stop_reason() ? lore_stop_reason() : "another rank");
  return LORE_OK;
}

/* What is due at the step that has been reached, before the next. */
static lore_status save_due(lore_run *run, bool stopping) {
  const lore_settings *s = run->settings;
  int64_t step = run->at.step, steps = s->train.steps, every = s->checkpoint.every;
  bool evaluates = lore_evaluate_due(&s->evaluate, step, steps);
  bool keeps = lore_run_keeps_weights(run);
  bool resumes = step < steps && (stopping || (every > 0 && step > 0 && step % every == 0));
  double begin = lore_clock_seconds();
  if (evaluates || keeps || resumes)
    LORE_TRY(lore_trainer_wait(run->trainer));
  if (evaluates)
    LORE_TRY(record_evaluation(run));
  note_duration(run, begin);
  begin = lore_clock_seconds();
  if (keeps)
    LORE_TRY(lore_run_lead(run, write_weights(run)));
  if (step == steps)
    LORE_TRY(lore_run_lead(run, lore_run_leads(run) ? lore_exposure_write(run) : LORE_OK));
  if (resumes)
    LORE_TRY(lore_run_lead(run, write_resume(run)));
  note_duration(run, begin);
  return LORE_OK;
}

/* Seconds before a deadline at which to stop: room for what may come before the next look at the
 * clock, and for the checkpoint. */
static double stop_margin(const lore_run *run) {
  return 10 + 4 * run->slowest;
}

/* To the end, or until told to stop (LORE_STOPPED, after a checkpoint). */
static lore_status train_steps(lore_run *run, bool resumed) {
  int64_t steps = run->settings->train.steps;
  lore_status status = resumed ? LORE_OK : save_due(run, false);
  while (status == LORE_OK && run->at.step < steps) {
    double begin = lore_clock_seconds();
    if (lore_stop_wanted(stop_margin(run)))
      lore_trainer_vote(run->trainer);
    status = train_step(run);
    note_duration(run, begin);
    bool stopping = status == LORE_STOPPED;
    if (stopping)
      lore_stop_follow();
    if (stopping && run->at.step == steps)
      status = LORE_OK;
    if (status == LORE_OK || stopping) {
      lore_status kept = save_due(run, stopping);
      status = kept == LORE_OK ? status : kept;
    }
  }
  return status;
}

static lore_status train_biographies(lore_run *run) {
  lore_lengths lengths = {0};
  bool resumed;
  LORE_TRY(open_training(run, &resumed));
  LORE_TRY_TOGETHER(run->options->team, lore_assembly_lengths(&run->assembly, &lengths));
  lore_progress_start(&run->progress, run->options->quiet || !lore_run_leads(run),
                      run->options->verbose, run->assembly.held_out, run->settings->train.steps,
                      run->at.step, run->at.tokens_seen,
                      lore_model_flops_per_token(run->assembly.model,
                                                 lore_assembly_tokens(run->settings, lengths)));
  if (resumed && !run->options->quiet)
    lore_info("resumed at step %lld", (long long)run->at.step);
  run->result->resumed_at = resumed ? run->at.step : -1;
  run->begin = lore_clock_seconds() - run->at.seconds;
  lore_status status = train_steps(run, resumed);
  lore_run_fill_result(run);
  return status;
}

const lore_run_task lore_run_biographies = {
    .sharded = true, .tokens = true, .train = train_biographies};
