/* Planning probes from settings alone. */
#include "lore/probe/plan.h"

#include "task.h"

static void add_probed_run(int index, const lore_probe_cost *cost, lore_probe_plan *plan) {
  plan->runs++;
  plan->snapshots += cost->snapshots;
  plan->operations += cost->snapshots * cost->forward;
  plan->algebra += cost->snapshots * cost->algebra;
  if (plan->largest < 0 || cost->bytes > plan->bytes) {
    plan->largest = index;
    plan->bytes = cost->bytes;
    plan->bytes_least = cost->bytes_least;
  }
}

lore_status lore_probe_plan_make(const lore_manifest *manifest, int ranks, int threads,
                                 double gflops, lore_probe_plan *plan) {
  enum { SECONDS_PER_HOUR = 3600 };
  *plan = (lore_probe_plan){.ranks = ranks, .largest = -1};
  lore_settings settings;
  for (int r = 0; r < manifest->runs; r++) {
    lore_manifest_settings(manifest, r, &settings);
    const lore_probe_task *task = lore_probe_task_of(settings.task);
    lore_probe_cost cost;
    if (!task->estimate)
      continue;
    LORE_TRY(task->estimate(&settings, ranks, threads, &cost));
    add_probed_run(r, &cost, plan);
  }
  plan->hours = (plan->operations + 2 * plan->algebra) / (1e9 * gflops * ranks) / SECONDS_PER_HOUR;
  return LORE_OK;
}
