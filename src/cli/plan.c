/* lore plan: expands a study, says what its runs will cost, and freezes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lore/base/mpi.h"
#include "lore/base/threads.h"
#include "lore/cost/plan.h"
#include "lore/manifest/manifest.h"
#include "options.h"
#include "plan_print.h"

static const char usage[] =
    "usage: lore plan [OPTION ...] STUDY\n"
    "\n"
    "Expands the study, validates all its runs, and prints them with the steps, tokens,\n"
    "operations, memory and hours that they will take; trains nothing.\n"
    "\n"
    "  -o, --output DIR       writes DIR/manifest.tsv, the frozen list of runs\n"
    "  -s KEY=VALUE           overrides a setting; any number of times\n"
    "      --ranks-per-run R  ranks that train one run together (default 1)\n"
    "      --gflops G         speed of training steps of one rank in GFLOP/s, as lore bench\n"
    "                         measures it on the machine in question (default: matrix\n"
    "                         products are timed here for a second)\n"
    "      --probes N         also what lore probe will take on N ranks\n"
    "      --json             one JSON object, for programs\n"
    "  -h, --help             this text\n";

typedef struct {
  lore_overrides overrides;
  const char *study, *directory;
  int ranks, probe_ranks; /* probe_ranks 0: not asked for */
  double gflops;          /* 0: measure */
  bool json, help;
} lore_arguments;

enum { OPTION_RANKS = 256, OPTION_GFLOPS, OPTION_PROBES };

static lore_status take_option(int option, void *arguments) {
  lore_arguments *a = arguments;
  switch (option) {
  case 's':
    return lore_overrides_add(&a->overrides, optarg);
  case OPTION_RANKS:
    return lore_options_ranks(optarg, &a->ranks);
  case OPTION_PROBES:
    return lore_options_integer("--probes", optarg, 1, 1 << 20, &a->probe_ranks);
  case OPTION_GFLOPS:
    return lore_options_positive("--gflops", "GFLOP/s", optarg, 1e9, &a->gflops);
  default:
    a->directory = option == 'o' ? optarg : a->directory;
    a->json |= option == 'j';
    return LORE_OK;
  }
}

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                          {"ranks-per-run", required_argument, NULL, OPTION_RANKS},
                                          {"gflops", required_argument, NULL, OPTION_GFLOPS},
                                          {"probes", required_argument, NULL, OPTION_PROBES},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  static const lore_command_options plan = {"plan", ":o:s:h", options, take_option};
  LORE_TRY(lore_options_read(&plan, argc, argv, arguments, &arguments->help));
  return arguments->help ? LORE_OK : lore_options_study("plan", argc, argv, &arguments->study);
}

static lore_status predict(const lore_arguments *a, lore_plan_print *plan, lore_plan_run *run) {
  bool mine;
  int cores = lore_threads_allowed();
  /* MPI is a good part of what a small run occupies: counted, not guessed. */
  LORE_TRY(lore_mpi_begin(&mine));
  lore_status status = lore_plan_estimate(plan->manifest, a->ranks, cores, run);
  lore_mpi_end(mine, 0);
  LORE_TRY(status);
  plan->speed = (lore_plan_speed){.gflops = a->gflops};
  if (a->gflops == 0)
    LORE_TRY(lore_plan_measure(plan->manifest, run, 1.0, &plan->speed));
  lore_plan_time(plan->manifest, &plan->speed, a->ranks, run);
  if (a->probe_ranks > 0)
    LORE_TRY(lore_probe_plan_make(plan->manifest, a->probe_ranks, cores, plan->speed.gflops,
                                  &plan->probes));
  return lore_plan_total(plan->manifest, run, a->ranks, cores, &plan->totals);
}

static lore_status freeze(const lore_manifest *manifest, const char *directory) {
  LORE_TRY(lore_manifest_check_parents(manifest, directory));
  return lore_manifest_freeze(manifest, directory);
}

static lore_status plan_manifest(const lore_arguments *a, lore_manifest *manifest) {
  lore_plan_run *run = calloc((size_t)manifest->runs + 1, sizeof *run);
  if (!run)
    return lore_fail(LORE_MEMORY, "no memory for a plan of %d runs", manifest->runs);
  lore_plan_print plan = {
      .manifest = manifest, .run = run, .ranks = a->ranks, .directory = a->directory};
  lore_status status = predict(a, &plan, run);
  if (status == LORE_OK && a->directory)
    status = freeze(manifest, a->directory);
  if (status == LORE_OK) {
    (a->json ? lore_plan_print_json : lore_plan_print_text)(&plan);
    status = lore_options_flush();
  }
  free(run);
  return status;
}

static lore_status plan_study(const lore_arguments *a) {
  lore_manifest manifest;
  lore_status status =
      lore_manifest_expand(a->study, a->overrides.count, a->overrides.value, &manifest);
  if (status == LORE_OK)
    lore_manifest_warn(&manifest);
  if (status == LORE_OK)
    status = plan_manifest(a, &manifest);
  lore_manifest_destroy(&manifest);
  return status;
}

int lore_command_plan(int argc, char **argv) {
  static lore_arguments arguments = {.ranks = 1};
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK)
    status = arguments.help ? lore_options_help(usage) : plan_study(&arguments);
  return lore_options_report(status);
}
