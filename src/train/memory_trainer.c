/* The training step of the toy memory. */
#include "lore/train/memory_trainer.h"

#include <math.h>
#include <string.h>

#include "lore/train/adamw.h"

enum { ROWS_MIN = 256 }; /* small batches would make evaluations slow */

static void layout_memory_trainer(lore_memory_trainer *t, const lore_memory_config *memory,
                                  lore_arena *arena) {
  size_t elements = (size_t)lore_memory_layout(memory, t->tensor);
  t->elements = (int64_t)elements;
  t->parameters = lore_arena_take(arena, elements, sizeof(real));
  t->gradient = lore_arena_take(arena, elements, sizeof(real));
  t->first_moment = lore_arena_take(arena, elements, sizeof(real));
  t->second_moment = lore_arena_take(arena, elements, sizeof(real));
  t->rows = t->config.batch > ROWS_MIN ? t->config.batch : ROWS_MIN;
  lore_memory_workspace_layout(memory, t->rows, arena, &t->workspace);
}

static size_t arena_bytes(const lore_memory_config *memory, const lore_train_config *train) {
  lore_memory_trainer counted = {.config = *train};
  lore_arena arena = {0};
  layout_memory_trainer(&counted, memory, &arena);
  return arena.used;
}

size_t lore_memory_trainer_bytes(const lore_memory_config *memory, const lore_train_config *train) {
  return lore_arena_mapped(arena_bytes(memory, train));
}

lore_status lore_memory_trainer_create(const lore_memory_config *memory,
                                       const lore_train_config *train, uint64_t seed,
                                       int64_t first_step, lore_memory_trainer *t) {
  *t = (lore_memory_trainer){.config = *train, .first_step = first_step};
  LORE_TRY(lore_pairs_create(memory, seed, &t->pairs));
  LORE_TRY(lore_arena_create(&t->arena, arena_bytes(memory, train)));
  layout_memory_trainer(t, memory, &t->arena);
  lore_memory_initialise(memory, seed, t->parameters);
  return LORE_OK;
}

void lore_memory_trainer_destroy(lore_memory_trainer *t) {
  lore_pairs_destroy(&t->pairs);
  lore_arena_destroy(&t->arena);
}

static void gather_batch(lore_memory_trainer *t, int64_t step) {
  const lore_pairs *pairs = &t->pairs;
  size_t d = (size_t)pairs->config.keys;
  for (int s = 0; s < t->config.batch; s++) {
    int64_t i = lore_pairs_draw(&pairs->config, pairs->seed, t->first_step + step, s);
    memcpy(t->workspace.key + (size_t)s * d, pairs->key + (size_t)i * d, d * sizeof(real));
    t->workspace.value[s] = pairs->value[i];
  }
}

/* Squares are added in fixed lanes: the same bits at any vector width. */
static double vector_norm(int64_t count, const real *x) {
  real lane[16] = {0};
  double square = 0;
  for (int64_t i = 0; i < count; i += 16)
    for (int j = 0; j < 16; j++)
      lane[j] += x[i + j] * x[i + j];
  for (int j = 0; j < 16; j++)
    square += (double)lane[j];
  return sqrt(square);
}

lore_memory_step lore_memory_trainer_step(lore_memory_trainer *t, int64_t step) {
  lore_memory_step result;
  const lore_train_config *c = &t->config;
  gather_batch(t, step);
  result.loss = lore_memory_train(&t->pairs.config, t->parameters, t->pairs.value_vector, c->batch,
                                  &t->workspace, t->gradient) /
                c->batch;
  result.gradient_norm = vector_norm(t->elements, t->gradient);
  double scale = c->clip > 0 && result.gradient_norm > c->clip ? c->clip / result.gradient_norm : 1;
  double rate = lore_learning_rate(c, step);
  for (int i = 0; i < LORE_MEMORY_TENSORS; i++) {
    const lore_tensor *tensor = &t->tensor[i];
    int64_t at = tensor->offset;
    lore_adamw_update(c, step + 1, rate, tensor->row->kind == LORE_WEIGHT ? c->weight_decay : 0,
                      scale, lore_tensor_size(tensor), t->gradient + at, t->parameters + at,
                      t->first_moment + at, t->second_moment + at);
  }
  return result;
}
