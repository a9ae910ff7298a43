/* lore run: trains a study. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alike.h"
#include "commands.h"
#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/mpi.h"
#include "lore/base/shown.h"
#include "lore/base/stop.h"
#include "lore/control/slurm.h"
#include "lore/cost/operations.h"
#include "lore/manifest/expand.h"
#include "lore/manifest/file.h"
#include "lore/manifest/parents.h"
#include "lore/run/sweep.h"
#include "options.h"

enum { ONLY_MAX = 4096 };

/* Runs that alone are to be trained; none: all. */
typedef struct {
  int count;
  const char *id[ONLY_MAX];
} lore_only;

typedef struct {
  lore_sweep_options sweep;
  lore_overrides overrides;
  const char *study;
  lore_only only;
  double max_hours; /* 0: no limit */
  bool help;
} lore_arguments;

static lore_status take_chunk(const lore_option *option, const char *text, void *field) {
  char rest;
  lore_sweep_options *sweep = field;
  if (sscanf(text, "%d/%d%c", &sweep->chunk, &sweep->chunks, &rest) == 2 && sweep->chunks > 0 &&
      sweep->chunk >= 0 && sweep->chunk < sweep->chunks)
    return LORE_OK;
  return lore_fail(LORE_USER, "--%s %s: expected I/N with 0 <= I < N", option->name, text);
}

static lore_status take_only(const lore_option *option, const char *text, void *field) {
  lore_only *only = field;
  if (only->count == ONLY_MAX)
    return lore_fail(LORE_USER, "--%s: more than %d runs", option->name, ONLY_MAX);
  only->id[only->count++] = text;
  return LORE_OK;
}

enum { WAVES_MAX = 1 << 20, DEATHS_MAX = 1000000, DEATHS_DEFAULT = 3 };

static const lore_option options[] = {
    {LORE_OPTION_TEXT, 'o', "output", "DIR",
     LORE_FIELD(lore_arguments, sweep.directory, const char *),
     .help = "where results go (required)"},
    LORE_OPTION_OVERRIDES(lore_arguments, overrides),
    LORE_OPTION_RANKS(lore_arguments, sweep.ranks_per_run,
                      "ranks that train one run together (default: all ranks if the study has "
                      "one run, else 1)"),
    {LORE_OPTION_POSITIVE, '\0', "max-hours", "H", LORE_FIELD(lore_arguments, max_hours, double),
     .most = 1e6, .unit = "hours", .help = "stop early enough to end within H hours"},
    {LORE_OPTION_INTEGER, '\0', "wave", "W", LORE_FIELD(lore_arguments, sweep.wave, int),
     .most = WAVES_MAX,
     .help = "only runs of this wave: 0 for those without a parent, 1 for their children, ..."},
    {LORE_OPTION_OTHER, '\0', "only", "ID", LORE_FIELD(lore_arguments, only, lore_only),
     .take = take_only,
     .help = "only this run; may be repeated (with --overwrite: begin it again)"},
    {LORE_OPTION_OTHER, '\0', "chunk", "I/N", LORE_FIELD(lore_arguments, sweep, lore_sweep_options),
     .take = take_chunk, .help = "begin with part I (from 0) of N, then help with the other parts"},
    {LORE_OPTION_INTEGER, '\0', "max-deaths", "K",
     LORE_FIELD(lore_arguments, sweep.deaths_max, int), .most = DEATHS_MAX,
     .help = "set a run aside as failed after its process has died K times in a row without a new "
             "checkpoint (default 3; 0: never)"},
    {LORE_OPTION_FLAG, '\0', "retry-failed", NULL, LORE_FIELD(lore_arguments, sweep.retry, bool),
     .help = "also train runs that were set aside"},
    {LORE_OPTION_FLAG, '\0', "fail-fast", NULL, LORE_FIELD(lore_arguments, sweep.fail_fast, bool),
     .help = "stop all runs when one fails"},
    {LORE_OPTION_FLAG, '\0', "overwrite", NULL, LORE_FIELD(lore_arguments, sweep.overwrite, bool),
     .help = "discard what DIR holds of these runs and begin again"},
    {LORE_OPTION_FLAG, 'q', "quiet", NULL, LORE_FIELD(lore_arguments, sweep.quiet, bool),
     .help = "print no progress"},
    {LORE_OPTION_FLAG, 'v', "verbose", NULL, LORE_FIELD(lore_arguments, sweep.verbose, bool),
     .help = "also print stored bits per parameter, calibration error and, against held-out "
             "individuals, the area under the ROC curve of confidence"},
};

const lore_command_line lore_line_run = {
    .name = "run",
    .usage = "lore run [OPTION ...] STUDY -o DIR\n"
             "mpirun -n N lore run [OPTION ...] STUDY -o DIR",
    .about = "Trains all runs of the study and writes DIR/runs/<id>/: study.yaml (resolved "
             "settings), metrics.nc (one record per evaluation), checkpoints/ (weights) and "
             "state.yaml. Resumes what DIR already holds; leaves complete runs alone.",
    .argument = LORE_ARGUMENT_STUDY,
    LORE_OPTIONS(options),
    .notes = "On SIGUSR1, SIGUSR2, SIGTERM, SIGINT and shortly before the Slurm job ends, all "
             "groups of ranks write a checkpoint and exit with code 75; rerun the same command to "
             "resume. Each rank computes with compute.threads threads. A run that the environment "
             "failed (a full "
             "quota, a file error) is retried once before the command ends.\n"
             "\n"
             "examples:\n"
             "  lore run study.yaml -o results\n"
             "  mpirun -n 8 lore run study.yaml -o results --ranks-per-run 2 -s seed=2",
};

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  arguments->sweep.wave = -1;
  arguments->sweep.chunks = 1;
  arguments->sweep.deaths_max = DEATHS_DEFAULT;
  LORE_TRY(lore_options_read(&lore_line_run, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  LORE_TRY(lore_options_argument(&lore_line_run, argc, argv, &arguments->study));
  if (!arguments->sweep.directory)
    return lore_fail(LORE_USER, "lore run needs a directory for the results: -o DIR");
  return LORE_OK;
}

static void print_run(const lore_run_result *r) {
  lore_shown_print(stdout, "results         %s\n", r->directory);
  if (r->done_before) {
    printf("complete        already; --overwrite trains it again\n");
    return;
  }
  if (r->elsewhere) {
    lore_shown_print(stdout, "held by         %s, which is training it now\n", r->holder);
    return;
  }
  printf("steps           %lld (%.3g tokens in %.1f s, %.0f tokens/s)\n", (long long)r->steps,
         (double)r->tokens, r->seconds, (double)r->tokens / r->seconds);
  if (r->resumed_at >= 0)
    printf("resumed from    step %lld\n", (long long)r->resumed_at);
  printf("attribute loss  %.4f nats\n", r->attribute_loss);
  printf("accuracy        %.4f\n", r->attribute_accuracy);
  if (!isnan(r->held_out_loss))
    printf("held-out loss   %.4f nats\n", r->held_out_loss);
  if (r->plateau_start >= 0)
    printf("plateau start   step %.0f\n", r->plateau_start);
  if (r->plateau_end >= 0)
    printf("plateau end     step %.0f\n", r->plateau_end);
}

static void print_sweep(const lore_sweep_result *r) {
  printf("runs            %d\n", r->runs);
  printf("complete        %d (%d trained by this job, in %.1f s by %d group%s)\n", r->done,
         r->trained, r->seconds, r->groups, r->groups == 1 ? "" : "s");
  if (r->retried > 0)
    printf("retried         %d (%d of them complete now)\n", r->retried, r->recovered);
  if (r->failed > 0)
    printf("failed          %d\n", r->failed);
  if (r->blocked > 0)
    printf("could not begin %d (the run they start from is not complete)\n", r->blocked);
  if (r->elsewhere > 0)
    printf("in other jobs   %d\n", r->elsewhere);
  if (r->unfinished > 0)
    printf("unfinished      %d; rerun to resume\n", r->unfinished);
  if (!isnan(r->busy))
    printf("groups busy     %.1f %% of the time until the last run was taken\n", 100 * r->busy);
}

enum { PATIENCE = 20 /* s, for Slurm's answer */ };

static double ask_job_end(void) {
  return lore_slurm_job_end(LORE_SWEEP_PATIENCE);
}

/* By the first rank. Slurm before 23.02 tells its jobs nothing, and a shell may have kept the
 * variable of a job that is over. */
static double find_job_end(void) {
  const char *variable = getenv("SLURM_JOB_END_TIME");
  double told = variable ? atof(variable) : 0, now = lore_clock_unix();
  if (told > now)
    return told;
  double asked = lore_slurm_job_end(PATIENCE);
  if (asked > now)
    return asked;
  if (told > 0 || asked > 0)
    lore_warn("the end of this Slurm job is in the past (SLURM_JOB_END_TIME, squeue): ignored");
  return 0;
}

/* When to stop, as Slurm or the user says. */
static lore_status set_deadlines(lore_team world, double max_hours, lore_sweep_options *sweep) {
  sweep->ask_job_end = ask_job_end;
  sweep->job_end = world.rank == 0 ? find_job_end() : 0;
  LORE_TRY(lore_team_spread(world, &sweep->job_end, sizeof sweep->job_end));
  if (max_hours > 0)
    lore_stop_at(lore_clock_unix() + 3600 * max_hours);
  return LORE_OK;
}

/* By the first rank: what is to be trained becomes part of the directory. */
static lore_status freeze(const lore_manifest *manifest, const lore_sweep_options *o) {
  if (!o->overwrite)
    LORE_TRY(lore_manifest_check_parents(manifest, o->directory));
  return lore_manifest_freeze(manifest, o->directory);
}

/* Several runs are always frozen; a single one only if lore plan or lore submit did it. */
static bool is_frozen(const lore_manifest *manifest, const char *directory) {
  return manifest->runs > 1 || lore_manifest_exists(directory);
}

/* Leaves all runs out but those that were named, if any. */
static lore_status leave_out(const lore_only *only, lore_manifest *manifest) {
  for (int r = 0; r < manifest->runs; r++)
    manifest->run[r].left_out = only->count > 0;
  for (int i = 0; i < only->count; i++) {
    bool known = false;
    for (int r = 0; r < manifest->runs; r++)
      if (!strcmp(manifest->run[r].id, only->id[i])) {
        manifest->run[r].left_out = false;
        known = true;
      }
    if (!known)
      return lore_fail(LORE_USER,
                       "--only %s: the study has no such run; 'lore plan' lists its runs",
                       only->id[i]);
  }
  return LORE_OK;
}

/* By the first rank alone: 100,000 runs are read once, not by every rank. */
static lore_status prepare_runs(int ranks, const lore_arguments *a, lore_manifest *manifest) {
  LORE_TRY(lore_manifest_expand(a->study, a->overrides.count, a->overrides.value, manifest));
  LORE_TRY(lore_sweep_check_ranks(ranks, manifest, a->sweep.ranks_per_run));
  LORE_TRY(leave_out(&a->only, manifest));
  if (manifest->runs > 1)
    LORE_TRY(lore_manifest_estimate(manifest));
  if (is_frozen(manifest, a->sweep.directory))
    LORE_TRY(freeze(manifest, &a->sweep));
  lore_manifest_warn(manifest);
  return LORE_OK;
}

static lore_status run_study(lore_team world, const lore_arguments *arguments) {
  lore_manifest manifest = {0};
  lore_sweep_options sweep = arguments->sweep;
  lore_sweep_result result = {0};
  lore_status status = lore_team_agree(
      world, world.rank == 0 ? prepare_runs(world.ranks, arguments, &manifest) : LORE_OK);
  if (status == LORE_OK) {
    lore_stop_listen();
    status = set_deadlines(world, arguments->max_hours, &sweep);
  }
  if (status == LORE_OK) {
    status = lore_sweep_run(MPI_COMM_WORLD, &manifest, &sweep, &result);
  }
  if (world.rank == 0 && manifest.runs > 1 && result.groups > 0)
    print_sweep(&result);
  else if (world.rank == 0 && status == LORE_OK && result.runs == 0)
    puts("runs            0 in this wave");
  else if (world.rank == 0 && manifest.runs == 1 && status == LORE_OK)
    print_run(&result.last);
  lore_manifest_destroy(&manifest);
  return status == LORE_OK ? lore_options_flush() : status;
}

/* How Open MPI makes windows, unless the user says so. Version 4 prefers osc/rdma between nodes,
 * which fails over TCP: by messages. Version 5 has no messages, and its osc/ucx, which is for
 * InfiniBand, prints errors where there is none. */
static void choose_windows(void) {
#if defined(OMPI_MAJOR_VERSION) && OMPI_MAJOR_VERSION < 5
  setenv("OMPI_MCA_osc", "^rdma", 0);
#elif defined(OMPI_MAJOR_VERSION)
  if (access("/sys/class/infiniband", F_OK))
    setenv("OMPI_MCA_osc", "^ucx", 0);
#endif
}

int lore_command_run(int argc, char **argv) {
  static lore_arguments arguments;
  bool mine = false;
  choose_windows();
  lore_status status = lore_mpi_begin(&mine);
  lore_team world = lore_team_of(MPI_COMM_WORLD);
  if (status == LORE_OK)
    status = lore_alike_check(world, argc, argv);
  if (status == LORE_OK)
    status = parse(argc, argv, &arguments);
  if (status == LORE_OK && arguments.help) {
    status = world.rank == 0 ? lore_options_help(&lore_line_run) : LORE_OK;
  } else if (status == LORE_OK) {
    char *command = lore_options_join(argc, argv);
    arguments.sweep.command = command ? command : "run";
    status = run_study(world, &arguments);
    free(command);
  }
  return lore_mpi_end(mine, lore_options_report(status));
}
