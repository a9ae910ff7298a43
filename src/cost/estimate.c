/* What a run will need, without running it. */
#include "lore/cost/estimate.h"

#include "task.h"

void lore_cost_sample(lore_settings *s) {
  enum { INDIVIDUALS = 1024 };
  int64_t *count[] = {&s->population.individuals, &s->population.held_out, &s->population.new_ones,
                      &s->population.throw_away, &s->population.injected};
  for (size_t i = 0; i < sizeof count / sizeof *count; i++)
    if (*count[i] > INDIVIDUALS)
      *count[i] = INDIVIDUALS;
  s->distribution.shards.count = 0; /* they may name more individuals than are left */
}

lore_status lore_run_estimate(const lore_settings *settings, int ranks, lore_estimate *e) {
  return lore_cost_task_of(settings->task)->estimate(settings, ranks, false, e);
}

lore_status lore_run_estimate_sampled(const lore_settings *settings, int ranks, lore_estimate *e) {
  return lore_cost_task_of(settings->task)->estimate(settings, ranks, true, e);
}
