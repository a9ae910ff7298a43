/* lore run: trains a study. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/mpi.h"
#include "lore/base/stop.h"
#include "lore/cost/plan.h"
#include "lore/run/sweep.h"
#include "options.h"

static const char usage[] =
    "usage: lore run [OPTION ...] STUDY -o DIR\n"
    "       mpirun -n N lore run [OPTION ...] STUDY -o DIR\n"
    "\n"
    "Trains all runs of the study and writes DIR/runs/<id>/: study.yaml (resolved\n"
    "settings), metrics.nc (one record per evaluation), checkpoints/ (weights) and\n"
    "state.yaml. Goes on with what DIR already holds; complete runs are left alone.\n"
    "\n"
    "  -o, --output DIR       where results go (needed)\n"
    "  -s KEY=VALUE           overrides a setting (\"train.steps=2000\"); any number of times\n"
    "      --ranks-per-run R  ranks that train one run together (default: all ranks if\n"
    "                         the study has one run, else 1)\n"
    "      --max-hours H      stops in time to end within H hours\n"
    "      --wave W           only runs of this wave: 0 those without a parent, ...\n"
    "      --chunk I/N        begins with part I (from 0) of N, then helps with the others\n"
    "      --fail-fast        stops everything when a run fails\n"
    "      --overwrite        begins again whatever DIR holds of these runs\n"
    "  -q, --quiet            no progress\n"
    "  -h, --help             this text\n"
    "\n"
    "SIGUSR1, SIGUSR2, SIGTERM, SIGINT and the end of the Slurm job make all groups write a\n"
    "checkpoint and leave with exit code 75. Each rank computes with compute.threads threads.\n";

typedef struct {
  lore_sweep_options sweep;
  lore_overrides overrides;
  const char *study;
  double max_hours; /* 0: no limit */
  bool help;
} lore_arguments;

enum { OPTION_RANKS = 256, OPTION_HOURS, OPTION_WAVE, OPTION_CHUNK, OPTION_FAIL, OPTION_OVERWRITE };

static lore_status parse_chunk(const char *text, int *chunk, int *chunks) {
  char rest;
  if (sscanf(text, "%d/%d%c", chunk, chunks, &rest) == 2 && *chunks > 0 && *chunk >= 0 &&
      *chunk < *chunks)
    return LORE_OK;
  return lore_fail(LORE_USER, "--chunk '%s' is not of the form I/N with 0 <= I < N", text);
}

static lore_status take_option(int option, void *arguments) {
  enum { WAVES_MAX = 1 << 20 };
  lore_arguments *a = arguments;
  switch (option) {
  case 's':
    return lore_overrides_add(&a->overrides, optarg);
  case OPTION_RANKS:
    return lore_options_ranks(optarg, &a->sweep.ranks_per_run);
  case OPTION_WAVE:
    return lore_options_integer("--wave", optarg, 0, WAVES_MAX, &a->sweep.wave);
  case OPTION_HOURS:
    return lore_options_positive("--max-hours", "hours", optarg, 1e6, &a->max_hours);
  case OPTION_CHUNK:
    return parse_chunk(optarg, &a->sweep.chunk, &a->sweep.chunks);
  default:
    a->sweep.directory = option == 'o' ? optarg : a->sweep.directory;
    a->sweep.overwrite |= option == OPTION_OVERWRITE;
    a->sweep.fail_fast |= option == OPTION_FAIL;
    a->sweep.quiet |= option == 'q';
    return LORE_OK;
  }
}

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                          {"ranks-per-run", required_argument, NULL, OPTION_RANKS},
                                          {"max-hours", required_argument, NULL, OPTION_HOURS},
                                          {"wave", required_argument, NULL, OPTION_WAVE},
                                          {"chunk", required_argument, NULL, OPTION_CHUNK},
                                          {"fail-fast", no_argument, NULL, OPTION_FAIL},
                                          {"overwrite", no_argument, NULL, OPTION_OVERWRITE},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  static const lore_command_options run = {"run", ":o:s:qh", options, take_option};
  arguments->sweep.wave = -1;
  arguments->sweep.chunks = 1;
  LORE_TRY(lore_options_read(&run, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  LORE_TRY(lore_options_study("run", argc, argv, &arguments->study));
  if (!arguments->sweep.directory)
    return lore_fail(LORE_USER, "lore run needs a directory for the results: -o DIR");
  return LORE_OK;
}

static void print_run(const lore_run_result *r) {
  printf("results         %s\n", r->directory);
  if (r->done_before) {
    printf("complete        since before; --overwrite trains it again\n");
    return;
  }
  if (r->elsewhere) {
    printf("left to         %s, which trains it now\n", r->holder);
    return;
  }
  printf("steps           %lld (%.3g tokens in %.1f s, %.0f tokens/s)\n", (long long)r->steps,
         (double)r->tokens, r->seconds, (double)r->tokens / r->seconds);
  if (r->resumed_at >= 0)
    printf("gone on from    step %lld\n", (long long)r->resumed_at);
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
  if (r->failed > 0)
    printf("failed          %d\n", r->failed);
  if (r->blocked > 0)
    printf("could not begin %d (the run that they start from is not complete)\n", r->blocked);
  if (r->elsewhere > 0)
    printf("in other jobs   %d\n", r->elsewhere);
  if (r->unfinished > 0)
    printf("left            %d\n", r->unfinished);
  printf("groups busy     %.1f %% of the time until the last run was taken\n", 100 * r->busy);
}

/* When the job ends, as Slurm or the user says. */
static void set_deadlines(double max_hours) {
  const char *end = getenv("SLURM_JOB_END_TIME");
  if (max_hours > 0)
    lore_stop_at(lore_clock_unix() + 3600 * max_hours);
  if (end && atof(end) > 0)
    lore_stop_at(atof(end));
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

static lore_status expand(lore_team world, const lore_arguments *a, lore_manifest *manifest) {
  LORE_TRY_TOGETHER(
      world, lore_manifest_expand(a->study, a->overrides.count, a->overrides.value, manifest));
  lore_status status = lore_sweep_check_ranks(world.ranks, manifest, a->sweep.ranks_per_run);
  if (status == LORE_OK && manifest->runs > 1)
    status = lore_manifest_estimate(manifest);
  if (status == LORE_OK && world.rank == 0 && is_frozen(manifest, a->sweep.directory))
    status = freeze(manifest, &a->sweep);
  return lore_team_agree(world, status);
}

static lore_status run_study(lore_team world, const lore_arguments *arguments) {
  lore_manifest manifest = {0};
  lore_sweep_result result = {0};
  lore_status status = expand(world, arguments, &manifest);
  if (status == LORE_OK) {
    lore_manifest_warn(&manifest);
    lore_stop_listen();
    set_deadlines(arguments->max_hours);
    status = lore_sweep_run(MPI_COMM_WORLD, &manifest, &arguments->sweep, &result);
  }
  if (world.rank == 0 && manifest.runs > 1 && result.groups > 0)
    print_sweep(&result);
  else if (world.rank == 0 && manifest.runs == 1 && status == LORE_OK)
    print_run(&result.last);
  lore_manifest_destroy(&manifest);
  return status == LORE_OK ? lore_options_flush() : status;
}

int lore_command_run(int argc, char **argv) {
  static lore_arguments arguments;
  bool mine = false;
  /* Open MPI 4.1 prefers its osc/rdma between nodes, which fails over TCP: windows by messages. */
  setenv("OMPI_MCA_osc", "^rdma", 0);
  lore_status status = lore_mpi_begin(&mine);
  lore_team world = lore_team_of(MPI_COMM_WORLD);
  if (status == LORE_OK)
    status = parse(argc, argv, &arguments);
  if (status == LORE_OK && arguments.help) {
    status = world.rank == 0 ? lore_options_help(usage) : LORE_OK;
  } else if (status == LORE_OK) {
    char *command = lore_options_join(argc, argv);
    arguments.sweep.command = command ? command : "run";
    status = run_study(world, &arguments);
    free(command);
  }
  return lore_mpi_end(mine, lore_options_report(status));
}
