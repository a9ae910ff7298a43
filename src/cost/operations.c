/* How much work runs are. */
#include "lore/cost/operations.h"

#include "task.h"

static lore_status start_counter(const lore_manifest *m, lore_operation_counter *c) {
  lore_population_config *population = &c->few.population;
  lore_manifest_settings(m, 0, &c->few);
  lore_cost_sample(&c->few);
  population->held_out = population->new_ones = population->throw_away = 0;
  population->injected = 0;
  population->questions = true; /* any run may have them */
  population->question_templates = LORE_QUESTIONS;
  LORE_TRY(lore_assembly_create(&c->few, &c->sample));
  return lore_assembly_lengths(&c->sample, &c->lengths);
}

lore_status lore_manifest_estimate(lore_manifest *m) {
  lore_operation_counter counter = {0};
  lore_settings settings;
  if (m->runs == 0)
    return LORE_OK;
  lore_status status = start_counter(m, &counter);
  for (int r = 0; r < m->runs && status == LORE_OK; r++) {
    lore_manifest_settings(m, r, &settings);
    status =
        lore_cost_task_of(settings.task)->operations(&counter, &settings, &m->run[r].operations);
  }
  lore_model_destroy(counter.model);
  lore_assembly_destroy(&counter.sample);
  return status;
}
