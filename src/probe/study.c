/* Groups of ranks and the runs that they probe, from a run's directory to its probe.nc. */
#include "lore/probe/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/mpi.h"
#include "lore/base/textfile.h"
#include "lore/manifest/manifest.h"
#include "lore/manifest/runs.h"
#include "lore/model/kernels.h"
#include "task.h"
#include "work.h"

typedef enum { PROBED, PROBED_BEFORE, WITHOUT_SNAPSHOT } run_outcome;

static lore_status check_group_size(lore_team world, int size) {
  if (world.ranks % size == 0)
    return LORE_OK;
  return lore_fail(LORE_USER,
                   "%d ranks cannot be divided into groups of %d (--ranks-per-run); start a "
                   "multiple of %d",
                   world.ranks, size, size);
}

static bool is_run_wanted(const lore_probe_options *options, const char *id) {
  for (int i = 0; i < options->runs; i++)
    if (!strcmp(options->run[i], id))
      return true;
  return options->runs == 0;
}

static lore_status check_run_names(const lore_probe_options *options,
                                   const lore_manifest *manifest) {
  for (int i = 0; i < options->runs; i++) {
    bool found = false;
    for (int r = 0; r < manifest->runs; r++)
      found |= !strcmp(manifest->run[r].id, options->run[i]);
    if (!found)
      return lore_fail(LORE_USER, "%s has no run '%s'; 'lore status %s' lists its runs",
                       options->directory, options->run[i], options->directory);
  }
  return LORE_OK;
}

static lore_status open_run(lore_probed *run) {
  if (run->team.rank > 0)
    return LORE_OK;
  LORE_TRY(lore_probed_open(run));
  if (run->steps.count == 0)
    return LORE_OK;
  return lore_probe_task_of(run->settings.task)->describe_options(run);
}

/* What the first rank has found: files may change, or look different elsewhere. */
static lore_status spread_run(lore_probed *run) {
  LORE_TRY(lore_team_spread(run->team, &run->steps, sizeof run->steps));
  LORE_TRY(lore_team_spread(run->team, run->folder, sizeof run->folder));
  LORE_TRY(lore_team_spread(run->team, run->path, sizeof run->path));
  return lore_team_spread(run->team, &run->settings, sizeof run->settings);
}

static lore_status probe_opened(lore_probed *run, run_outcome *outcome, int *snapshots) {
  const lore_team team = run->team;
  int same = 0, level;
  LORE_TRY_TOGETHER(team, open_run(run));
  LORE_TRY(spread_run(run));
  *outcome = WITHOUT_SNAPSHOT;
  if (run->steps.count == 0)
    return LORE_OK;
  if (team.rank == 0 && !run->options->overwrite)
    same = lore_probe_file_is(run->path, run->options_text, run->steps.count, run->steps.value);
  LORE_TRY(lore_team_spread(team, &same, sizeof same));
  *outcome = same ? PROBED_BEFORE : PROBED;
  if (same)
    return LORE_OK;
  LORE_TRY_TOGETHER(team, team.rank == 0 ? lore_textfile_try(run->path, false) : LORE_OK);
  const lore_probe_task *task = lore_probe_task_of(run->settings.task);
  int block = lore_probe_block(task->width(&run->settings), team.ranks);
  LORE_TRY(lore_grid_create(team, block, &run->grid));
  LORE_TRY(lore_level_agree(team, run->settings.compute.isa, &level));
  lore_level_select(level);
  return task->probe(run, snapshots);
}

/* Probes the run `id` on the ranks of `team`, which all call it and get the same. *snapshots: how
 * many were probed now. */
static lore_status probe_run(const lore_probe_options *options, const char *id, lore_team team,
                             run_outcome *outcome, int *snapshots) {
  lore_probed *run = calloc(1, sizeof *run);
  *snapshots = 0;
  lore_status status =
      lore_team_agree(team, run ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate a run"));
  if (status == LORE_OK) {
    run->options = options;
    run->id = id;
    run->team = team;
    status = probe_opened(run, outcome, snapshots);
    lore_provenance_free(&run->provenance);
    lore_grid_destroy(&run->grid);
  }
  free(run);
  return status;
}

static void count_run(const lore_probe_options *options, const char *id, lore_status status,
                      run_outcome outcome, lore_probe_totals *totals) {
  totals->failed += status != LORE_OK;
  totals->probed += status == LORE_OK && outcome == PROBED;
  totals->done_before += status == LORE_OK && outcome == PROBED_BEFORE;
  totals->without += status == LORE_OK && outcome == WITHOUT_SNAPSHOT;
  if (status == LORE_OK && outcome == WITHOUT_SNAPSHOT && !options->quiet)
    lore_say("%s: left out, it has no snapshot yet", id);
}

/* Every groups-th run is this group's. *first: how the first run that failed did. LORE_MPI ends all
 * at once: it is no failure of this run, and the next would fail alike. */
static lore_status probe_runs(const lore_probe_options *options, const lore_manifest *manifest,
                              lore_team team, int group, int groups, lore_probe_totals *totals,
                              lore_status *first) {
  bool several = (options->runs > 0 ? options->runs : manifest->runs) > 1;
  for (int r = 0, place = 0; r < manifest->runs; r++) {
    const char *id = manifest->run[r].id;
    run_outcome outcome = WITHOUT_SNAPSHOT;
    int snapshots = 0;
    if (!is_run_wanted(options, id) || place++ % groups != group)
      continue;
    lore_status status = probe_run(options, id, team, &outcome, &snapshots);
    if (status == LORE_MPI)
      return status;
    if (team.rank == 0) {
      totals->snapshots += snapshots;
      count_run(options, id, status, outcome, totals);
      if (status != LORE_OK && several)
        lore_say("%s: %s: %s", id, lore_status_text(status), lore_fail_message());
    }
    if (status != LORE_OK && *first == LORE_OK)
      *first = status;
  }
  return LORE_OK;
}

static lore_status judge_totals(const lore_probe_options *options, const lore_probe_totals *t,
                                lore_status first) {
  int runs = t->probed + t->done_before + t->failed;
  if (runs == 0)
    return lore_fail(LORE_USER,
                     "%s: no run has a snapshot to probe; weights are kept of the last step and "
                     "of checkpoint.snapshots",
                     options->directory);
  if (t->failed == 0)
    return LORE_OK;
  if (runs == 1)
    return first;
  return lore_fail(LORE_RUNS_FAILED, "%d of %d runs could not be probed", t->failed, runs);
}

static lore_status probe_in_groups(lore_team world, const lore_probe_options *options,
                                   const lore_manifest *manifest, lore_probe_totals *totals) {
  int size = options->ranks_per_run ? options->ranks_per_run : world.ranks;
  double begin = lore_clock_seconds();
  MPI_Comm comm;
  LORE_TRY(check_group_size(world, size));
  LORE_TRY_MPI(MPI_Comm_split(world.comm, world.rank / size, world.rank, &comm));
  lore_status first = LORE_OK;
  LORE_TRY(probe_runs(options, manifest, lore_team_of(comm), world.rank / size, world.ranks / size,
                      totals, &first));
  LORE_TRY_MPI(MPI_Comm_free(&comm));
  first = lore_team_agree(world, first);
  if (first == LORE_MPI)
    return first;
  int count[] = {totals->probed, totals->done_before, totals->failed, totals->without,
                 totals->snapshots};
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, count, sizeof count / sizeof *count, MPI_INT, MPI_SUM,
                             world.comm));
  *totals = (lore_probe_totals){.probed = count[0],
                                .done_before = count[1],
                                .failed = count[2],
                                .without = count[3],
                                .snapshots = count[4],
                                .seconds = lore_clock_seconds() - begin};
  return judge_totals(options, totals, first);
}

/* Every rank has read the list of runs, from which groups take theirs. */
static lore_status compare_runs(lore_team world, const lore_manifest *manifest) {
  char text[64];
  uint64_t hash = 0;
  for (int r = 0; r < manifest->runs; r++)
    hash = XXH3_64bits_withSeed(manifest->run[r].id, strlen(manifest->run[r].id), hash);
  snprintf(text, sizeof text, "%d runs, %016llx", manifest->runs, (unsigned long long)hash);
  return lore_team_same(world, text, "finds other runs",
                        "all nodes must see the same directory, and no job may be adding runs");
}

lore_status lore_probe_study(MPI_Comm comm, const lore_probe_options *options,
                             lore_probe_totals *totals) {
  lore_team world = lore_team_of(comm);
  lore_manifest manifest = {0};
  *totals = (lore_probe_totals){0};
  lore_status status = lore_runs_list(options->directory, &manifest);
  if (status == LORE_OK)
    status = check_run_names(options, &manifest);
  status = lore_team_agree(world, status);
  if (status == LORE_OK)
    status = compare_runs(world, &manifest);
  if (status == LORE_OK)
    status = lore_team_share_processors(world);
  if (status == LORE_OK)
    status = probe_in_groups(world, options, &manifest, totals);
  lore_manifest_destroy(&manifest);
  return status;
}
