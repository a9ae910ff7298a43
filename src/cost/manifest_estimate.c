/* How much work runs are. */
#include <string.h>

#include "lore/cost/plan.h"
#include "lore/manifest/manifest.h"
#include "lore/run/assembly.h"
#include "memory_estimate.h"

/* What operations are counted from: the length of biographies does not depend on how many
 * individuals there are, and most runs of a study have the model of the run before. */
typedef struct {
  lore_settings few;
  lore_assembly sample;
  double tokens;
  lore_model *model;
} lore_operation_counter;

static lore_status start_counter(const lore_manifest *m, lore_operation_counter *c) {
  enum { INDIVIDUALS = 1024 };
  lore_population_config *population = &c->few.population;
  lore_manifest_settings(m, 0, &c->few);
  if (population->individuals > INDIVIDUALS)
    population->individuals = INDIVIDUALS;
  population->held_out = population->new_ones = population->throw_away = 0;
  LORE_TRY(lore_assembly_create(&c->few, &c->sample));
  return lore_assembly_mean_tokens(&c->sample, &c->tokens);
}

static lore_status count_operations(lore_operation_counter *c, const lore_settings *s,
                                    double *operations) {
  if (s->task == LORE_TASK_MEMORY) {
    *operations = lore_memory_operations(s);
    return LORE_OK;
  }
  if (!c->model || memcmp(&c->model->config, &s->model, sizeof s->model) != 0) {
    lore_model_destroy(c->model);
    c->model = NULL;
    LORE_TRY(lore_model_create(&s->model, lore_vocabulary_size(c->sample.vocabulary),
                               c->sample.longest, &c->model));
  }
  *operations = lore_assembly_operations(c->model, s, c->tokens);
  return LORE_OK;
}

lore_status lore_manifest_estimate(lore_manifest *m) {
  lore_operation_counter counter = {0};
  lore_settings settings;
  if (m->runs == 0)
    return LORE_OK;
  lore_status status = start_counter(m, &counter);
  for (int r = 0; r < m->runs && status == LORE_OK; r++) {
    lore_manifest_settings(m, r, &settings);
    status = count_operations(&counter, &settings, &m->run[r].operations);
  }
  lore_model_destroy(counter.model);
  lore_assembly_destroy(&counter.sample);
  return status;
}
