/* lore plan: a study's runs, their order and their cost. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lore/decoder.h"
#include "lore/manifest.h"
#include "lore/run.h"
#include "lore/threads.h"
#include "options.h"

static const char usage[] =
    "usage: lore plan [OPTION ...] STUDY [-o DIR]\n"
    "\n"
    "Expands the study's sweep and experiments, validates every run, and prints runs,\n"
    "dependencies, memory and predicted time; trains nothing.\n"
    "\n"
    "  -o, --output DIR       freezes the runs in DIR/manifest.tsv\n"
    "  -s KEY=VALUE           overrides a setting; any number of times\n"
    "      --ranks-per-run R  ranks that will train one run together (default 1)\n"
    "      --gflops G         speed of a rank in GFLOP/s (default: matrix products of the\n"
    "                         largest model are timed here)\n"
    "      --json             one JSON object, for programs\n"
    "  -h, --help             this text\n";

typedef struct {
  lore_overrides overrides;
  const char *study, *directory;
  int ranks, gflops;
  bool json, help;
} lore_plan_options;

/* What the whole study needs. */
typedef struct {
  int waves, largest; /* run with the largest model */
  double operations, gflops;
  size_t rank_bytes, disk_bytes;
  bool measured;
} lore_plan_totals;

/* Products of the largest model's shapes, on as many threads as a run would take. */
static lore_status measure_speed(const lore_settings *s, const lore_estimate *e, double *gflops) {
  lore_gemm_shape shapes[LORE_GEMM_SHAPES];
  lore_model *model;
  char text[128];
  double seconds, operations = 0;
  LORE_TRY(lore_model_create(&s->model, e->vocabulary, e->context, &model));
  lore_decoder_gemm_shapes(model, 512, shapes);
  lore_model_destroy(model);
  lore_threads_pin(e->threads);
  if (s->compute.gemm == LORE_GEMM_AUTO)
    LORE_TRY(lore_gemm_choose(shapes, LORE_GEMM_SHAPES, e->threads, 0.5, sizeof text, text));
  else
    LORE_TRY(lore_gemm_select(s->compute.gemm));
  LORE_TRY(
      lore_gemm_time(lore_gemm_selected(), shapes, LORE_GEMM_SHAPES, e->threads, 0.5, &seconds));
  for (int i = 0; i < LORE_GEMM_SHAPES; i++)
    operations += 2.0 * shapes[i].m * shapes[i].n * shapes[i].k * shapes[i].count;
  *gflops = operations * e->threads / seconds * 1e-9;
  return LORE_OK;
}

static double model_size(const lore_model_config *m) {
  return (double)m->layers * m->width * (4.0 * m->width + 2.0 * m->hidden);
}

/* Memory of the run with the largest model and of the one with the most people: the sum is a bound.
 */
static lore_status add_up(const lore_manifest *m, const lore_plan_options *o,
                          lore_plan_totals *totals) {
  lore_estimate largest;
  size_t most_people = 0;
  for (int r = 0; r < m->runs; r++) {
    const lore_settings *s = &m->run[r].settings;
    size_t people = lore_population_bytes(&s->population);
    totals->waves = m->run[r].wave >= totals->waves ? m->run[r].wave + 1 : totals->waves;
    totals->operations += m->run[r].operations;
    most_people = people > most_people ? people : most_people;
    if (model_size(&s->model) > model_size(&m->run[totals->largest].settings.model))
      totals->largest = r;
  }
  const lore_settings *s = &m->run[totals->largest].settings;
  LORE_TRY(lore_run_estimate(s, &largest));
  totals->rank_bytes = largest.peak_bytes - largest.population_bytes + most_people;
  for (int r = 0; r < m->runs; r++)
    totals->disk_bytes +=
        (size_t)(m->run[r].settings.checkpoint.snapshots.count + 1) * largest.checkpoint_bytes;
  totals->gflops = o->gflops;
  totals->measured = o->gflops == 0;
  return totals->measured ? measure_speed(s, &largest, &totals->gflops) : LORE_OK;
}

/* Matrix products are about four fifths of a step. */
static double hours(double operations, const lore_plan_totals *totals, int ranks) {
  static const double share = 0.8;
  return operations / (totals->gflops * 1e9 * share * ranks) / 3600;
}

static void print_text(const lore_manifest *m, const lore_plan_options *o,
                       const lore_plan_totals *t) {
  size_t width = 2;
  for (int r = 0; r < m->runs; r++)
    width = strlen(m->run[r].id) > width ? strlen(m->run[r].id) : width;
  printf("%-*s  %4s  %8s  %10s  %9s  %s\n", (int)width, "id", "wave", "steps", "operations",
         "hours", "starts from");
  for (int r = 0; r < m->runs; r++) {
    const lore_manifest_run *run = &m->run[r];
    printf("%-*s  %4d  %8lld  %10.3g  %9.3g  ", (int)width, run->id, run->wave,
           (long long)run->settings.train.steps, run->operations,
           hours(run->operations, t, o->ranks));
    if (run->parent >= 0)
      printf("%s, step %lld\n", m->run[run->parent].id, (long long)run->parent_step);
    else
      printf("-\n");
  }
  printf("\nruns            %d in %d wave%s\n", m->runs, t->waves, t->waves == 1 ? "" : "s");
  printf("operations      %.4g\n", t->operations);
  printf("memory          %.0f MiB for each rank at the most\n", (double)t->rank_bytes / 1048576);
  printf("weights on disk %.0f MiB at the most\n", (double)t->disk_bytes / 1048576);
  printf("speed           %.0f GFLOP/s of a rank%s\n", t->gflops,
         t->measured ? ", measured here on the products of the largest model" : "");
  printf("time            %.3g rank-hours\n", hours(t->operations, t, 1));
}

static void print_json(const lore_manifest *m, const lore_plan_options *o,
                       const lore_plan_totals *t) {
  printf("{\"study\": \"%s\", \"waves\": %d, \"operations\": %.17g, \"rank_bytes\": %zu, "
         "\"disk_bytes\": %zu, \"gflops\": %.17g, \"rank_hours\": %.17g, \"runs\": [",
         m->name, t->waves, t->operations, t->rank_bytes, t->disk_bytes, t->gflops,
         hours(t->operations, t, 1));
  for (int r = 0; r < m->runs; r++) {
    const lore_manifest_run *run = &m->run[r];
    printf(
        "%s{\"id\": \"%s\", \"experiment\": \"%s\", \"wave\": %d, \"seed\": %llu, \"steps\": %lld, "
        "\"operations\": %.17g, \"hours\": %.17g, \"hash\": \"%016llx\"",
        r ? ", " : "", run->id, run->experiment, run->wave, (unsigned long long)run->settings.seed,
        (long long)run->settings.train.steps, run->operations, hours(run->operations, t, o->ranks),
        (unsigned long long)run->hash);
    if (run->parent >= 0)
      printf(", \"parent\": \"%s\", \"parent_step\": %lld", m->run[run->parent].id,
             (long long)run->parent_step);
    printf("}");
  }
  printf("]}\n");
}

static lore_status plan(const lore_plan_options *o) {
  lore_manifest manifest;
  lore_plan_totals totals = {0};
  lore_status status =
      lore_manifest_expand(o->study, o->overrides.count, o->overrides.value, &manifest);
  if (status == LORE_OK)
    status = lore_manifest_estimate(&manifest);
  if (status == LORE_OK)
    status = add_up(&manifest, o, &totals);
  if (status == LORE_OK && o->directory)
    status = lore_manifest_freeze(&manifest, o->study, o->directory);
  if (status == LORE_OK) {
    (o->json ? print_json : print_text)(&manifest, o, &totals);
    if (o->directory && !o->json)
      printf("frozen          %s/manifest.tsv\n", o->directory);
    status = lore_options_flush();
  }
  lore_manifest_destroy(&manifest);
  return status;
}

static lore_status take_option(int option, lore_plan_options *o) {
  switch (option) {
  case 's':
    return lore_overrides_add(&o->overrides, optarg);
  case 'r':
    return lore_options_integer("--ranks-per-run", optarg, 1, 1 << 24, &o->ranks);
  case 'g':
    return lore_options_integer("--gflops", optarg, 1, 1000000, &o->gflops);
  default:
    o->directory = option == 'o' ? optarg : o->directory;
    o->json |= option == 'j';
    o->help |= option == 'h';
    return LORE_OK;
  }
}

int lore_command_plan(int argc, char **argv) {
  static const struct option options[] = {
      {"output", required_argument, NULL, 'o'}, {"ranks-per-run", required_argument, NULL, 'r'},
      {"gflops", required_argument, NULL, 'g'}, {"json", no_argument, NULL, 'j'},
      {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
  static lore_plan_options chosen = {.ranks = 1};
  lore_status status = LORE_OK;
  int option, provided;
  lore_options_start();
  while (status == LORE_OK && (option = getopt_long(argc, argv, ":o:s:h", options, NULL)) != -1) {
    if (option == '?' || option == ':')
      return lore_options_refuse("plan", option, argv);
    status = take_option(option, &chosen);
    if (chosen.help) {
      fputs(usage, stdout);
      return lore_options_report(lore_options_flush());
    }
  }
  if (status == LORE_OK)
    status = lore_options_study("plan", argc, argv, &chosen.study);
  if (status == LORE_OK) {
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided); /* counts as memory */
    status = plan(&chosen);
    MPI_Finalize();
  }
  return lore_options_report(status);
}
