/* The toy memory from the layers of the decoder: linear, ReLU, linear, and the head with the
 * values' vectors in place of an embedding. */
#include "lore/model/memory.h"

#include <math.h>
#include <string.h>

#include "layers.h"
#include "lore/base/random.h"

enum { UP, UP_BIAS, DOWN, DOWN_BIAS, ROUNDING = 16 };

int64_t lore_memory_layout(const lore_memory_config *c,
                           lore_memory_tensor tensor[LORE_MEMORY_TENSORS]) {
  int64_t at = 0;
  tensor[UP] = (lore_memory_tensor){"up", 0, c->keys, c->hidden, true};
  tensor[UP_BIAS] = (lore_memory_tensor){"up_bias", 0, 1, c->hidden, false};
  tensor[DOWN] = (lore_memory_tensor){"down", 0, c->hidden, c->keys, true};
  tensor[DOWN_BIAS] = (lore_memory_tensor){"down_bias", 0, 1, c->keys, false};
  for (int i = 0; i < LORE_MEMORY_TENSORS; i++) {
    int64_t size = (int64_t)tensor[i].rows * tensor[i].columns;
    tensor[i].offset = at;
    at += (size + ROUNDING - 1) / ROUNDING * ROUNDING;
  }
  return at;
}

int64_t lore_memory_parameters(const lore_memory_config *c) {
  return 2 * (int64_t)c->keys * c->hidden + c->hidden + c->keys;
}

void lore_memory_initialise(const lore_memory_config *config, uint64_t seed, real *parameters) {
  lore_memory_tensor tensor[LORE_MEMORY_TENSORS];
  memset(parameters, 0, sizeof(real) * (size_t)lore_memory_layout(config, tensor));
  for (int i = 0; i < LORE_MEMORY_TENSORS; i++) {
    real *w = parameters + tensor[i].offset;
    int64_t size = (int64_t)tensor[i].rows * tensor[i].columns;
    double scale = 1 / sqrt(tensor[i].rows);
    lore_random stream = lore_random_stream(seed, LORE_RANDOM_INITIALISATION, 0, (uint64_t)i);
    for (int64_t j = 0; tensor[i].matrix && j < size; j++)
      w[j] = (real)(scale * lore_random_normal(&stream));
  }
}

void lore_memory_workspace_layout(const lore_memory_config *c, int rows, lore_arena *arena,
                                  lore_memory_workspace *w) {
  size_t b = (size_t)rows, d = (size_t)c->keys, hidden = (size_t)c->hidden;
  w->key = lore_arena_take(arena, b * d, sizeof(real));
  w->value = lore_arena_take(arena, b, sizeof *w->value);
  w->up = lore_arena_take(arena, b * hidden, sizeof(real));
  w->activated = lore_arena_take(arena, b * hidden, sizeof(real));
  w->out = lore_arena_take(arena, b * d, sizeof(real));
  w->dout = lore_arena_take(arena, b * d, sizeof(real));
  w->dup = lore_arena_take(arena, b * hidden, sizeof(real));
  w->dvector = lore_arena_take(arena, (size_t)c->values * d, sizeof(real));
  w->head = lore_arena_take(arena, lore_head_scratch(c->keys, c->values), sizeof(real));
  w->loss = lore_arena_take(arena, b, sizeof *w->loss);
  w->top = lore_arena_take(arena, b, sizeof *w->top);
  w->entropy = lore_arena_take(arena, b, sizeof *w->entropy);
  w->correct = lore_arena_take(arena, b, sizeof *w->correct);
}

static void forward(const lore_memory_config *c, const lore_memory_tensor *tensor, const real *p,
                    int rows, const real *key, lore_memory_workspace *w) {
  lore_linear_forward(rows, c->keys, c->hidden, key, p + tensor[UP].offset,
                      p + tensor[UP_BIAS].offset, NULL, w->up);
  lore_activation_forward(LORE_ACTIVATION_RELU, (size_t)rows * (size_t)c->hidden, w->up,
                          w->activated);
  lore_linear_forward(rows, c->hidden, c->keys, w->activated, p + tensor[DOWN].offset,
                      p + tensor[DOWN_BIAS].offset, NULL, w->out);
}

double lore_memory_train(const lore_memory_config *c, const real *parameters,
                         const real *value_vector, int rows, lore_memory_workspace *w,
                         real *gradient) {
  lore_memory_tensor tensor[LORE_MEMORY_TENSORS];
  lore_memory_layout(c, tensor);
  forward(c, tensor, parameters, rows, w->key, w);
  double loss = lore_head_train(rows, c->keys, c->values, w->out, value_vector, NULL, w->value,
                                1.0 / rows, w->dout, w->dvector, NULL, w->head);
  lore_linear_backward(rows, c->hidden, c->keys, w->activated, parameters + tensor[DOWN].offset,
                       w->dout, w->dup, gradient + tensor[DOWN].offset,
                       gradient + tensor[DOWN_BIAS].offset);
  lore_activation_backward(LORE_ACTIVATION_RELU, (size_t)rows * (size_t)c->hidden, w->up, w->dup,
                           w->dup);
  lore_linear_backward(rows, c->keys, c->hidden, w->key, parameters + tensor[UP].offset, w->dup,
                       NULL, gradient + tensor[UP].offset, gradient + tensor[UP_BIAS].offset);
  return loss;
}

void lore_memory_score(const lore_memory_config *c, const real *parameters,
                       const real *value_vector, int rows, const real *key, const uint16_t *value,
                       lore_memory_workspace *w) {
  lore_memory_tensor tensor[LORE_MEMORY_TENSORS];
  lore_memory_layout(c, tensor);
  forward(c, tensor, parameters, rows, key, w);
  lore_head_score(rows, c->keys, c->values, w->out, value_vector, NULL, value, w->loss, w->correct,
                  w->top, w->entropy, w->head);
}

void lore_memory_gemm_shapes(const lore_memory_config *c, int rows,
                             lore_gemm_shape shape[LORE_MEMORY_GEMM_SHAPES]) {
  const lore_gemm_shape all[LORE_MEMORY_GEMM_SHAPES] = {
      {LORE_PLAIN, LORE_PLAIN, rows, c->hidden, c->keys, 1},      /* up */
      {LORE_PLAIN, LORE_PLAIN, rows, c->keys, c->hidden, 1},      /* down */
      {LORE_PLAIN, LORE_TRANSPOSED, rows, c->values, c->keys, 1}, /* logits */
      {LORE_PLAIN, LORE_PLAIN, rows, c->keys, c->values, 1},      /* and backwards */
      {LORE_PLAIN, LORE_TRANSPOSED, rows, c->hidden, c->keys, 1},
      {LORE_TRANSPOSED, LORE_PLAIN, c->hidden, c->keys, rows, 1},
      {LORE_TRANSPOSED, LORE_PLAIN, c->keys, c->hidden, rows, 1}};
  memcpy(shape, all, sizeof all);
}

double lore_memory_flops(const lore_memory_config *c) {
  return 2.0 * c->keys * (5.0 * c->hidden + 2.0 * c->values);
}
