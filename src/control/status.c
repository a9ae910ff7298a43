/* What can be seen of a run, and of all of them. */
#include "lore/control/status.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lore/base/clock.h"
#include "lore/io/metrics_check.h"
#include "lore/io/ncfile.h"
#include "lore/io/path.h"

const char *lore_seen_name(lore_seen_stage stage) {
  static const char *const names[] = {LORE_SEEN_LIST(LORE_ENUM_NAME)};
  assert((size_t)stage < LORE_SEEN_STAGES);
  return names[stage];
}

bool lore_seen_is_over(lore_seen_stage stage) {
  return stage == LORE_SEEN_DONE || stage == LORE_SEEN_DIVERGED || stage == LORE_SEEN_DAMAGED;
}

/* Speed is taken over so many intervals between records, as single ones are uneven. */
enum { INTERVALS = 4 };

/* One number of variable `name` at `at` (NULL: a scalar); NAN if it is missing or a fill value. */
static double read_number(int ncid, const char *name, const size_t *at) {
  static const size_t origin[1] = {0};
  int id;
  double value;
  if (nc_inq_varid(ncid, name, &id) || nc_get_var1_double(ncid, id, at ? at : origin, &value) ||
      value == NC_FILL_DOUBLE)
    return NAN;
  return value;
}

static size_t count_records(int ncid) {
  int dimension;
  size_t length;
  if (nc_inq_dimid(ncid, "step", &dimension) || nc_inq_dimlen(ncid, dimension, &length))
    return 0;
  return length;
}

/* Differences per second between two records; NAN where wall time does not rise. */
static void read_speed(int ncid, size_t last, lore_seen_metrics *metrics) {
  size_t from[1] = {last > INTERVALS ? last - INTERVALS : 0}, to[1] = {last};
  double seconds = read_number(ncid, "wall_time", to) - read_number(ncid, "wall_time", from);
  if (!(seconds > 0))
    return;
  metrics->interval = seconds / (double)(to[0] - from[0]);
  metrics->tokens_per_s =
      (read_number(ncid, "tokens_seen", to) - read_number(ncid, "tokens_seen", from)) / seconds;
  metrics->steps_per_s =
      (read_number(ncid, "step", to) - read_number(ncid, "step", from)) / seconds;
  /* After a dense part the next record takes longer than the last ones did. */
  double every = read_number(ncid, "evaluate_every", NULL);
  metrics->interval = fmax(metrics->interval, every / metrics->steps_per_s);
}

static void read_last_record(int ncid, size_t last, lore_seen_metrics *metrics) {
  size_t at[2] = {last, 0};
  double step = read_number(ncid, "step", at), steps = read_number(ncid, "train_steps", NULL);
  double phase = read_number(ncid, "phase", at);
  /* Every record has a phase; zeros are what a file that was cut off reads as. */
  if (!(step >= 0 && step < 1e15 && phase >= 1 && phase <= 3))
    return;
  metrics->exists = true;
  metrics->step = (int64_t)step;
  metrics->steps = steps > 0 && steps < 1e15 ? (int64_t)steps : 0;
  metrics->phase = (int)phase;
  metrics->loss = read_number(ncid, "attribute_loss", at);
  metrics->accuracy = read_number(ncid, "attribute_accuracy", at);
  metrics->bits_per_parameter = read_number(ncid, "stored_bits_per_parameter", at);
  metrics->train_loss = read_number(ncid, "train_loss", at);
  read_speed(ncid, last, metrics);
}

/* The last records of `path`, a metrics file that may be growing. */
static void read_metrics(const char *path, lore_seen_metrics *metrics) {
  struct stat about;
  int ncid;
  *metrics = (lore_seen_metrics){.loss = NAN,
                                 .accuracy = NAN,
                                 .bits_per_parameter = NAN,
                                 .train_loss = NAN,
                                 .interval = NAN,
                                 .tokens_per_s = NAN,
                                 .steps_per_s = NAN,
                                 .age = NAN};
  if (stat(path, &about) || lore_netcdf_open(path, 0, &ncid))
    return;
  size_t count = count_records(ncid);
  if (count > 0)
    read_last_record(ncid, count - 1, metrics);
  nc_close(ncid);
  double age = floor(lore_clock_unix()) - (double)about.st_mtim.tv_sec;
  if (metrics->exists)
    metrics->age = fmax(age, 0);
}

/* Without a state (runs of earlier versions, or a damaged file) the records decide. */
static lore_seen_stage stage_without_state(const lore_seen *seen) {
  if (!seen->metrics.exists)
    return LORE_SEEN_WAITING;
  return seen->steps > 0 && seen->step >= seen->steps ? LORE_SEEN_DONE : LORE_SEEN_INTERRUPTED;
}

static lore_seen_stage choose_stage(const lore_seen *seen, bool locked) {
  static const lore_seen_stage of[] = {[LORE_RUN_RUNNING] = LORE_SEEN_INTERRUPTED,
                                       [LORE_RUN_STOPPED] = LORE_SEEN_STOPPED,
                                       [LORE_RUN_DONE] = LORE_SEEN_DONE,
                                       [LORE_RUN_DIVERGED] = LORE_SEEN_DIVERGED,
                                       [LORE_RUN_FAILED] = LORE_SEEN_FAILED};
  lore_run_stage stage = seen->state.stage;
  lore_seen_stage free = stage == LORE_RUN_WAITING ? stage_without_state(seen) : of[stage];
  /* A process that has just ended a run holds its lock a moment longer. */
  bool over = free == LORE_SEEN_DONE || free == LORE_SEEN_DIVERGED;
  return locked && !over ? LORE_SEEN_RUNNING : free;
}

static int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/* The records of a run that is done are there, as its state says, up to the last step. */
static void check_done(const char *folder, const char *id, lore_seen *seen) {
  const lore_seen_metrics *m = &seen->metrics;
  char reason[LORE_STATE_MESSAGE] = "its metrics file cannot be read";
  if (lore_metrics_check_run(folder, &seen->state, false) != LORE_OK)
    snprintf(reason, sizeof reason, "%s", lore_fail_message());
  else if (m->exists && m->step >= seen->steps)
    return;
  else if (m->exists)
    snprintf(reason, sizeof reason, "the last record of its metrics file is of step %lld",
             (long long)m->step);
  seen->stage = LORE_SEEN_DAMAGED;
  snprintf(seen->state.message, sizeof seen->state.message,
           "%.*s; lore run STUDY -o DIR --only %s --overwrite trains it again",
           LORE_STATE_MESSAGE / 2, reason, id);
}

static void read_folder(const char *folder, const char *id, const char *metrics_path,
                        lore_seen *seen) {
  bool locked = lore_state_locked(folder);
  if (lore_state_read(folder, &seen->state) != LORE_OK)
    snprintf(seen->state.message, sizeof seen->state.message, "%s", lore_fail_message());
  /* It may have been locked since the first look. A run that has ended since then says so itself.
   */
  if (seen->state.stage == LORE_RUN_RUNNING && !locked)
    locked = lore_state_locked(folder);
  read_metrics(metrics_path, &seen->metrics);
  seen->step = larger(seen->state.step, seen->metrics.exists ? seen->metrics.step : 0);
  if (seen->steps == 0)
    seen->steps = larger(seen->state.steps, seen->metrics.steps);
  seen->stage = choose_stage(seen, locked);
  if (seen->stage == LORE_SEEN_DONE)
    check_done(folder, id, seen);
}

static double time_silent(const lore_seen *seen) {
  double updated = seen->state.updated;
  double since = updated > 0 ? fmax(lore_clock_unix() - updated, 0) : NAN;
  return fmin(since, seen->metrics.age); /* the other one where one is not known */
}

static double time_left(const lore_seen *seen) {
  double speed = seen->metrics.steps_per_s;
  if (seen->stage != LORE_SEEN_RUNNING || !(speed > 0) || seen->steps == 0)
    return NAN;
  double left = (double)(seen->steps - seen->step) / speed - seen->metrics.age;
  return left > 0 ? left : 0;
}

lore_status lore_seen_read(const char *directory, const lore_manifest_run *run, lore_seen *seen) {
  char folder[LORE_PATH_MAX], path[LORE_PATH_MAX];
  *seen = (lore_seen){.steps = run->steps, .blocker = -1};
  LORE_TRY(lore_directory_of_run(directory, run->id, folder));
  LORE_TRY(lore_path_join(folder, LORE_PATH_METRICS, path));
  read_folder(folder, run->id, path, seen);
  seen->left = time_left(seen);
  seen->silence = time_silent(seen);
  return LORE_OK;
}

static bool is_blocking(lore_seen_stage stage) {
  return stage == LORE_SEEN_FAILED || stage == LORE_SEEN_DIVERGED || stage == LORE_SEEN_DAMAGED;
}

void lore_seen_find_blockers(const lore_manifest *manifest, lore_seen *seen) {
  for (int i = 0; i < manifest->runs; i++) { /* parents come before their children */
    int parent = manifest->run[i].parent;
    if (seen[i].stage == LORE_SEEN_WAITING && parent >= 0)
      seen[i].blocker = is_blocking(seen[parent].stage) ? parent : seen[parent].blocker;
  }
}

/* Whether every run has predicted operations, which tell how long steps of different runs take. */
static bool all_estimated(const lore_manifest *manifest) {
  for (int i = 0; i < manifest->runs; i++)
    if (!(manifest->run[i].operations > 0) || manifest->run[i].steps <= 0)
      return false;
  return true;
}

lore_seen_totals lore_seen_total(const lore_manifest *manifest, const lore_seen *seen) {
  lore_seen_totals totals = {.left = NAN};
  bool estimated = all_estimated(manifest), known = true;
  double work = 0, speed = 0, longest = 0;
  for (int i = 0; i < manifest->runs; i++) {
    const lore_manifest_run *run = &manifest->run[i];
    int64_t step = seen[i].step, steps = seen[i].steps;
    double cost = estimated ? run->operations / (double)run->steps : 1;
    bool over = seen[i].stage == LORE_SEEN_DIVERGED;
    known = known && (over || steps > 0);
    steps = over ? step : larger(step, steps);
    totals.count[seen[i].stage]++;
    totals.step += step;
    totals.steps += steps;
    work += (double)(steps - step) * cost;
    if (seen[i].left >= 0) {
      speed += seen[i].metrics.steps_per_s * cost;
      longest = fmax(longest, seen[i].left);
    }
  }
  if (!known)
    return totals;
  if (work <= 0)
    totals.left = 0;
  else if (speed > 0)
    totals.left = fmax(longest, work / speed);
  return totals;
}
