/* Runs of task memory: the leader computes, the others only learn how it goes. They take seconds,
 * so there are no resume points. */
#include <math.h>

#include "level.h"
#include "lore/base/clock.h"
#include "lore/base/stop.h"
#include "lore/eval/pair_scores.h"
#include "lore/io/memory_checkpoint.h"
#include "lore/io/path.h"
#include "lore/train/memory_trainer.h"
#include "session.h"

enum { PAUSE = 256 /* steps between two looks for a reason to stop: a tenth of a second */ };

static const double stop_margin = 2; /* s before a deadline: nothing is left to be written then */

/* Groups and baselines, as far as they need no pairs. */
static void describe_pairs(lore_run *run) {
  const lore_settings *s = run->settings;
  lore_assembly *a = &run->assembly;
  a->threads = 1;
  a->groups = lore_pair_groups(&s->memory, a->group);
  a->held_out = s->memory.held_out > 0 ? 1 : -1;
  a->baseline = log(s->memory.values);
  run->at.settings_hash = run->hash;
  lore_phase_start(&run->at.detector, a->baseline, s->evaluate.plateau_margin);
}

/* The leader's memory, as it is before the first step. */
static lore_status make_memory(lore_run *run, lore_memory_trainer *trainer) {
  const lore_settings *s = run->settings;
  lore_gemm_backend wanted = s->compute.gemm;
  /* The products are too small to tell backends apart. */
  LORE_TRY(lore_gemm_select(wanted == LORE_GEMM_AUTO ? LORE_GEMM_BUILTIN : wanted));
  LORE_TRY(lore_memory_trainer_create(&s->memory, &s->train, s->seed, run->options->first_step,
                                      trainer));
  run->assembly.empirical_baseline = lore_pairs_empirical_baseline(&trainer->pairs);
  if (!run->options->start.path)
    return LORE_OK;
  LORE_TRY(lore_run_check_start(run));
  return lore_memory_checkpoint_read(run->options->start.path, &s->memory, trainer->parameters);
}

/* The pairs that steps draw from. */
static lore_draw draw_of(const lore_memory_config *c) {
  bool replay = c->new_pairs > 0 && c->replay_weight > 0;
  return (lore_draw){.first = c->new_pairs == 0 || replay ? 0 : c->pairs + c->held_out,
                     .count = c->new_pairs == 0 ? c->pairs : c->new_pairs + (replay ? c->pairs : 0),
                     .alpha = NAN};
}

static lore_status record_scores(lore_run *run, lore_memory_trainer *trainer) {
  const lore_assembly *a = &run->assembly;
  lore_draw draw = draw_of(&run->settings->memory);
  for (int g = 0; g < a->groups; g++)
    lore_pair_scores(&trainer->pairs, &a->group[g], trainer->parameters, trainer->rows,
                     &trainer->workspace, &run->group[g]);
  int phase =
      lore_phase_update(&run->at.detector, (double)run->at.step, run->group[0].attribute_loss);
  LORE_TRY(lore_run_append_record(run, phase, &draw));
  run->at.records++;
  run->at.loss_sum = 0;
  run->at.loss_tokens = 0;
  return LORE_OK;
}

/* What is due at the step that has been reached. */
static lore_status save_due(lore_run *run, lore_memory_trainer *trainer) {
  char path[LORE_PATH_MAX];
  if (lore_evaluate_due(&run->settings->evaluate, run->at.step, run->settings->train.steps))
    LORE_TRY(record_scores(run, trainer));
  if (!lore_run_keeps_weights(run))
    return LORE_OK;
  LORE_TRY(lore_run_weights_path(run, path));
  return lore_memory_checkpoint_write(path, &trainer->pairs, trainer->parameters, run->at.step,
                                      run->provenance.count, run->provenance.entry);
}

/* The leader's steps up to `pause`. */
static lore_status make_steps(lore_run *run, lore_memory_trainer *trainer, int64_t pause) {
  while (run->at.step < pause) {
    lore_memory_step step = lore_memory_trainer_step(trainer, run->at.step);
    LORE_TRY(lore_run_count_step(run, step.loss, run->settings->train.batch, step.gradient_norm));
    LORE_TRY(save_due(run, trainer));
  }
  return LORE_OK;
}

/* All ranks pause at the same steps and agree whether to go on, so that a signal to any of them
 * counts. */
static lore_status train_together(lore_run *run, lore_memory_trainer *trainer) {
  int64_t steps = run->settings->train.steps;
  bool leads = lore_run_leads(run);
  lore_status status = lore_run_lead(run, leads ? save_due(run, trainer) : LORE_OK);
  while (status == LORE_OK && run->at.step < steps) {
    int64_t left = steps - run->at.step, pause = run->at.step + (left < PAUSE ? left : PAUSE);
    if (leads)
      status = make_steps(run, trainer, pause);
    else
      run->at.step = pause;
    if (status == LORE_OK && pause < steps && lore_stop_wanted(stop_margin))
      status = lore_fail(LORE_STOPPED, "stopped by %s", lore_stop_reason());
    status = lore_team_agree(run->options->team, status);
  }
  return status;
}

static lore_status open_and_train(lore_run *run, lore_memory_trainer *trainer) {
  bool leads = lore_run_leads(run);
  describe_pairs(run);
  LORE_TRY(lore_run_choose_level(run));
  LORE_TRY(lore_run_lead(run, leads ? make_memory(run, trainer) : LORE_OK));
  LORE_TRY(lore_run_open_files(run, false));
  lore_progress_start(&run->progress, run->options->quiet || !leads, run->options->verbose,
                      run->assembly.held_out, run->settings->train.steps, 0, 0,
                      lore_memory_flops(&run->settings->memory));
  run->begin = lore_clock_seconds();
  lore_status status = train_together(run, trainer);
  lore_run_fill_result(run);
  return status;
}

static lore_status train_memory(lore_run *run) {
  lore_memory_trainer trainer = {0};
  lore_status status = open_and_train(run, &trainer);
  lore_memory_trainer_destroy(&trainer);
  return status;
}

const lore_run_task lore_run_memory = {.pairs = true, .train = train_memory};
