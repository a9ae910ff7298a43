/* What a run will need, without running it. */
#include "lore/cost/estimate.h"

#include "task.h"

lore_status lore_run_estimate(const lore_settings *settings, int ranks, lore_estimate *e) {
  return lore_cost_task_of(settings->task)->estimate(settings, ranks, false, e);
}

lore_status lore_run_estimate_sampled(const lore_settings *settings, int ranks, lore_estimate *e) {
  return lore_cost_task_of(settings->task)->estimate(settings, ranks, true, e);
}
