/* lore probe: looks inside of snapshots. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lore/base/log.h"
#include "lore/base/mpi.h"
#include "lore/probe/study.h"
#include "options.h"

static const char usage[] =
    "usage: lore probe [OPTION ...] DIR\n"
    "       mpirun -n N lore probe [OPTION ...] DIR\n"
    "\n"
    "Looks inside of the snapshots of all runs of the study in DIR and writes, beside each\n"
    "run's metrics, DIR/runs/<id>/probe.nc: from which level and token attributes can be\n"
    "read by a linear probe, spectra of activations and weights, distances between names.\n"
    "Snapshots are the weights of the last step and of checkpoint.snapshots. What is there\n"
    "already is left alone. 'lore collect --probes DIR' joins the files.\n"
    "\n"
    "      --run ID           only this run; any number of times\n"
    "      --snapshots LIST   only these steps (0,400,1200)\n"
    "      --individuals N    known individuals that are used (default: all)\n"
    "      --keys N           names that are compared (default 1024)\n"
    "      --ridge LIST       strengths of the penalty to choose from, relative to the mean\n"
    "                         square of activations (default 1e-5,1e-4,...,10)\n"
    "      --ranks-per-run R  ranks that probe one run together (default: all)\n"
    "      --overwrite        probes again what is there\n"
    "  -q, --quiet            no progress\n"
    "  -h, --help             this text\n";

typedef struct {
  lore_probe_options probe;
  bool help;
} lore_arguments;

enum {
  OPTION_RUN = 256,
  OPTION_SNAPSHOTS,
  OPTION_INDIVIDUALS,
  OPTION_KEYS,
  OPTION_RIDGE,
  OPTION_RANKS,
  OPTION_OVERWRITE
};

static lore_status take_run(const char *id, lore_probe_options *options) {
  if (options->runs == LORE_PROBE_RUNS_MAX)
    return lore_fail(LORE_USER, "--run: more than %d runs", LORE_PROBE_RUNS_MAX);
  options->run[options->runs++] = id;
  return LORE_OK;
}

static lore_status take_snapshots(const char *text, lore_integer_list *list) {
  char *end = NULL;
  list->count = 0;
  for (const char *at = text; end == NULL || *end; at = end + 1) {
    long long step = strtoll(at, &end, 10);
    if (end == at || (*end && *end != ',') || step < 0 || list->count == LORE_LIST_MAX)
      return lore_fail(LORE_USER,
                       "--snapshots '%s': up to %d steps with commas between them are needed", text,
                       LORE_LIST_MAX);
    list->value[list->count++] = step;
  }
  return LORE_OK;
}

static lore_status take_ridge(const char *text, lore_probe_options *options) {
  char *end = NULL;
  options->strengths = 0;
  for (const char *at = text; end == NULL || *end; at = end + 1) {
    double strength = strtod(at, &end);
    if (end == at || (*end && *end != ',') || !(strength > 0 && strength < 1e12) ||
        options->strengths == LORE_PROBE_STRENGTHS_MAX)
      return lore_fail(LORE_USER,
                       "--ridge '%s': up to %d positive numbers with commas between them are "
                       "needed",
                       text, LORE_PROBE_STRENGTHS_MAX);
    options->strength[options->strengths++] = strength;
  }
  return LORE_OK;
}

static lore_status take_option(int option, void *arguments) {
  enum { KEYS_MOST = 1 << 20, PEOPLE_MOST = 1 << 30 };
  lore_probe_options *o = &((lore_arguments *)arguments)->probe;
  switch (option) {
  case OPTION_RUN:
    return take_run(optarg, o);
  case OPTION_SNAPSHOTS:
    return take_snapshots(optarg, &o->snapshots);
  case OPTION_INDIVIDUALS:
    return lore_options_integer("--individuals", optarg, LORE_PROBE_INDIVIDUALS_LEAST, PEOPLE_MOST,
                                &o->individuals);
  case OPTION_KEYS:
    return lore_options_integer("--keys", optarg, 2, KEYS_MOST, &o->keys);
  case OPTION_RIDGE:
    return take_ridge(optarg, o);
  case OPTION_RANKS:
    return lore_options_ranks(optarg, &o->ranks_per_run);
  default:
    o->overwrite |= option == OPTION_OVERWRITE;
    o->quiet |= option == 'q';
    return LORE_OK;
  }
}

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  static const struct option options[] = {
      {"run", required_argument, NULL, OPTION_RUN},
      {"snapshots", required_argument, NULL, OPTION_SNAPSHOTS},
      {"individuals", required_argument, NULL, OPTION_INDIVIDUALS},
      {"keys", required_argument, NULL, OPTION_KEYS},
      {"ridge", required_argument, NULL, OPTION_RIDGE},
      {"ranks-per-run", required_argument, NULL, OPTION_RANKS},
      {"overwrite", no_argument, NULL, OPTION_OVERWRITE},
      {"quiet", no_argument, NULL, 'q'},
      {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0}};
  static const lore_command_options probe = {"probe", ":qh", options, take_option};
  lore_probe_options_default(&arguments->probe);
  LORE_TRY(lore_options_read(&probe, argc, argv, arguments, &arguments->help));
  return arguments->help ? LORE_OK
                         : lore_options_directory("probe", argc, argv, &arguments->probe.directory);
}

static void print_totals(const lore_probe_totals *t) {
  printf("probed          %d run%s (%d snapshots in %.1f s)\n", t->probed,
         t->probed == 1 ? "" : "s", t->snapshots, t->seconds);
  if (t->done_before > 0)
    printf("there already   %d; --overwrite probes them again\n", t->done_before);
  if (t->without > 0)
    printf("no snapshot yet %d\n", t->without);
  if (t->failed > 0)
    printf("failed          %d\n", t->failed);
}

static lore_status probe(lore_team world, lore_arguments *arguments, int argc, char **argv) {
  lore_probe_totals totals;
  char *command = lore_options_join(argc, argv);
  arguments->probe.command = command ? command : "probe";
  lore_status status = lore_probe_study(MPI_COMM_WORLD, &arguments->probe, &totals);
  free(command);
  if (world.rank == 0 && totals.seconds > 0 && (status == LORE_OK || status == LORE_RUNS_FAILED))
    print_totals(&totals);
  return status == LORE_OK ? lore_options_flush() : status;
}

int lore_command_probe(int argc, char **argv) {
  static lore_arguments arguments;
  bool mine = false;
  lore_status status = lore_mpi_begin(&mine);
  lore_team world = lore_team_of(MPI_COMM_WORLD);
  if (status == LORE_OK)
    status = parse(argc, argv, &arguments);
  if (status == LORE_OK && arguments.help)
    status = world.rank == 0 ? lore_options_help(usage) : LORE_OK;
  else if (status == LORE_OK)
    status = probe(world, &arguments, argc, argv);
  return lore_mpi_end(mine, lore_options_report(status));
}
