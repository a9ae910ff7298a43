/* Which matrix products a shard needs. */
#include "lore/model/decoder.h"

#include <assert.h>

#include "layers.h"

/* y = x W forward, dx = dy W^T and dW = x^T dy backward. */
static lore_gemm_shape *linear(lore_gemm_shape *shape, int tokens, int in, int out, int count) {
  *shape++ = (lore_gemm_shape){LORE_PLAIN, LORE_PLAIN, tokens, out, in, count};
  *shape++ = (lore_gemm_shape){LORE_PLAIN, LORE_TRANSPOSED, tokens, in, out, count};
  *shape++ = (lore_gemm_shape){LORE_TRANSPOSED, LORE_PLAIN, in, out, tokens, count};
  return shape;
}

int lore_decoder_gemm_shapes(const lore_model *model, int tokens, lore_gemm_shape *shape) {
  const lore_model_config *c = &model->config;
  int d = c->width, v = model->vocabulary, rows = tokens < LORE_HEAD_ROWS ? tokens : LORE_HEAD_ROWS;
  int chunks = (tokens + rows - 1) / rows;
  lore_gemm_shape *first = shape;
  if (c->mixer == LORE_MIXER_ATTENTION) {
    shape = linear(shape, tokens, d, 3 * d, c->layers);
    shape = linear(shape, tokens, d, d, c->layers);
  } else {
    int w = c->recurrent_width, block = w / c->heads;
    shape = linear(shape, tokens, d, 2 * w, c->layers);
    shape = linear(shape, tokens, block, block, 2 * c->heads * c->layers);
    shape = linear(shape, tokens, w, d, c->layers);
  }
  shape = linear(shape, tokens, d, c->hidden, c->layers);
  shape = linear(shape, tokens, c->hidden, d, c->layers);
  rows = (tokens + chunks - 1) / chunks;
  *shape++ = (lore_gemm_shape){LORE_PLAIN, LORE_TRANSPOSED, rows, v, d, chunks};
  *shape++ = (lore_gemm_shape){LORE_PLAIN, LORE_PLAIN, rows, d, v, chunks};
  *shape++ = (lore_gemm_shape){LORE_TRANSPOSED, LORE_PLAIN, v, d, rows, chunks};
  assert(shape - first <= LORE_GEMM_SHAPES_MAX);
  return (int)(shape - first);
}
