/* One run from settings to files. */
#include "lore/run/run.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "lore/base/stop.h"
#include "lore/io/metrics_check.h"
#include "lore/io/path.h"
#include "lore/settings/hash.h"
#include "session.h"

lore_status lore_run_check_ranks(const lore_settings *settings, int ranks) {
  const lore_train_config *train = &settings->train;
  int shards = train->batch / train->shard;
  if (ranks <= shards || !lore_run_task_of(settings->task)->sharded)
    return LORE_OK;
  return lore_fail(
      LORE_USER,
      "%d ranks cannot share a batch of %d shard%s (train.batch %d / train.shard %d): use "
      "at most %d rank%s per run (--ranks-per-run) or smaller shards",
      ranks, shards, shards == 1 ? "" : "s", train->batch, train->shard, shards,
      shards == 1 ? "" : "s");
}

static bool is_aside(const lore_run *run) {
  const int most = run->options->deaths_max;
  return run->state.stage == LORE_RUN_FAILED && most > 0 && run->state.deaths >= most;
}

/* A process that trained the run `died`: counts that, and sets the run aside if it happens again
 * and again. Written at once, as this process may not live until the next time. */
static lore_status count_death(lore_run *run, bool died) {
  lore_state *state = &run->state;
  const int most = run->options->deaths_max;
  if (state->stage == LORE_RUN_FAILED && run->options->retry)
    state->deaths = 0;
  else if (died && !is_aside(run)) {
    state->deaths++;
    if (most > 0 && state->deaths >= most) {
      state->stage = LORE_RUN_FAILED;
      snprintf(
          state->message, sizeof state->message,
          "its process died %d times in a row, without a new checkpoint in between and without "
          "having been told to end (out of memory? lore check says what it needs); set aside "
          "until lore run --retry-failed",
          state->deaths);
    }
    LORE_TRY(lore_run_put_state(run));
  }
  return is_aside(run) ? lore_fail(LORE_ASIDE, "%s", state->message) : LORE_OK;
}

/* A run that is done has what its state says. Not in full: that is what lore verify is for. */
static lore_status check_results(const lore_run *run) {
  char message[LORE_STATE_MESSAGE];
  lore_status status = lore_metrics_check_run(run->result->directory, &run->state, false);
  if (status == LORE_OK)
    return status;
  snprintf(message, sizeof message, "%s", lore_fail_message());
  return lore_fail(status,
                   "the run was complete, but now: %s; lore run STUDY -o DIR --only %s --overwrite "
                   "trains it again",
                   message, run->id);
}

/* "n2 28797" becomes "process 28797 on n2". */
static void describe_holder(char *holder, size_t size) {
  char host[LORE_STATE_TEXT];
  long process;
  if (sscanf(holder, "%63s %ld", host, &process) == 2)
    snprintf(holder, size, "process %ld on %s", process, host);
}

/* Looks at what is in the directory, having taken it. LORE_OK with done_before or elsewhere set:
 * nothing is to be done. */
static lore_status examine_directory(lore_run *run) {
  lore_run_result *result = run->result;
  bool died = lore_state_died(result->directory);
  LORE_TRY(lore_state_lock(result->directory, &run->lock, result->holder));
  describe_holder(result->holder, sizeof result->holder);
  lore_status status = lore_state_read(result->directory, &run->state);
  bool complete = status == LORE_OK && run->state.stage == LORE_RUN_DONE;
  result->elsewhere = run->lock < 0 && (!complete || run->options->overwrite);
  if (result->elsewhere) /* a complete one is only looked at there, too */
    return LORE_OK;
  if (run->options->overwrite) { /* whatever the state says, be it damaged */
    lore_state_put_marks(run->lock, run->options->team.ranks);
    return LORE_OK;
  }
  LORE_TRY(status);
  LORE_TRY(lore_run_check_settings(run));
  if (run->state.hash && run->state.hash != run->hash)
    return lore_fail(LORE_USER,
                     "%s was begun from other weights; give another directory with -o or another "
                     "name, or begin it again with --overwrite",
                     result->directory);
  result->done_before = run->state.stage == LORE_RUN_DONE;
  if (run->state.stage == LORE_RUN_DIVERGED) /* it would again */
    return lore_fail(LORE_DIVERGED, "%s (in an earlier job; --overwrite begins it again)",
                     run->state.message);
  if (result->done_before) {
    if (run->lock >= 0)
      lore_resume_remove(run->checkpoints); /* if the process died before it could */
    return check_results(run);
  }
  LORE_TRY(count_death(run, died));
  lore_state_put_marks(run->lock, run->options->team.ranks);
  return LORE_OK;
}

/* From here on a rank that is told to end says so, until close_run. */
static void open_marks(lore_run *run) {
  if (!lore_run_leads(run))
    run->lock = lore_state_open_marks(run->result->directory);
  lore_stop_mark(run->lock, lore_state_mark_offset(run->options->team.rank));
}

static void close_marks(lore_run *run) {
  lore_stop_mark(-1, 0);
  if (run->lock >= 0 && lore_run_leads(run))
    lore_state_unlock(run->lock);
  else if (run->lock >= 0)
    close(run->lock);
}

static lore_status take_directory(lore_run *run) {
  const lore_run_options *o = run->options;
  if (o->id)
    snprintf(run->id, sizeof run->id, "%s", o->id);
  else
    snprintf(run->id, sizeof run->id, "%s-seed%llu", run->settings->name,
             (unsigned long long)run->settings->seed);
  LORE_TRY(lore_directory_of_run(o->directory, run->id, run->result->directory));
  LORE_TRY(lore_path_join(run->result->directory, LORE_PATH_CHECKPOINTS, run->checkpoints));
  if (!lore_run_leads(run))
    return LORE_OK;
  LORE_TRY(lore_directory_make(run->checkpoints));
  return examine_directory(run);
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

/* What the state says of the metrics file is what readers will find there, and is on disk before
 * the state says it. */
static lore_status finish_metrics(lore_run *run) {
  lore_metrics_summary summary;
  lore_status status = lore_metrics_finish(run->metrics, &summary);
  run->metrics = NULL;
  run->state.records = status == LORE_OK ? summary.records : 0;
  snprintf(run->state.checksum, sizeof run->state.checksum, "%s",
           status == LORE_OK ? summary.checksum : "");
  return status;
}

/* Not what is damaged in a complete run. */
static bool may_pass(const lore_run *run, lore_status status) {
  return lore_status_may_pass(status) && run->options->again && !run->result->done_before &&
         !lore_stop_wanted(0);
}

/* Writes into the state how the run ended, unless it was refused before it began. The message of
 * the failure stays as it is. */
static lore_status record_end(lore_run *run, lore_status status) {
  enum { MESSAGE = 4096, CUT = LORE_STATE_MESSAGE - 32 };
  char message[MESSAGE];
  snprintf(message, sizeof message, "%s", status == LORE_OK ? "" : lore_fail_message());
  if (run->metrics) {
    lore_status finished = finish_metrics(run);
    if (status == LORE_OK && finished != LORE_OK) {
      status = finished;
      snprintf(message, sizeof message, "%s", lore_fail_message());
    }
  }
  if (run->announced) {
    bool again = may_pass(run, status);
    run->state.stage = again ? LORE_RUN_STOPPED : stage_of(status);
    run->state.step = run->at.step;
    if (status == LORE_OK)
      run->state.deaths = 0;
    snprintf(run->state.message, sizeof run->state.message, "%.*s%s", CUT, message,
             again ? "; to be retried" : "");
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
    status = record_end(run, status);
  lore_evaluator_destroy(run->evaluator);
  lore_trainer_destroy(run->trainer);
  lore_provenance_free(&run->provenance);
  lore_assembly_destroy(&run->assembly);
  free(run->attention);
  lore_exposure_destroy(&run->exposure);
  close_marks(run);
  return lore_team_agree(run->options->team, status);
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
  lore_status status = lore_team_agree(options->team, take_directory(&run));
  bool nothing[] = {result->done_before, result->elsewhere};
  if (status == LORE_OK)
    status = lore_team_spread(options->team, nothing, sizeof nothing);
  result->done_before = nothing[0];
  result->elsewhere = nothing[1];
  bool trains = status == LORE_OK && !result->done_before && !result->elsewhere;
  if (trains)
    open_marks(&run);
  if (trains)
    status = lore_run_task_of(settings->task)->train(&run);
  return close_run(&run, status);
}
