/* lore probe: examines snapshots. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alike.h"
#include "commands.h"
#include "lore/base/log.h"
#include "lore/base/mpi.h"
#include "lore/base/team.h"
#include "lore/probe/study.h"
#include "options.h"

typedef struct {
  lore_probe_options probe;
  bool help;
} lore_arguments;

static lore_status take_run(const lore_option *option, const char *text, void *field) {
  lore_probe_options *probe = field;
  if (probe->runs == LORE_PROBE_RUNS_MAX)
    return lore_fail(LORE_USER, "--%s: more than %d runs", option->name, LORE_PROBE_RUNS_MAX);
  probe->run[probe->runs++] = text;
  return LORE_OK;
}

static lore_status take_snapshots(const lore_option *option, const char *text, void *field) {
  lore_integer_list *list = field;
  char *end = NULL;
  list->count = 0;
  for (const char *at = text; end == NULL || *end; at = end + 1) {
    long long step = strtoll(at, &end, 10);
    if (end == at || (*end && *end != ',') || step < 0 || list->count == LORE_LIST_MAX)
      return lore_fail(LORE_USER, "--%s %s: expected up to %d steps separated by commas",
                       option->name, text, LORE_LIST_MAX);
    list->value[list->count++] = step;
  }
  return LORE_OK;
}

static lore_status take_ridge(const lore_option *option, const char *text, void *field) {
  lore_probe_options *probe = field;
  char *end = NULL;
  probe->strengths = 0;
  for (const char *at = text; end == NULL || *end; at = end + 1) {
    double strength = strtod(at, &end);
    if (end == at || (*end && *end != ',') || !(strength > 0 && strength < 1e12) ||
        probe->strengths == LORE_PROBE_STRENGTHS_MAX)
      return lore_fail(LORE_USER, "--%s %s: expected up to %d positive numbers separated by commas",
                       option->name, text, LORE_PROBE_STRENGTHS_MAX);
    probe->strength[probe->strengths++] = strength;
  }
  return LORE_OK;
}

enum { KEYS_MAX = 1 << 20, INDIVIDUALS_MAX = 1 << 30 };

static const lore_option options[] = {
    {LORE_OPTION_OTHER, '\0', "run", "ID", LORE_FIELD(lore_arguments, probe, lore_probe_options),
     .take = take_run, .help = "only this run; may be repeated"},
    {LORE_OPTION_OTHER, '\0', "snapshots", "LIST",
     LORE_FIELD(lore_arguments, probe.snapshots, lore_integer_list), .take = take_snapshots,
     .help = "only these steps (0,400,1200)"},
    {LORE_OPTION_INTEGER, '\0', "individuals", "N",
     LORE_FIELD(lore_arguments, probe.individuals, int), .least = LORE_PROBE_INDIVIDUALS_LEAST,
     .most = INDIVIDUALS_MAX, .help = "how many known individuals to use (default: all)"},
    {LORE_OPTION_INTEGER, '\0', "keys", "N", LORE_FIELD(lore_arguments, probe.keys, int),
     .least = 2, .most = KEYS_MAX, .help = "how many names to compare (default 1024)"},
    {LORE_OPTION_OTHER, '\0', "ridge", "LIST",
     LORE_FIELD(lore_arguments, probe, lore_probe_options), .take = take_ridge,
     .help = "strengths of the penalty to choose from, relative to the mean square of activations "
             "(default 1e-5,1e-4,...,10)"},
    LORE_OPTION_RANKS(lore_arguments, probe.ranks_per_run,
                      "ranks that probe one run together (default: all)"),
    {LORE_OPTION_FLAG, '\0', "overwrite", NULL, LORE_FIELD(lore_arguments, probe.overwrite, bool),
     .help = "probe again where results exist"},
    {LORE_OPTION_FLAG, 'q', "quiet", NULL, LORE_FIELD(lore_arguments, probe.quiet, bool),
     .help = "print no progress"},
};

const lore_command_line lore_line_probe = {
    .name = "probe",
    .usage = "lore probe [OPTION ...] DIR\n"
             "mpirun -n N lore probe [OPTION ...] DIR",
    .about = "Examines the snapshots of all runs of the study in DIR and writes, beside each "
             "run's metrics, DIR/runs/<id>/probe.nc: from which level and token a linear probe "
             "can read attributes, spectra of activations and weights, distances between names. "
             "Snapshots are the weights of the last step and those of checkpoint.snapshots. "
             "Existing results are left alone. 'lore collect --probes DIR' joins the files.",
    .argument = LORE_ARGUMENT_RESULTS,
    LORE_OPTIONS(options),
    .notes = "example:\n"
             "  mpirun -n 4 lore probe --snapshots 0,400,1200 results",
};

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  lore_probe_options_default(&arguments->probe);
  LORE_TRY(lore_options_read(&lore_line_probe, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  return lore_options_argument(&lore_line_probe, argc, argv, &arguments->probe.directory);
}

static void print_totals(const lore_probe_totals *t) {
  printf("probed          %d run%s (%d snapshots in %.1f s)\n", t->probed,
         t->probed == 1 ? "" : "s", t->snapshots, t->seconds);
  if (t->done_before > 0)
    printf("complete        %d already; --overwrite probes them again\n", t->done_before);
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
    status = lore_alike_check(world, argc, argv);
  if (status == LORE_OK)
    status = parse(argc, argv, &arguments);
  if (status == LORE_OK && arguments.help)
    status = world.rank == 0 ? lore_options_help(&lore_line_probe) : LORE_OK;
  else if (status == LORE_OK)
    status = probe(world, &arguments, argc, argv);
  return lore_mpi_end(mine, lore_options_report(status));
}
