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

typedef struct {
  lore_overrides overrides;
  const char *study, *directory;
  int ranks, probe_ranks; /* probe_ranks 0: not asked for */
  double gflops;          /* 0: measure */
  bool json, help;
} lore_arguments;

static const lore_option options[] = {
    {LORE_OPTION_TEXT, 'o', "output", "DIR", LORE_FIELD(lore_arguments, directory, const char *),
     .help = "write DIR/manifest.tsv, the frozen list of runs"},
    LORE_OPTION_OVERRIDES(lore_arguments, overrides),
    LORE_OPTION_RANKS(lore_arguments, ranks, "ranks that train one run together (default 1)"),
    {LORE_OPTION_POSITIVE, '\0', "gflops", "G", LORE_FIELD(lore_arguments, gflops, double),
     .most = 1e9, .unit = "GFLOP/s",
     .help = "speed of training steps of one rank in GFLOP/s, as lore bench measures it on the "
             "machine in question (default: matrix products are timed here for a second)"},
    {LORE_OPTION_INTEGER, '\0', "probes", "N", LORE_FIELD(lore_arguments, probe_ranks, int),
     .least = 1, .most = 1 << 20, .help = "also predict what lore probe takes on N ranks"},
    {LORE_OPTION_FLAG, '\0', "json", NULL, LORE_FIELD(lore_arguments, json, bool),
     .help = "one JSON object, for programs"},
};

static const lore_command_line command_line = {
    .name = "plan",
    .usage = "lore plan [OPTION ...] STUDY",
    .about = "Expands the study, validates all its runs, and prints them with their steps, "
             "tokens, operations, memory and predicted hours. Trains nothing.",
    .argument = "study file",
    LORE_OPTIONS(options),
    .notes = "examples:\n"
             "  lore plan study.yaml --gflops 40 --ranks-per-run 4\n"
             "  lore plan study.yaml -o results",
};

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  LORE_TRY(lore_options_read(&command_line, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  return lore_options_argument(&command_line, argc, argv, &arguments->study);
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
    status = arguments.help ? lore_options_help(&command_line) : plan_study(&arguments);
  return lore_options_report(status);
}
