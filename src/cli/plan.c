/* lore plan: expands a study, says what its runs will cost, and freezes them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lore/base/json.h"
#include "lore/base/mpi.h"
#include "lore/base/shown.h"
#include "lore/base/textfile.h"
#include "lore/base/threads.h"
#include "lore/cost/plan.h"
#include "lore/io/path.h"
#include "lore/manifest/expand.h"
#include "lore/manifest/file.h"
#include "lore/manifest/parents.h"
#include "lore/probe/plan.h"
#include "options.h"

enum { DIGITS = 17 }; /* read back to the same bits */

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

const lore_command_line lore_line_plan = {
    .name = "plan",
    .usage = "lore plan [OPTION ...] STUDY",
    .about = "Expands the study, validates all its runs, and prints them with their steps, "
             "tokens, operations, memory and predicted hours. Trains nothing.",
    .argument = LORE_ARGUMENT_STUDY,
    LORE_OPTIONS(options),
    .notes = "examples:\n"
             "  lore plan study.yaml --gflops 40 --ranks-per-run 4\n"
             "  lore plan study.yaml -o results",
};

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  LORE_TRY(lore_options_read(&lore_line_plan, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  return lore_options_argument(&lore_line_plan, argc, argv, &arguments->study);
}

typedef struct {
  lore_manifest *manifest;
  const lore_plan_run *run; /* one per run */
  lore_plan_totals totals;
  lore_plan_speed speed;
  int ranks;              /* per run */
  const char *directory;  /* where it was frozen; NULL: nowhere */
  lore_probe_plan probes; /* ranks 0: not asked for */
} study_plan;

static double mebibytes(double bytes) {
  return bytes / 1048576;
}

enum { CELL = 32 };

/* "15 s", "38 min", "7.5 h", "310 h": what a reader can plan with. */
static const char *print_time(double hours, char *text) {
  if (hours < 1.0 / 30)
    snprintf(text, CELL, "%.0f s", fmax(1, 3600 * hours));
  else if (hours < 2)
    snprintf(text, CELL, "%.0f min", 60 * hours);
  else
    snprintf(text, CELL, "%.*f h", hours < 100, hours);
  return text;
}

/* Hours that are paid for. */
static const char *print_cost(double hours, char *text) {
  if (hours < 0.01)
    snprintf(text, CELL, "under 0.01");
  else
    snprintf(text, CELL, "%.*f", hours < 100 ? 2 : 0, hours);
  return text;
}

static int id_width(const lore_manifest *m) {
  size_t width = strlen("run");
  for (int r = 0; r < m->runs; r++)
    if (strlen(m->run[r].id) > width)
      width = strlen(m->run[r].id);
  return (int)width;
}

static void print_runs(const study_plan *plan) {
  const lore_manifest *m = plan->manifest;
  int width = id_width(m);
  char time[CELL];
  printf("%-*s  wave  %9s  %8s  %10s  %8s  %s\n", width, "run", "steps", "tokens", "operations",
         "time", "starts from");
  for (int r = 0; r < m->runs; r++) {
    const lore_manifest_run *run = &m->run[r];
    lore_shown_print(stdout, "%-*s  %4d  %9lld  %8.2e  %10.2e  %8s  ", width, run->id, run->wave,
                     (long long)run->steps, plan->run[r].tokens, plan->run[r].operations,
                     print_time(plan->run[r].hours, time));
    if (run->start)
      lore_shown_print(stdout, "%s, step %lld\n", run->start->path, (long long)run->parent_step);
    else if (run->parent < 0)
      printf("-\n");
    else
      lore_shown_print(stdout, "%s, step %lld\n", m->run[run->parent].id,
                       (long long)run->parent_step);
  }
}

static void print_speed(const study_plan *plan) {
  const lore_plan_speed *speed = &plan->speed;
  const lore_plan_totals *t = &plan->totals;
  printf("speed              %.4g GFLOP/s of each rank", speed->gflops);
  if (speed->gemm_gflops > 0)
    printf(": %.0f %% of %.4g in matrix products (%s, %d thread%s, timed here just now)",
           100 * speed->share, speed->gemm_gflops, speed->backend, plan->run[t->longest].threads,
           plan->run[t->longest].threads == 1 ? "" : "s");
  else
    printf(", as given");
  printf("\n");
}

static void print_probes(const study_plan *plan) {
  const lore_probe_plan *p = &plan->probes;
  enum { MIB = 1 << 20 };
  char time[CELL];
  printf("probes             %d snapshot%s of %d run%s, %d rank%s for each run: %s\n", p->snapshots,
         p->snapshots == 1 ? "" : "s", p->runs, p->runs == 1 ? "" : "s", p->ranks,
         p->ranks == 1 ? "" : "s", print_time(p->hours, time));
  if (p->largest < 0)
    return;
  lore_shown_print(
      stdout,
      "probes, MiB        %zu of each rank for all levels at once, %zu for one at a time (%s)\n",
      p->bytes / MIB, p->bytes_least / MIB, plan->manifest->run[p->largest].id);
}

static void print_text(const study_plan *plan) {
  const lore_manifest *m = plan->manifest;
  const lore_plan_totals *t = &plan->totals;
  const lore_plan_run *largest = &plan->run[t->largest];
  char all[CELL], chain[CELL];
  print_runs(plan);
  printf("\nruns               %d in %d wave%s, %d rank%s each\n", m->runs, t->waves,
         t->waves == 1 ? "" : "s", plan->ranks, plan->ranks == 1 ? "" : "s");
  printf("tokens             %.4g\n", t->tokens);
  printf("operations         %.4g, and %.3g for evaluations\n", t->operations,
         t->evaluation_operations);
  lore_shown_print(stdout, "memory, MiB        %.0f of each rank at most (%s)\n",
                   mebibytes((double)largest->peak_bytes), m->run[t->largest].id);
  printf("weights on disk    %.1f MiB, and at most %.1f for each run while it trains\n",
         mebibytes(t->weights_bytes), mebibytes(largest->resume_bytes));
  print_speed(plan);
  lore_shown_print(stdout, "time               %s one after the other; %s at least (%s)\n",
                   print_time(t->hours, all), print_time(t->chain_hours, chain),
                   t->waves > 1 ? "longest chain" : m->run[t->longest].id);
  printf("core-hours         %s\n", print_cost(t->core_hours, all));
  printf("node-hours         %s of nodes with %d core%s, as this one\n",
         print_cost(t->node_hours, all), t->cores, t->cores == 1 ? "" : "s");
  if (plan->probes.ranks > 0)
    print_probes(plan);
  if (plan->directory)
    lore_shown_print(stdout, "frozen             %s/" LORE_PATH_MANIFEST "\n", plan->directory);
}

static void print_probes_json(const lore_probe_plan *p, lore_json *json) {
  lore_json_begin_object(json, "probes");
  lore_json_integer(json, "ranks", p->ranks);
  lore_json_integer(json, "runs", p->runs);
  lore_json_integer(json, "snapshots", p->snapshots);
  lore_json_unsigned(json, "peak_bytes", p->bytes);
  lore_json_unsigned(json, "least_bytes", p->bytes_least);
  lore_json_real(json, "operations", DIGITS, p->operations);
  lore_json_real(json, "algebra_operations", DIGITS, p->algebra);
  lore_json_real(json, "hours", DIGITS, p->hours);
  lore_json_end(json);
}

static void print_start_json(const lore_manifest *m, const lore_manifest_run *run,
                             lore_json *json) {
  bool starts = run->start || run->parent >= 0;
  lore_json_text(json, "parent", run->start || run->parent < 0 ? NULL : m->run[run->parent].id);
  lore_json_text(json, "start_file", run->start ? run->start->path : NULL);
  if (starts)
    lore_json_integer(json, "parent_step", run->parent_step);
  else
    lore_json_null(json, "parent_step");
}

static void print_run_json(const lore_manifest *m, const lore_manifest_run *run,
                           const lore_plan_run *cost, lore_json *json) {
  char hash[17];
  snprintf(hash, sizeof hash, "%016llx", (unsigned long long)run->hash);
  lore_json_begin_object(json, NULL);
  lore_json_text(json, "id", run->id);
  lore_json_text(json, "experiment", run->experiment);
  lore_json_integer(json, "wave", run->wave);
  print_start_json(m, run, json);
  lore_json_unsigned(json, "seed", run->seed);
  lore_json_integer(json, "steps", run->steps);
  lore_json_text(json, "hash", hash);
  lore_json_real(json, "tokens", DIGITS, cost->tokens);
  lore_json_real(json, "operations", DIGITS, cost->operations);
  lore_json_real(json, "evaluation_operations", DIGITS, cost->evaluation_operations);
  lore_json_real(json, "hours", DIGITS, cost->hours);
  lore_json_integer(json, "threads", cost->threads);
  lore_json_unsigned(json, "peak_bytes", cost->peak_bytes);
  lore_json_decimal(json, "weights_bytes", 0, cost->weights_bytes);
  lore_json_begin_object(json, "axes");
  for (int a = 0; a < m->axes; a++)
    if (*run->value[a])
      lore_json_text(json, m->axis[a], run->value[a]);
  lore_json_end(json);
  lore_json_end(json);
}

static void print_totals_json(const study_plan *plan, lore_json *json) {
  const lore_plan_totals *t = &plan->totals;
  const lore_plan_run *largest = &plan->run[t->largest];
  lore_json_integer(json, "waves", t->waves);
  lore_json_integer(json, "ranks_per_run", plan->ranks);
  lore_json_real(json, "tokens", DIGITS, t->tokens);
  lore_json_real(json, "operations", DIGITS, t->operations);
  lore_json_real(json, "evaluation_operations", DIGITS, t->evaluation_operations);
  lore_json_unsigned(json, "peak_bytes", largest->peak_bytes);
  lore_json_decimal(json, "weights_bytes", 0, t->weights_bytes);
  lore_json_decimal(json, "resume_bytes", 0, largest->resume_bytes);
  lore_json_real(json, "gflops", DIGITS, plan->speed.gflops);
  lore_json_boolean(json, "measured", plan->speed.gemm_gflops > 0);
  lore_json_real(json, "hours", DIGITS, t->hours);
  lore_json_real(json, "chain_hours", DIGITS, t->chain_hours);
  lore_json_real(json, "core_hours", DIGITS, t->core_hours);
  lore_json_real(json, "node_hours", DIGITS, t->node_hours);
  lore_json_integer(json, "cores_per_node", t->cores);
  lore_json_boolean(json, "frozen", plan->directory);
}

static void print_json(const study_plan *plan) {
  const lore_manifest *m = plan->manifest;
  lore_json json = lore_json_begin(stdout);
  lore_json_begin_object(&json, NULL);
  lore_json_text(&json, "study", m->name);
  lore_json_begin_lines(&json, "runs");
  for (int r = 0; r < m->runs; r++)
    print_run_json(m, &m->run[r], &plan->run[r], &json);
  lore_json_end(&json);
  if (plan->probes.ranks > 0)
    print_probes_json(&plan->probes, &json);
  print_totals_json(plan, &json);
  lore_json_end(&json);
}

static lore_status predict(const lore_arguments *a, study_plan *plan, lore_plan_run *run) {
  bool mine;
  int cores = lore_threads_processors();
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

/* Before anything is timed. A directory that has the manifest may be read-only: nothing is written
 * if the study is the same. */
static lore_status try_directory(const char *directory) {
  char path[LORE_PATH_MAX];
  if (!directory || lore_manifest_exists(directory))
    return LORE_OK;
  LORE_TRY(lore_path_join(directory, LORE_PATH_MANIFEST, path));
  return lore_textfile_try(path, true);
}

static lore_status freeze(const lore_manifest *manifest, const char *directory) {
  LORE_TRY(lore_manifest_check_parents(manifest, directory));
  return lore_manifest_freeze(manifest, directory);
}

static lore_status plan_manifest(const lore_arguments *a, lore_manifest *manifest) {
  lore_plan_run *run = calloc((size_t)manifest->runs + 1, sizeof *run);
  if (!run)
    return lore_fail(LORE_MEMORY, "cannot allocate a plan of %d runs", manifest->runs);
  study_plan plan = {
      .manifest = manifest, .run = run, .ranks = a->ranks, .directory = a->directory};
  lore_status status = predict(a, &plan, run);
  if (status == LORE_OK && a->directory)
    status = freeze(manifest, a->directory);
  if (status == LORE_OK) {
    (a->json ? print_json : print_text)(&plan);
    status = lore_options_flush();
  }
  free(run);
  return status;
}

static lore_status plan_study(const lore_arguments *a) {
  lore_manifest manifest;
  LORE_TRY(try_directory(a->directory));
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
    status = arguments.help ? lore_options_help(&lore_line_plan) : plan_study(&arguments);
  return lore_options_report(status);
}
