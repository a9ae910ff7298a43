/* The loop over steps: evaluations, weights, resume points. */
#include "training.h"

#include <assert.h>
#include <math.h>

#include "lore/base/clock.h"
#include "lore/base/stop.h"
#include "lore/io/checkpoint.h"
#include "lore/io/path.h"

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

static double elapsed(const lore_run *run) {
  return lore_clock_seconds() - run->begin;
}

/* Keeps the longest time that the run once took between two looks at the clock. */
static void note_duration(lore_run *run, double since) {
  double seconds = lore_clock_seconds() - since;
  if (seconds > run->slowest)
    run->slowest = seconds;
}

lore_status lore_run_append_record(lore_run *run, int phase, const lore_draw *draw) {
  const lore_resume *at = &run->at;
  lore_metrics_record record = {
      .step = at->step,
      .train_loss = at->step ? at->loss_sum / (double)at->loss_tokens : NAN,
      .learning_rate = lore_learning_rate(&run->settings->train, at->step ? at->step - 1 : 0),
      .gradient_norm = at->step ? at->gradient_norm : NAN,
      .tokens_seen = at->tokens_seen,
      .wall_time = elapsed(run),
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

/* Adaptive curriculum: the subset's plateau is over, so the others will come in. */
static void widen(lore_run *run) {
  const lore_assembly *a = &run->assembly;
  const lore_settings *s = run->settings;
  double level = a->subset_baseline * (1 - s->evaluate.plateau_margin);
  if (s->curriculum.kind == LORE_CURRICULUM_ADAPTIVE && run->at.widened_at == LORE_NEVER &&
      run->group[a->subset].attribute_loss < level)
    run->at.widened_at = run->at.step + s->curriculum.steps;
  run->assembly.source.sampler.widened_at = run->at.widened_at;
}

static lore_status record(lore_run *run) {
  const lore_train_config *train = &run->settings->train;
  bool patched = lore_patch_active(&train->patch, run->at.step, train->steps);
  lore_evaluator_patch(run->evaluator, patched ? lore_trainer_reference(run->trainer) : NULL);
  LORE_TRY(lore_evaluator_run(run->evaluator, lore_trainer_parameters(run->trainer), run->group,
                              run->attention));
  int phase =
      lore_phase_update(&run->at.detector, (double)run->at.step, run->group[0].attribute_loss);
  widen(run);
  lore_draw draw = lore_sampler_of_batch(&run->assembly.source.sampler, run->at.step);
  lore_status status = lore_run_leads(run) ? lore_run_append_record(run, phase, &draw) : LORE_OK;
  run->at.records++;
  run->at.loss_sum = 0;
  run->at.loss_tokens = 0;
  return lore_run_lead(run, status);
}

bool lore_run_keeps_weights(const lore_run *run) {
  const lore_integer_list *snapshots = &run->settings->checkpoint.snapshots;
  bool keeps = run->at.step == run->settings->train.steps;
  for (int i = 0; i < snapshots->count; i++)
    keeps |= snapshots->value[i] == run->at.step;
  return keeps;
}

lore_status lore_run_weights_path(const lore_run *run, char *path) {
  char name[64];
  snprintf(name, sizeof name, "weights_%08lld.nc", (long long)run->at.step);
  return lore_path_join(run->checkpoints, name, path);
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

static lore_status write_resume(lore_run *run) {
  if (!lore_run_leads(run))
    return LORE_OK;
  lore_training_state state = lore_trainer_state(run->trainer);
  run->at.seconds = elapsed(run);
  LORE_TRY(lore_metrics_flush(run->metrics)); /* never fewer records than the resume point counts */
  LORE_TRY(lore_resume_write(run->checkpoints, run->assembly.model, &state,
                             run->assembly.vocabulary, &run->at, run->provenance.count,
                             run->provenance.entry));
  run->state.step = run->at.step;
  return lore_run_put_state(run);
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
static lore_status keep(lore_run *run, bool stopping) {
  const lore_settings *s = run->settings;
  int64_t step = run->at.step, steps = s->train.steps, every = s->checkpoint.every;
  double begin = lore_clock_seconds();
  if (lore_evaluate_due(&s->evaluate, step, steps))
    LORE_TRY(record(run));
  note_duration(run, begin);
  begin = lore_clock_seconds();
  if (lore_run_keeps_weights(run))
    LORE_TRY(lore_run_lead(run, write_weights(run)));
  if (step == steps)
    LORE_TRY(lore_run_lead(run, lore_run_leads(run) ? lore_run_put_exposure(run) : LORE_OK));
  if (step < steps && (stopping || (every > 0 && step > 0 && step % every == 0)))
    LORE_TRY(lore_run_lead(run, write_resume(run)));
  note_duration(run, begin);
  return LORE_OK;
}

/* Seconds before a deadline at which to stop: room for what may come before the next look at the
 * clock, and for the checkpoint. */
static double margin(const lore_run *run) {
  return 10 + 4 * run->slowest;
}

lore_status lore_run_train(lore_run *run, bool resumed) {
  int64_t steps = run->settings->train.steps;
  lore_status status = resumed ? LORE_OK : keep(run, false);
  while (status == LORE_OK && run->at.step < steps) {
    double begin = lore_clock_seconds();
    if (lore_stop_wanted(margin(run)))
      lore_trainer_vote(run->trainer);
    status = train_step(run);
    note_duration(run, begin);
    bool stopping = status == LORE_STOPPED;
    if (stopping && run->at.step == steps)
      status = LORE_OK;
    if (status == LORE_OK || stopping) {
      lore_status kept = keep(run, stopping);
      status = kept == LORE_OK ? status : kept;
    }
  }
  return status;
}
