/* The toy memory from the layers of the decoder: linear, ReLU, linear, and the head with the
 * values' vectors in place of an embedding. */
#include "lore/model/memory.h"

#include <string.h>

#include "lore/model/kernels.h"

enum { UP, UP_BIAS, DOWN, DOWN_BIAS };

static const lore_tensor_row rows[LORE_MEMORY_VARIABLES] = {
    [UP] = {"up",
            "map from a key to the hidden units",
            {LORE_SIDE_KEY, LORE_SIDE_HIDDEN},
            LORE_WEIGHT,
            .deviation = LORE_DEVIATION_ROWS},
    [UP_BIAS] = {"up_bias", "biases of the hidden units", {LORE_SIDE_HIDDEN}, .kind = LORE_BIAS},
    [DOWN] = {"down",
              "map from the hidden units to the output",
              {LORE_SIDE_HIDDEN, LORE_SIDE_KEY},
              LORE_WEIGHT,
              .deviation = LORE_DEVIATION_ROWS},
    [DOWN_BIAS] = {"down_bias", "bias of the output", {LORE_SIDE_KEY}, .kind = LORE_BIAS},
    [LORE_MEMORY_VALUE_VECTOR] =
        {"value_vector",
         "vectors whose products with the output are the logits; not trained",
         {LORE_SIDE_VALUE, LORE_SIDE_KEY},
         .kind = LORE_CONSTANT},
};

int64_t lore_memory_layout(const lore_memory_config *c, lore_tensor tensor[LORE_MEMORY_VARIABLES]) {
  const int64_t length[LORE_SIDES] = {
      [LORE_SIDE_KEY] = c->keys, [LORE_SIDE_HIDDEN] = c->hidden, [LORE_SIDE_VALUE] = c->values};
  int64_t elements = 0, elsewhere = 0;
  for (int i = 0; i < LORE_MEMORY_TENSORS; i++)
    tensor[i] = lore_tensor_place(&rows[i], length, &elements);
  tensor[LORE_MEMORY_VALUE_VECTOR] =
      lore_tensor_place(&rows[LORE_MEMORY_VALUE_VECTOR], length, &elsewhere);
  return elements;
}

int64_t lore_memory_parameters(const lore_memory_config *c) {
  return 2 * (int64_t)c->keys * c->hidden + c->hidden + c->keys;
}

void lore_memory_initialise(const lore_memory_config *config, uint64_t seed, real *parameters) {
  lore_tensor tensor[LORE_MEMORY_VARIABLES];
  memset(parameters, 0, sizeof(real) * (size_t)lore_memory_layout(config, tensor));
  lore_tensors_initialise(LORE_MEMORY_TENSORS, tensor, NULL, seed, parameters);
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
  w->head = lore_arena_take(arena, lore_kernels()->head_scratch(LORE_FLOAT32, c->keys, c->values),
                            sizeof(real));
  w->loss = lore_arena_take(arena, b, sizeof *w->loss);
  w->top = lore_arena_take(arena, b, sizeof *w->top);
  w->entropy = lore_arena_take(arena, b, sizeof *w->entropy);
  w->correct = lore_arena_take(arena, b, sizeof *w->correct);
}

static void memory_forward(const lore_memory_config *c, const lore_tensor *tensor, const real *p,
                           int rows, const real *key, lore_memory_workspace *w) {
  lore_kernels()->linear_forward(LORE_FLOAT32, rows, c->keys, c->hidden, key, p + tensor[UP].offset,
                                 p + tensor[UP_BIAS].offset, NULL, w->up);
  lore_kernels()->activation_forward(LORE_ACTIVATION_RELU, (size_t)rows * (size_t)c->hidden, w->up,
                                     w->activated);
  lore_kernels()->linear_forward(LORE_FLOAT32, rows, c->hidden, c->keys, w->activated,
                                 p + tensor[DOWN].offset, p + tensor[DOWN_BIAS].offset, NULL,
                                 w->out);
}

double lore_memory_train(const lore_memory_config *c, const real *parameters,
                         const real *value_vector, int rows, lore_memory_workspace *w,
                         real *gradient) {
  lore_tensor tensor[LORE_MEMORY_VARIABLES];
  lore_memory_layout(c, tensor);
  memory_forward(c, tensor, parameters, rows, w->key, w);
  double loss =
      lore_kernels()->head_train(LORE_FLOAT32, rows, c->keys, c->values, w->out, value_vector, NULL,
                                 w->value, 1.0 / rows, w->dout, w->dvector, NULL, w->head);
  lore_kernels()->linear_backward(
      LORE_FLOAT32, rows, c->hidden, c->keys, w->activated, parameters + tensor[DOWN].offset,
      w->dout, w->dup, gradient + tensor[DOWN].offset, gradient + tensor[DOWN_BIAS].offset);
  lore_kernels()->activation_backward(LORE_ACTIVATION_RELU, (size_t)rows * (size_t)c->hidden, w->up,
                                      w->dup, w->dup);
  lore_kernels()->linear_backward(LORE_FLOAT32, rows, c->keys, c->hidden, w->key,
                                  parameters + tensor[UP].offset, w->dup, NULL,
                                  gradient + tensor[UP].offset, gradient + tensor[UP_BIAS].offset);
  return loss;
}

void lore_memory_score(const lore_memory_config *c, const real *parameters,
                       const real *value_vector, int rows, const real *key, const uint16_t *value,
                       lore_memory_workspace *w) {
  lore_tensor tensor[LORE_MEMORY_VARIABLES];
  lore_memory_layout(c, tensor);
  memory_forward(c, tensor, parameters, rows, key, w);
  lore_kernels()->head_score(LORE_FLOAT32, rows, c->keys, c->values, w->out, value_vector, NULL,
                             value, w->loss, w->correct, w->top, w->entropy, w->head);
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
