/* How much work runs are. */
#include "lore/cost/plan.h"
#include "lore/manifest/manifest.h"
#include "lore/run/assembly.h"
#include "memory_estimate.h"

lore_status lore_manifest_estimate(lore_manifest *m) {
  lore_assembly sample = {0};
  double tokens = 0;
  if (m->runs == 0)
    return LORE_OK;
  /* The length of biographies does not depend on how many people there are. */
  lore_settings few = m->run[0].settings;
  few.population.individuals =
      few.population.individuals < 1024 ? few.population.individuals : 1024;
  few.population.held_out = few.population.new_ones = few.population.throw_away = 0;
  lore_status status = lore_assembly_create(&few, &sample);
  if (status == LORE_OK)
    status = lore_assembly_mean_tokens(&sample, &tokens);
  for (int r = 0; r < m->runs && status == LORE_OK; r++) {
    lore_model *model;
    const lore_settings *s = &m->run[r].settings;
    if (s->task == LORE_TASK_MEMORY) {
      m->run[r].operations = lore_memory_operations(s);
      continue;
    }
    status = lore_model_create(&s->model, lore_vocabulary_size(sample.vocabulary), sample.longest,
                               &model);
    if (status != LORE_OK)
      break;
    m->run[r].operations = lore_assembly_operations(model, s, tokens);
    lore_model_destroy(model);
  }
  lore_assembly_destroy(&sample);
  return status;
}
