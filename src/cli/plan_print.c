/* A plan for people and for programs. */
#include "plan_print.h"

#include <stdio.h>
#include <string.h>

#include "lore/io/quote.h"

static double mebibytes(double bytes) {
  return bytes / 1048576;
}

static int id_width(const lore_manifest *m) {
  size_t width = strlen("run");
  for (int r = 0; r < m->runs; r++)
    if (strlen(m->run[r].id) > width)
      width = strlen(m->run[r].id);
  return (int)width;
}

static void print_runs(const lore_plan_print *plan) {
  const lore_manifest *m = plan->manifest;
  int width = id_width(m);
  printf("%-*s  wave  %9s  %8s  %10s  %8s  %s\n", width, "run", "steps", "tokens", "operations",
         "hours", "starts from");
  for (int r = 0; r < m->runs; r++) {
    const lore_manifest_run *run = &m->run[r];
    printf("%-*s  %4d  %9lld  %8.2e  %10.2e  %8.3g  ", width, run->id, run->wave,
           (long long)run->settings.train.steps, plan->run[r].tokens, plan->run[r].operations,
           plan->run[r].hours);
    if (run->start)
      printf("%s, step %lld\n", run->start->path, (long long)run->parent_step);
    else if (run->parent < 0)
      printf("-\n");
    else
      printf("%s, step %lld\n", m->run[run->parent].id, (long long)run->parent_step);
  }
}

static void print_speed(const lore_plan_print *plan) {
  const lore_plan_speed *speed = &plan->speed;
  const lore_plan_totals *t = &plan->totals;
  printf("speed              %.4g GFLOP/s of each rank", speed->gflops);
  if (speed->gemm_gflops > 0)
    printf(": %.0f %% of %.4g in matrix products (%s, %d thread%s, timed here just now)",
           100 * LORE_PLAN_STEP_SHARE, speed->gemm_gflops, speed->backend,
           plan->run[t->longest].threads, plan->run[t->longest].threads == 1 ? "" : "s");
  else
    printf(", as given");
  printf("\n");
}

static void print_probes(const lore_plan_print *plan) {
  const lore_probe_plan *p = &plan->probes;
  enum { MIB = 1 << 20 };
  printf("probes             %d snapshots of %d run%s, %d rank%s for each run: %.3g hours\n",
         p->snapshots, p->runs, p->runs == 1 ? "" : "s", p->ranks, p->ranks == 1 ? "" : "s",
         p->hours);
  if (p->largest < 0)
    return;
  printf("probes, MiB        %zu of each rank for all levels at once, %zu for one at a time (%s)\n",
         p->bytes / MIB, p->bytes_least / MIB, plan->manifest->run[p->largest].id);
}

void lore_plan_print_text(const lore_plan_print *plan) {
  const lore_manifest *m = plan->manifest;
  const lore_plan_totals *t = &plan->totals;
  const lore_plan_run *largest = &plan->run[t->largest];
  print_runs(plan);
  printf("\nruns               %d in %d wave%s, %d rank%s each\n", m->runs, t->waves,
         t->waves == 1 ? "" : "s", plan->ranks, plan->ranks == 1 ? "" : "s");
  printf("tokens             %.4g\n", t->tokens);
  printf("operations         %.4g, and %.3g for evaluations\n", t->operations,
         t->evaluation_operations);
  printf("memory, MiB        %.0f of each rank at the most (%s)\n",
         mebibytes((double)largest->peak_bytes), m->run[t->largest].id);
  printf("weights on disk    %.1f MiB, and at most %.1f for each run while it trains\n",
         mebibytes(t->weights_bytes), mebibytes(largest->resume_bytes));
  print_speed(plan);
  printf("hours              %.3g one after the other; %.3g at least (%s)\n", t->hours,
         t->chain_hours, t->waves > 1 ? "longest chain" : m->run[t->longest].id);
  printf("core-hours         %.3g\n", t->core_hours);
  printf("node-hours         %.3g of nodes with %d cores, as this one\n", t->node_hours, t->cores);
  if (plan->probes.ranks > 0)
    print_probes(plan);
  if (plan->directory)
    printf("frozen             %s/manifest.tsv\n", plan->directory);
}

static void print_probes_json(const lore_plan_print *plan) {
  const lore_probe_plan *p = &plan->probes;
  printf("\"probes\": {\"ranks\": %d, \"runs\": %d, \"snapshots\": %d, \"peak_bytes\": %zu, "
         "\"least_bytes\": %zu, \"operations\": %.17g, \"algebra_operations\": %.17g, "
         "\"hours\": %.17g}, ",
         p->ranks, p->runs, p->snapshots, p->bytes, p->bytes_least, p->operations, p->algebra,
         p->hours);
}

static void print_run_json(const lore_plan_print *plan, int r) {
  const lore_manifest *m = plan->manifest;
  const lore_manifest_run *run = &m->run[r];
  const lore_plan_run *cost = &plan->run[r];
  const char *separator = "";
  printf("{\"id\": \"%s\", \"experiment\": \"%s\", \"wave\": %d, ", run->id, run->experiment,
         run->wave);
  if (run->start) {
    printf("\"parent\": null, \"start_file\": ");
    lore_quote_write(stdout, run->start->path);
    printf(", \"parent_step\": %lld, ", (long long)run->parent_step);
  } else if (run->parent < 0)
    printf("\"parent\": null, \"start_file\": null, \"parent_step\": null, ");
  else
    printf("\"parent\": \"%s\", \"start_file\": null, \"parent_step\": %lld, ",
           m->run[run->parent].id, (long long)run->parent_step);
  printf("\"seed\": %llu, \"steps\": %lld, \"hash\": \"%016llx\", \"tokens\": %.17g, "
         "\"operations\": %.17g, \"evaluation_operations\": %.17g, \"hours\": %.17g, "
         "\"threads\": %d, \"peak_bytes\": %zu, \"weights_bytes\": %.0f, \"axes\": {",
         (unsigned long long)run->settings.seed, (long long)run->settings.train.steps,
         (unsigned long long)run->hash, cost->tokens, cost->operations, cost->evaluation_operations,
         cost->hours, cost->threads, cost->peak_bytes, cost->weights_bytes);
  for (int a = 0; a < m->axes; a++)
    if (*run->value[a]) {
      printf("%s\"%s\": \"%s\"", separator, m->axis[a], run->value[a]);
      separator = ", ";
    }
  printf("}}");
}

void lore_plan_print_json(const lore_plan_print *plan) {
  const lore_manifest *m = plan->manifest;
  const lore_plan_totals *t = &plan->totals;
  printf("{\"study\": \"%s\", \"runs\": [", m->name);
  for (int r = 0; r < m->runs; r++) {
    printf("%s", r > 0 ? ",\n" : "\n");
    print_run_json(plan, r);
  }
  printf("\n], ");
  if (plan->probes.ranks > 0)
    print_probes_json(plan);
  printf("\"waves\": %d, \"ranks_per_run\": %d, \"tokens\": %.17g, \"operations\": %.17g, "
         "\"evaluation_operations\": %.17g, \"peak_bytes\": %zu, \"weights_bytes\": %.0f, "
         "\"resume_bytes\": %.0f, \"gflops\": %.17g, \"measured\": %s, \"hours\": %.17g, "
         "\"chain_hours\": %.17g, \"core_hours\": %.17g, \"node_hours\": %.17g, "
         "\"cores_per_node\": %d, \"frozen\": %s}\n",
         t->waves, plan->ranks, t->tokens, t->operations, t->evaluation_operations,
         plan->run[t->largest].peak_bytes, t->weights_bytes, plan->run[t->largest].resume_bytes,
         plan->speed.gflops, plan->speed.gemm_gflops > 0 ? "true" : "false", t->hours,
         t->chain_hours, t->core_hours, t->node_hours, t->cores,
         plan->directory ? "true" : "false");
}
