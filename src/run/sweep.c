/* Groups of ranks and the runs that they take. */
#include "lore/run/sweep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/stop.h"
#include "lore/io/path.h"
#include "lore/io/state.h"
#include "queue.h"

typedef struct {
  const lore_manifest *manifest;
  const lore_sweep_options *options;
  lore_team world, group;
  lore_queue queue;
  int trained;
  double begin;       /* clocks of all nodes are compared: seconds since 1970 */
  double last_taken;  /* when this group took its last run */
  double free_since;  /* when this group last ended a run */
  double waited;      /* s between runs */
  lore_status status; /* of the only run */
  lore_run_result last;
} lore_sweep;

/* Ranks that train one run together. */
static int group_size(int ranks, const lore_manifest *manifest, int ranks_per_run) {
  if (ranks_per_run > 0)
    return ranks_per_run;
  return manifest->runs == 1 && ranks > 0 ? ranks : 1;
}

lore_status lore_sweep_check_ranks(int ranks, const lore_manifest *manifest, int ranks_per_run) {
  ranks_per_run = group_size(ranks, manifest, ranks_per_run);
  int groups = ranks / ranks_per_run;
  if (ranks % ranks_per_run)
    return lore_fail(LORE_USER,
                     "%d ranks cannot be divided into groups of %d (--ranks-per-run); start a "
                     "multiple of %d",
                     ranks, ranks_per_run, ranks_per_run);
  if (groups > manifest->runs)
    return lore_fail(
        LORE_USER,
        "%d groups of %d ranks (--ranks-per-run), but the study has %d run%s; use fewer "
        "ranks or more per run",
        groups, ranks_per_run, manifest->runs, manifest->runs == 1 ? "" : "s");
  for (int r = 0; r < manifest->runs; r++) {
    lore_status status = lore_run_check_ranks(&manifest->run[r].settings, ranks_per_run);
    if (status != LORE_OK && manifest->runs > 1)
      lore_fail_context(status, "run %s", manifest->run[r].id);
    LORE_TRY(status);
  }
  return LORE_OK;
}

/* Somebody in another group was told to stop; also lets MPI make progress for those who ask rank 0.
 */
static bool others_stopped(void *context) {
  lore_sweep *sweep = context;
  int flag;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, sweep->world.comm, &flag, MPI_STATUS_IGNORE);
  return sweep->group.rank == 0 && lore_queue_stopped(&sweep->queue);
}

/* A run that is complete needs no weights any more. */
static bool was_done(const lore_sweep *sweep, const lore_manifest_run *run) {
  char directory[LORE_PATH_MAX];
  lore_state state;
  return !sweep->options->overwrite &&
         lore_directory_of_run(sweep->options->directory, run->id, directory) == LORE_OK &&
         lore_state_read(directory, &state) == LORE_OK && state.stage == LORE_RUN_DONE;
}

/* The weights of the parent or of another study, if there are any. */
static lore_status find_weights(const lore_sweep *sweep, const lore_manifest_run *run, char *path,
                                lore_weights *weights) {
  char directory[LORE_PATH_MAX];
  *weights = (lore_weights){0};
  const lore_manifest_weights *start = run->start;
  if (start)
    *weights =
        (lore_weights){start->path, start->about.run, start->about.step, start->about.checksum};
  if (run->parent < 0)
    return LORE_OK;
  const char *parent = sweep->manifest->run[run->parent].id;
  LORE_TRY(lore_directory_of_run(sweep->options->directory, parent, directory));
  LORE_TRY(lore_path_of_weights(directory, run->parent_step, path));
  *weights = (lore_weights){.path = path, .run = parent, .step = run->parent_step};
  if (access(path, R_OK) && !was_done(sweep, run))
    return lore_fail(LORE_FILE, "%s is missing, which %s needs", path, run->id);
  return LORE_OK;
}

static bool is_patched(const lore_manifest_run *run) {
  return lore_patch_wanted(&run->settings.train.patch);
}

/* Steps of all ancestors that led to the weights a run starts from. */
static int64_t steps_before(const lore_manifest *manifest, const lore_manifest_run *run) {
  int64_t steps = 0;
  for (; run->parent >= 0 && !is_patched(run); run = &manifest->run[run->parent])
    steps += run->parent_step;
  return run->start ? steps + run->start->about.steps_before + run->start->about.step : steps;
}

static lore_status execute(lore_sweep *sweep, int index, lore_run_result *result) {
  const lore_manifest_run *run = &sweep->manifest->run[index];
  const lore_sweep_options *o = sweep->options;
  char path[LORE_PATH_MAX];
  lore_weights weights, none = {0};
  *result = (lore_run_result){.resumed_at = -1};
  LORE_TRY_TOGETHER(sweep->group, find_weights(sweep, run, path, &weights));
  lore_run_options options = {.directory = o->directory,
                              .id = run->id,
                              .start = is_patched(run) ? none : weights,
                              .reference = is_patched(run) ? weights : none,
                              .first_step = steps_before(sweep->manifest, run),
                              .hash = run->hash,
                              .command = o->command,
                              .team = sweep->group,
                              .overwrite = o->overwrite,
                              .quiet = o->quiet || sweep->manifest->runs > 1};
  return lore_run_execute(&run->settings, &options, result);
}

static lore_queue_state outcome(lore_status status, const lore_run_result *result) {
  if (status == LORE_STOPPED)
    return LORE_QUEUE_STOPPED;
  if (status != LORE_OK)
    return LORE_QUEUE_FAILED;
  return result->elsewhere ? LORE_QUEUE_ELSEWHERE : LORE_QUEUE_DONE;
}

/* One line for people about a run that has ended; by its group's leader. */
static void tell(lore_sweep *sweep, int index, lore_status status, const lore_run_result *r) {
  const char *id = sweep->manifest->run[index].id;
  int count[LORE_QUEUE_STATES];
  if (sweep->manifest->runs == 1)
    return;
  lore_queue_count(&sweep->queue, count);
  int ended = count[LORE_QUEUE_DONE] + count[LORE_QUEUE_FAILED];
  if (r->elsewhere)
    lore_say("%s: left to %s", id, r->holder);
  else if (status == LORE_STOPPED)
    lore_say("%s: %s at step %lld of %lld", id, lore_fail_message(), (long long)r->step,
             (long long)r->steps);
  else if (status != LORE_OK)
    lore_say("%s: %s: %s", id, lore_status_text(status), lore_fail_message());
  else if (!r->done_before && !sweep->options->quiet)
    lore_say("[%d/%d] %s: attribute loss %.4f, accuracy %.4f, %.0f s", ended, sweep->manifest->runs,
             id, r->attribute_loss, r->attribute_accuracy, r->seconds);
}

static void train_one(lore_sweep *sweep, int index) {
  sweep->last_taken = lore_clock_unix();
  sweep->waited += sweep->last_taken - sweep->free_since;
  sweep->status = execute(sweep, index, &sweep->last);
  sweep->free_since = lore_clock_unix();
  sweep->trained += sweep->status == LORE_OK && !sweep->last.done_before && !sweep->last.elsewhere;
  if (sweep->group.rank > 0)
    return;
  lore_queue_set(&sweep->queue, index, outcome(sweep->status, &sweep->last));
  tell(sweep, index, sweep->status, &sweep->last);
  bool failed = sweep->status != LORE_OK && sweep->status != LORE_STOPPED;
  if (sweep->status == LORE_STOPPED || (failed && sweep->options->fail_fast))
    lore_queue_stop(&sweep->queue);
}

/* The leader's next run for the whole group; LORE_QUEUE_EMPTY at the end. */
static int next_run(lore_sweep *sweep) {
  enum { PAUSE = 20000 /* us */ };
  int run = LORE_QUEUE_EMPTY;
  if (sweep->group.rank == 0)
    while (!lore_stop_wanted(0) && !lore_queue_stopped(&sweep->queue) &&
           (run = lore_queue_take(&sweep->queue)) == LORE_QUEUE_LATER)
      usleep(PAUSE);
  if (run == LORE_QUEUE_LATER)
    run = LORE_QUEUE_EMPTY;
  MPI_Bcast(&run, 1, MPI_INT, 0, sweep->group.comm);
  return run;
}

/* Share of the groups' time, until the last run was taken, that was spent on runs. */
static double busy_share(const lore_sweep *sweep) {
  double last = sweep->last_taken, times[2];
  MPI_Allreduce(MPI_IN_PLACE, &last, 1, MPI_DOUBLE, MPI_MAX, sweep->world.comm);
  times[0] = sweep->waited + fmax(0, last - sweep->free_since);
  times[1] = last - sweep->begin;
  MPI_Allreduce(MPI_IN_PLACE, times, 2, MPI_DOUBLE, MPI_SUM, sweep->world.comm);
  return times[1] > 0 ? 1 - times[0] / times[1] : 1;
}

static void summarise(lore_sweep *sweep, lore_sweep_result *result) {
  int count[LORE_QUEUE_STATES] = {0}, trained = sweep->group.rank == 0 ? sweep->trained : 0;
  MPI_Barrier(sweep->world.comm);
  if (sweep->world.rank == 0)
    lore_queue_count(&sweep->queue, count);
  MPI_Bcast(count, LORE_QUEUE_STATES, MPI_INT, 0, sweep->world.comm);
  MPI_Allreduce(MPI_IN_PLACE, &trained, 1, MPI_INT, MPI_SUM, sweep->world.comm);
  *result = (lore_sweep_result){.runs = sweep->manifest->runs - count[LORE_QUEUE_OUTSIDE],
                                .groups = sweep->world.ranks / sweep->group.ranks,
                                .done = count[LORE_QUEUE_DONE],
                                .trained = trained,
                                .failed = count[LORE_QUEUE_FAILED],
                                .blocked = count[LORE_QUEUE_BLOCKED],
                                .unfinished = count[LORE_QUEUE_STOPPED] + count[LORE_QUEUE_WAITING],
                                .elsewhere = count[LORE_QUEUE_ELSEWHERE],
                                .busy = busy_share(sweep),
                                .seconds = lore_clock_unix() - sweep->begin,
                                .last = sweep->last};
}

static lore_status verdict(const lore_sweep *sweep, const lore_sweep_result *r) {
  if (sweep->status != LORE_OK && sweep->manifest->runs == 1)
    return sweep->status;
  if (r->unfinished > 0 && sweep->manifest->runs == 1)
    return lore_fail(LORE_STOPPED, "stopped by %s before the run was begun", lore_stop_reason());
  if (r->unfinished > 0)
    return lore_fail(LORE_STOPPED, "%d run%s left: start again to go on", r->unfinished,
                     r->unfinished == 1 ? " is" : "s are");
  if (r->failed + r->blocked > 0)
    return lore_fail(LORE_RUNS_FAILED, "%d of %d runs failed, %d could not begin", r->failed,
                     r->runs, r->blocked);
  return LORE_OK;
}

lore_status lore_sweep_run(MPI_Comm world, const lore_manifest *manifest,
                           const lore_sweep_options *options, lore_sweep_result *result) {
  lore_sweep sweep = {.manifest = manifest,
                      .options = options,
                      .world = lore_team_of(world),
                      .begin = lore_clock_unix()};
  int size = group_size(sweep.world.ranks, manifest, options->ranks_per_run);
  LORE_TRY(lore_sweep_check_ranks(sweep.world.ranks, manifest, options->ranks_per_run));
  LORE_TRY(lore_team_share_processors(sweep.world));
  MPI_Comm group;
  MPI_Comm_split(world, sweep.world.rank / size, sweep.world.rank, &group);
  sweep.group = lore_team_of(group);
  LORE_TRY(lore_queue_create(world, manifest, options->directory, options->wave, options->chunk,
                             options->chunks, &sweep.queue));
  sweep.last_taken = sweep.free_since = sweep.begin;
  lore_stop_ask(others_stopped, &sweep);
  for (int run = next_run(&sweep); run >= 0; run = next_run(&sweep))
    train_one(&sweep, run);
  lore_stop_ask(NULL, NULL);
  summarise(&sweep, result);
  lore_queue_destroy(&sweep.queue);
  MPI_Comm_free(&group);
  return verdict(&sweep, result);
}
