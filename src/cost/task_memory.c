/* What runs of the toy memory cost: a pair counts as a biography of one token. */
#include <math.h>

#include "lore/data/pairs.h"
#include "lore/model/gemm.h"
#include "lore/train/memory_trainer.h"
#include "task.h"

static double training_operations(const lore_settings *s) {
  return lore_memory_flops(&s->memory) * s->train.batch * (double)s->train.steps;
}

static lore_status count_operations(lore_operation_counter *counter, const lore_settings *s,
                                    double *operations) {
  (void)counter;
  *operations = training_operations(s);
  return LORE_OK;
}

/* The empirical baseline of a sample is that of at most 1,024 pairs. */
static lore_status find_baselines(const lore_settings *s, bool sampled, lore_estimate *e) {
  enum { SAMPLE = 1024 };
  lore_memory_config config = s->memory;
  lore_pairs pairs;
  if (sampled && config.pairs > SAMPLE)
    config.pairs = SAMPLE;
  config.held_out = config.new_pairs = 0; /* they do not count */
  lore_status status = lore_pairs_create(&config, s->seed, &pairs);
  if (status == LORE_OK)
    e->empirical_baseline = lore_pairs_empirical_baseline(&pairs);
  lore_pairs_destroy(&pairs);
  e->baseline = log(config.values);
  return status;
}

static lore_status measure_checkpoint(const lore_settings *s, size_t *bytes) {
  const lore_memory_config *c = &s->memory;
  *bytes = (size_t)(lore_memory_parameters(c) + (int64_t)c->values * c->keys) * sizeof(real);
  return LORE_OK;
}

static lore_status estimate_memory_task(const lore_settings *s, int ranks, bool sampled,
                                        lore_estimate *e) {
  (void)ranks; /* one computes */
  size_t before = lore_process_bytes();
  const lore_memory_config *c = &s->memory;
  lore_gemm_shape shapes[LORE_MEMORY_GEMM_SHAPES];
  lore_memory_gemm_shapes(c, s->train.batch, shapes);
  *e = (lore_estimate){.vocabulary = c->values,
                       .context = 1,
                       .threads = 1,
                       .parameters = lore_memory_parameters(c),
                       .tokens_per_biography = 1,
                       .steps = s->train.steps,
                       .evaluations = lore_evaluate_count(&s->evaluate, s->train.steps),
                       .tokens = s->train.batch * (double)s->train.steps,
                       .operations = training_operations(s),
                       .process_bytes = before,
                       .population_bytes = lore_pairs_bytes(c),
                       .trainer_bytes = lore_memory_trainer_bytes(c, &s->train),
                       .scratch_bytes = lore_gemm_scratch_bytes(LORE_MEMORY_GEMM_SHAPES, shapes)};
  /* Of all pairs, forward only. */
  e->evaluation_operations =
      (double)e->evaluations * (double)lore_pairs_count(c) * (e->operations / e->tokens) / 3;
  e->other_operations = (e->operations + e->evaluation_operations) / 4; /* a fifth of the time */
  e->peak_bytes = before + e->population_bytes + e->trainer_bytes + e->scratch_bytes;
  LORE_TRY(measure_checkpoint(s, &e->checkpoint_bytes));
  return find_baselines(s, sampled, e);
}

static lore_status make_shapes(const lore_settings *s, int *count, lore_gemm_shape *shape) {
  *count = LORE_MEMORY_GEMM_SHAPES;
  lore_memory_gemm_shapes(&s->memory, s->train.batch, shape);
  return LORE_OK;
}

const lore_cost_task lore_cost_memory = {.estimate = estimate_memory_task,
                                         .checkpoint = measure_checkpoint,
                                         .operations = count_operations,
                                         .shapes = make_shapes};
