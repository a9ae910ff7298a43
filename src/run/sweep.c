/* Groups of ranks and the runs that they take. */
#include "lore/run/sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/mpi.h"
#include "lore/base/stop.h"
#include "lore/base/threads.h"
#include "lore/io/path.h"
#include "lore/io/state.h"
#include "lore/model/kernels.h"
#include "queue.h"
#include "task.h"

typedef struct {
  const lore_sweep_options *options;
  int runs; /* of the study */
  lore_team world, group;
  lore_queue queue;
  lore_gemm_backend gemm; /* what compute.gemm: auto stands for */
  int lowest, highest;    /* levels of kernels that ranks may use */
  lore_assignment run;    /* the one that this group trains */
  int trained;
  int retried, recovered;      /* runs that were tried once more, and that are complete since */
  int begun;                   /* trained or not to the end */
  double begin;                /* clocks of all nodes are compared: seconds since 1970 */
  double last_taken;           /* when this group took its last run */
  double free_since;           /* when this group last ended a run */
  double waited;               /* s between runs */
  char missing[LORE_PATH_MAX]; /* weights that were waited for in vain, last */
  lore_status status;          /* of the only run */
  lore_run_result last;
} lore_sweep;

/* Ranks that train one run together. */
static int group_size(int ranks, int runs, int ranks_per_run) {
  if (ranks_per_run > 0)
    return ranks_per_run;
  return runs == 1 && ranks > 0 ? ranks : 1;
}

lore_status lore_sweep_check_ranks(int ranks, const lore_manifest *manifest, int ranks_per_run) {
  lore_settings settings;
  ranks_per_run = group_size(ranks, manifest->runs, ranks_per_run);
  int groups = ranks / ranks_per_run;
  if (ranks % ranks_per_run)
    return lore_fail(LORE_USER,
                     "%d rank%s cannot be divided into groups of %d (--ranks-per-run); start a "
                     "multiple of %d",
                     ranks, ranks == 1 ? "" : "s", ranks_per_run, ranks_per_run);
  if (groups > manifest->runs)
    return lore_fail(
        LORE_USER,
        "%d groups of %d rank%s (--ranks-per-run), but the study has %d run%s; use fewer "
        "ranks or more per run",
        groups, ranks_per_run, ranks_per_run == 1 ? "" : "s", manifest->runs,
        manifest->runs == 1 ? "" : "s");
  for (int r = 0; r < manifest->runs; r++) {
    lore_manifest_settings(manifest, r, &settings);
    lore_status status = lore_run_check_ranks(&settings, ranks_per_run);
    if (status != LORE_OK && manifest->runs > 1)
      lore_fail_context(status, "run %s", manifest->run[r].id);
    LORE_TRY(status);
  }
  return LORE_OK;
}

/* Somebody in another group was told to stop; also lets MPI make progress for those who ask rank 0.
 * A failure of MPI shows at the next call that returns a status. */
static bool others_stopped(void *context) {
  lore_sweep *sweep = context;
  int flag;
  bool stopped = false;
  return LORE_MPI_DO(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, sweep->world.comm, &flag,
                                MPI_STATUS_IGNORE)) == LORE_OK &&
         sweep->group.rank == 0 && lore_queue_stopped(&sweep->queue, &stopped) == LORE_OK &&
         stopped;
}

/* A failure of MPI shows at the next call that returns a status. */
static double ask_job_end(void *context) {
  lore_sweep *sweep = context;
  const lore_sweep_options *o = sweep->options;
  double end = 0;
  if (o->ask_job_end)
    (void)lore_queue_ask_end(&sweep->queue, o->ask_job_end, LORE_SWEEP_PATIENCE, &end);
  return end;
}

/* A run that is complete needs no weights any more. */
static bool was_done(const lore_sweep *sweep) {
  char directory[LORE_PATH_MAX];
  lore_state state;
  return !sweep->options->overwrite &&
         lore_directory_of_run(sweep->options->directory, sweep->run.id, directory) == LORE_OK &&
         lore_state_read(directory, &state) == LORE_OK && state.stage == LORE_RUN_DONE;
}

/* Where the parent's weights are, which must be there if there is one. */
static lore_status find_parent(lore_sweep *sweep, char *path) {
  char directory[LORE_PATH_MAX];
  const lore_assignment *run = &sweep->run;
  *path = 0;
  if (!*run->parent)
    return LORE_OK;
  LORE_TRY(lore_directory_of_run(sweep->options->directory, run->parent, directory));
  LORE_TRY(lore_path_of_weights(directory, run->weights_step, path));
  if (sweep->group.rank > 0 || !access(path, R_OK) || was_done(sweep))
    return LORE_OK;
  bool waited = !strcmp(path, sweep->missing); /* for another child */
  if (!waited && lore_path_appears(path, run->id))
    return LORE_OK;
  snprintf(sweep->missing, sizeof sweep->missing, "%s", path);
  return lore_fail(LORE_FILE,
                   "%s, which %s needs, cannot be read; if it is there, the file system shows it "
                   "late: rerun",
                   path, run->id);
}

/* The run has come further than its last process: others that are suspected may begin. A failure
 * of MPI shows at the next call. */
static void share_queue(void *context) {
  lore_sweep *sweep = context;
  (void)lore_queue_share(&sweep->queue);
}

static lore_status execute_run(lore_sweep *sweep, lore_run_result *result) {
  const lore_assignment *run = &sweep->run;
  const lore_sweep_options *o = sweep->options;
  char path[LORE_PATH_MAX];
  *result = (lore_run_result){.resumed_at = -1};
  LORE_TRY_TOGETHER(sweep->group, find_parent(sweep, path));
  lore_run_options options = lore_assignment_options(run, path);
  options.directory = o->directory;
  options.gemm = sweep->gemm;
  options.command = o->command;
  options.team = sweep->group;
  options.overwrite = o->overwrite;
  options.deaths_max = o->deaths_max;
  options.retry = o->retry;
  options.again = !o->fail_fast && !sweep->queue.retries && !sweep->queue.alone;
  options.progressed = share_queue;
  options.context = sweep;
  options.quiet = o->quiet || sweep->runs > 1;
  options.verbose = o->verbose;
  return lore_run_execute(&run->settings, &options, result);
}

static lore_queue_state state_after(lore_status status, const lore_run_result *result) {
  if (status == LORE_STOPPED)
    return LORE_QUEUE_STOPPED;
  if (status != LORE_OK)
    return LORE_QUEUE_FAILED;
  return result->elsewhere ? LORE_QUEUE_ELSEWHERE : LORE_QUEUE_DONE;
}

/* One line for the reader about a run that is to be tried once more, or has been. */
static void print_retry(const lore_sweep *sweep, lore_status status, bool again) {
  const char *id = sweep->run.id;
  const bool retries = sweep->queue.retries;
  if (again)
    lore_say("%s: %s: %s; to be retried once, when no other run waits (after %g s)", id,
             lore_status_text(status), lore_fail_message(), sweep->queue.pause);
  else if (retries && status == LORE_OK && !sweep->last.elsewhere)
    lore_say("%s: complete, on the retry", id);
  else if (retries && status != LORE_OK && status != LORE_STOPPED)
    lore_say("%s: the retry failed, too", id);
}

/* One line for the reader about a run that has ended; by its group's leader. */
static lore_status print_ended_run(lore_sweep *sweep, lore_status status,
                                   const lore_run_result *r) {
  const char *id = sweep->run.id;
  int count[LORE_QUEUE_STATES];
  if (sweep->runs == 1)
    return LORE_OK;
  if (r->elsewhere)
    lore_say("%s: left to %s, which trains it", id, r->holder);
  else if (status == LORE_STOPPED)
    lore_say("%s: %s at step %lld of %lld", id, lore_fail_message(), (long long)r->step,
             (long long)r->steps);
  else if (status != LORE_OK)
    lore_say("%s: %s: %s", id, lore_status_text(status), lore_fail_message());
  if (status != LORE_OK || r->elsewhere || r->done_before || sweep->options->quiet)
    return LORE_OK;
  LORE_TRY(lore_queue_count(&sweep->queue, count));
  lore_say("[%d/%d] %s: attribute loss %.4f, accuracy %.4f, %.0f s",
           count[LORE_QUEUE_DONE] + count[LORE_QUEUE_FAILED],
           sweep->runs - count[LORE_QUEUE_OUTSIDE], id, r->attribute_loss, r->attribute_accuracy,
           r->seconds);
  return LORE_OK;
}

/* The state of the run says the same (may_pass in run.c). Nor is a suspect's trouble tried again.
 */
static bool may_retry(const lore_sweep *sweep) {
  return lore_status_may_pass(sweep->status) && !sweep->options->fail_fast &&
         !sweep->last.done_before && !sweep->queue.retries && !sweep->queue.alone &&
         !lore_stop_wanted(0);
}

/* By the leader: what has become of the run is put into the queue and said. */
static lore_status settle_run(lore_sweep *sweep, int place) {
  const bool again = may_retry(sweep), done = sweep->status == LORE_OK && !sweep->last.elsewhere;
  sweep->retried += sweep->queue.retries;
  sweep->recovered += sweep->queue.retries && done;
  if (again)
    LORE_TRY(lore_queue_retry(&sweep->queue, place));
  else
    LORE_TRY(lore_queue_set(&sweep->queue, place, state_after(sweep->status, &sweep->last)));
  LORE_TRY(lore_queue_share(&sweep->queue));
  print_retry(sweep, sweep->status, again);
  return again ? LORE_OK : print_ended_run(sweep, sweep->status, &sweep->last);
}

/* Trains the run that its group has taken. Whatever the run ends with, the sweep continues with
 * the next one, unless communication fails. */
static lore_status train_run(lore_sweep *sweep, int place) {
  sweep->last_taken = lore_clock_unix();
  sweep->waited += sweep->last_taken - sweep->free_since;
  sweep->status = execute_run(sweep, &sweep->last);
  if (sweep->status == LORE_MPI || lore_mpi_failed())
    return LORE_MPI;
  sweep->free_since = lore_clock_unix();
  sweep->begun += !sweep->last.done_before && !sweep->last.elsewhere;
  sweep->trained += sweep->status == LORE_OK && !sweep->last.done_before && !sweep->last.elsewhere;
  if (sweep->group.rank > 0)
    return LORE_OK;
  LORE_TRY(settle_run(sweep, place));
  bool failed = sweep->status != LORE_OK && sweep->status != LORE_STOPPED;
  if (sweep->status == LORE_STOPPED || (failed && sweep->options->fail_fast))
    return lore_queue_stop(&sweep->queue);
  return LORE_OK;
}

/* Whether the run that was taken has nearly died too often. All groups die with the one whose
 * process does, so it may be another's fault: see lore_queue_defer. */
static bool is_suspect(const lore_sweep *sweep) {
  const lore_sweep_options *o = sweep->options;
  char directory[LORE_PATH_MAX];
  lore_state state;
  if (o->deaths_max == 0 || o->overwrite ||
      lore_directory_of_run(o->directory, sweep->run.id, directory) ||
      lore_state_locked(directory) || lore_state_read(directory, &state) ||
      state.stage == LORE_RUN_DONE)
    return false;
  int deaths = state.deaths + lore_state_died(directory);
  return deaths > 0 && deaths >= o->deaths_max - 1;
}

/* Takes a run, or defers it. */
static lore_status choose_run(lore_sweep *sweep, int *place) {
  LORE_TRY(lore_queue_take(&sweep->queue, place));
  if (*place < 0)
    return LORE_OK;
  LORE_TRY(lore_queue_read(&sweep->queue, *place, &sweep->run));
  if (sweep->queue.alone || !is_suspect(sweep))
    return LORE_OK;
  LORE_TRY(lore_queue_defer(&sweep->queue, *place));
  *place = LORE_QUEUE_LATER;
  return LORE_OK;
}

/* By the leader: *place of the next run, or LORE_QUEUE_EMPTY at the end. Waits for runs that others
 * train if it has to. */
static lore_status wait_for_run(lore_sweep *sweep, int *place) {
  enum { PAUSE = 20000 /* microseconds */ };
  bool stopped = false;
  *place = LORE_QUEUE_LATER;
  while (*place == LORE_QUEUE_LATER) {
    *place = LORE_QUEUE_EMPTY;
    if (lore_stop_wanted(0))
      break;
    LORE_TRY(lore_queue_stopped(&sweep->queue, &stopped));
    if (stopped)
      break;
    LORE_TRY(choose_run(sweep, place));
    if (*place == LORE_QUEUE_LATER)
      usleep(PAUSE);
  }
  return LORE_OK;
}

/* The leader's next run for the whole group: its place and sweep->run. */
static lore_status take_run(lore_sweep *sweep, int *place) {
  *place = LORE_QUEUE_EMPTY;
  lore_status status = LORE_OK;
  if (sweep->group.rank == 0)
    status = wait_for_run(sweep, place);
  LORE_TRY_TOGETHER(sweep->group, status);
  LORE_TRY(lore_team_spread(sweep->group, place, sizeof *place));
  return *place >= 0 ? lore_team_spread(sweep->group, &sweep->run, sizeof sweep->run) : LORE_OK;
}

/* Share of the groups' time, until the last run was taken, that was spent on runs. */
static lore_status find_busy_share(const lore_sweep *sweep, double *share) {
  double last = sweep->last_taken, times[2];
  int begun = sweep->group.rank == 0 ? sweep->begun : 0;
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, &begun, 1, MPI_INT, MPI_SUM, sweep->world.comm));
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, &last, 1, MPI_DOUBLE, MPI_MAX, sweep->world.comm));
  times[0] = sweep->waited + fmax(0, last - sweep->free_since);
  times[1] = last - sweep->begin;
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, times, 2, MPI_DOUBLE, MPI_SUM, sweep->world.comm));
  *share = times[1] > 0 ? 1 - times[0] / times[1] : 1;
  if (begun <= sweep->world.ranks / sweep->group.ranks)
    *share = NAN; /* the time until the last run was taken is that of starting */
  return LORE_OK;
}

static lore_status summarise_sweep(lore_sweep *sweep, lore_sweep_result *result) {
  int count[LORE_QUEUE_STATES] = {0};
  int sums[] = {sweep->trained, sweep->retried, sweep->recovered};
  double busy;
  if (sweep->group.rank > 0)
    memset(sums, 0, sizeof sums);
  LORE_TRY_MPI(MPI_Barrier(sweep->world.comm));
  if (sweep->world.rank == 0)
    LORE_TRY(lore_queue_count(&sweep->queue, count));
  LORE_TRY_MPI(MPI_Bcast(count, LORE_QUEUE_STATES, MPI_INT, 0, sweep->world.comm));
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPI_INT, MPI_SUM, sweep->world.comm));
  LORE_TRY(find_busy_share(sweep, &busy));
  *result =
      (lore_sweep_result){.runs = sweep->runs - count[LORE_QUEUE_OUTSIDE],
                          .groups = sweep->world.ranks / sweep->group.ranks,
                          .done = count[LORE_QUEUE_DONE],
                          .trained = sums[0],
                          .retried = sums[1],
                          .recovered = sums[2],
                          .failed = count[LORE_QUEUE_FAILED],
                          .blocked = count[LORE_QUEUE_BLOCKED],
                          .unfinished = count[LORE_QUEUE_STOPPED] + count[LORE_QUEUE_WAITING] +
                                        count[LORE_QUEUE_SUSPECT] + count[LORE_QUEUE_RETRY],
                          .elsewhere = count[LORE_QUEUE_ELSEWHERE],
                          .busy = busy,
                          .seconds = lore_clock_unix() - sweep->begin,
                          .last = sweep->last};
  return LORE_OK;
}

static lore_status judge_sweep(const lore_sweep *sweep, const lore_sweep_result *r) {
  if (sweep->status == LORE_STOPPED && sweep->runs == 1)
    return lore_fail(LORE_STOPPED, "%s at step %lld of %lld; rerun to resume", lore_fail_message(),
                     (long long)sweep->last.step, (long long)sweep->last.steps);
  if (sweep->status != LORE_OK && sweep->runs == 1)
    return sweep->status;
  if (r->unfinished > 0 && sweep->runs == 1)
    return lore_fail(LORE_STOPPED, "stopped by %s before the run began; rerun to begin it",
                     lore_stop_reason());
  if (r->unfinished > 0 && r->failed > 0 && sweep->options->fail_fast)
    return lore_fail(LORE_RUNS_FAILED, "%d of %d runs failed, %d unfinished (--fail-fast)",
                     r->failed, r->runs, r->unfinished);
  if (r->unfinished > 0)
    return lore_fail(LORE_STOPPED, "%d run%s unfinished; rerun to resume", r->unfinished,
                     r->unfinished == 1 ? "" : "s");
  if (r->failed + r->blocked > 0)
    return lore_fail(LORE_RUNS_FAILED, "%d of %d runs failed, %d could not begin", r->failed,
                     r->runs, r->blocked);
  return LORE_OK;
}

/* All runs, one after the other, by a group that there is a queue for. */
static lore_status train_runs(lore_sweep *sweep, lore_sweep_result *result) {
  int place = LORE_QUEUE_EMPTY;
  sweep->last_taken = sweep->free_since = sweep->begin;
  lore_stop_ask(others_stopped, sweep);
  if (sweep->group.rank == 0) /* the leader looks for all */
    lore_stop_at_job_end(sweep->options->job_end, ask_job_end, sweep);
  lore_status status = take_run(sweep, &place);
  while (status == LORE_OK && place >= 0) {
    status = train_run(sweep, place);
    if (status == LORE_OK)
      status = take_run(sweep, &place);
  }
  lore_stop_ask(NULL, NULL);
  lore_stop_at_job_end(0, NULL, NULL);
  LORE_TRY(status);
  return summarise_sweep(sweep, result);
}

static lore_status run_sweep(lore_sweep *sweep, const lore_manifest *manifest,
                             lore_sweep_result *result) {
  const lore_sweep_options *o = sweep->options;
  LORE_TRY(lore_queue_create(sweep->world, sweep->group.rank == 0, manifest, o->directory, o->wave,
                             o->chunk, o->chunks, &sweep->queue));
  lore_status status = train_runs(sweep, result);
  lore_status ended = lore_queue_destroy(&sweep->queue);
  LORE_TRY(status);
  return ended;
}

/* Slurm binds ranks to what the user has asked it for; mpirun may bind a single one to one core. */
static bool is_mpirun(void) {
  return getenv("OMPI_COMM_WORLD_SIZE") || (getenv("PMI_RANK") && !getenv("SLURM_STEP_ID"));
}

/* What runs name as compute.isa: bit i for value i. */
static unsigned find_isas(const lore_manifest *manifest) {
  lore_settings settings;
  unsigned named = 1u << LORE_ISA_AUTO;
  for (int r = 0; r < manifest->runs; r++) {
    lore_manifest_settings(manifest, r, &settings);
    named |= 1u << settings.compute.isa;
  }
  return named;
}

/* This rank's level; LORE_USER if it, or one that a run names, is not to be had. */
static lore_status check_levels(unsigned named, int *level) {
  int least;
  for (int isa = LORE_ISA_AUTO + 1; named >> isa; isa++)
    if (named >> isa & 1)
      LORE_TRY(lore_level_limit((lore_isa)isa, &least));
  return lore_level_limit(LORE_ISA_AUTO, level);
}

/* The levels of kernels that ranks may use: before anything is begun, all that runs want is there.
 */
static lore_status find_levels(lore_sweep *sweep, const lore_manifest *manifest) {
  unsigned named = sweep->world.rank == 0 ? find_isas(manifest) : 0;
  int own, range[2];
  LORE_TRY(lore_team_spread(sweep->world, &named, sizeof named));
  LORE_TRY_TOGETHER(sweep->world, check_levels(named, &own));
  lore_level_select(own); /* until a run has its own */
  range[0] = own;
  range[1] = -own;
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_INT, MPI_MIN, sweep->world.comm));
  sweep->lowest = range[0];
  sweep->highest = -range[1];
  return LORE_OK;
}

/* "v3 (AVX2)", "v2 (SSE4.2) to v4 (AVX-512)": what runs with this compute.isa use. */
static void describe_levels(const lore_sweep *sweep, lore_isa isa, size_t size, char *text) {
  int most = lore_level_find(lore_isa_name(isa));
  int low = sweep->lowest, high = sweep->highest;
  low = most >= 0 && most < low ? most : low;
  high = most >= 0 && most < high ? most : high;
  const lore_kernel_table *a = lore_level(low), *b = lore_level(high);
  if (a == b)
    snprintf(text, size, "%s (%s)", a->name, a->instructions);
  else
    snprintf(text, size, "%s (%s) to %s (%s), in a group the lowest", a->name, a->instructions,
             b->name, b->instructions);
}

/* How the first rank's processors are used, in the log's first lines. */
static void describe_ranks(const lore_sweep *sweep, const lore_manifest *manifest) {
  char levels[128];
  lore_settings settings;
  const int ranks = sweep->world.ranks, of = lore_threads_bound();
  const int processors = lore_threads_processors();
  lore_manifest_settings(manifest, 0, &settings);
  bool sharded = lore_run_task_of(settings.task)->sharded;
  int threads = settings.compute.threads ? settings.compute.threads : lore_threads_allowed();
  threads = sharded ? threads : 1;
  describe_levels(sweep, settings.compute.isa, sizeof levels, levels);
  if (!sweep->options->quiet)
    lore_info("%d rank%s x %d thread%s, %s; %s", ranks, ranks == 1 ? "" : "s", threads,
              threads == 1 ? "" : "s", lore_threads_pinning(threads), levels);
  if (sharded && ranks == 1 && is_mpirun() && settings.compute.threads == 0 && of >= 2 * processors)
    lore_warn(
        "mpirun has bound this rank to %d of %d processors, so it trains with %d thread%s; for one "
        "rank that uses all: mpirun --bind-to none -n 1, or no mpirun",
        processors, of, threads, threads == 1 ? "" : "s");
}

/* One backend for all ranks and runs, from the first rank. */
static lore_status settle_backend(lore_sweep *sweep, const lore_manifest *manifest) {
  const lore_sweep_options *o = sweep->options;
  LORE_TRY_TOGETHER(sweep->world,
                    sweep->world.rank == 0
                        ? lore_backend_settle(manifest, o->directory, o->quiet, &sweep->gemm)
                        : LORE_OK);
  return lore_team_spread(sweep->world, &sweep->gemm, sizeof sweep->gemm);
}

lore_status lore_sweep_run(MPI_Comm world, const lore_manifest *manifest,
                           const lore_sweep_options *options, lore_sweep_result *result) {
  lore_sweep sweep = {.options = options, .world = lore_team_of(world), .begin = lore_clock_unix()};
  MPI_Comm group;
  if (sweep.world.rank == 0)
    sweep.runs = manifest->runs;
  LORE_TRY(lore_team_spread(sweep.world, &sweep.runs, sizeof sweep.runs));
  int size = group_size(sweep.world.ranks, sweep.runs, options->ranks_per_run);
  LORE_TRY(lore_team_share_processors(sweep.world));
  LORE_TRY(find_levels(&sweep, manifest));
  if (sweep.world.rank == 0)
    describe_ranks(&sweep, manifest);
  LORE_TRY(settle_backend(&sweep, manifest));
  LORE_TRY_MPI(MPI_Comm_split(world, sweep.world.rank / size, sweep.world.rank, &group));
  sweep.group = lore_team_of(group);
  lore_status status = run_sweep(&sweep, manifest, result);
  lore_status freed = LORE_MPI_DO(MPI_Comm_free(&group));
  LORE_TRY(status);
  LORE_TRY(freed);
  return judge_sweep(&sweep, result);
}
