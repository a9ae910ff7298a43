/* Linear maps. */
#include "level.h"

#include <string.h>

#include "lore/model/gemm.h"
#include "lore/model/layers.h"

/* y_t += bias */
static void add_bias(int tokens, int out, const real *bias, real *y) {
  for (int t = 0; t < tokens; t++)
    for (int i = 0; i < out; i++)
      y[(size_t)t * (size_t)out + (size_t)i] += bias[i];
}

void lore_column_sums(int tokens, int columns, int stride, const real *x, real *sums) {
  memset(sums, 0, sizeof(real) * (size_t)columns);
  for (int t = 0; t < tokens; t++)
    for (int i = 0; i < columns; i++)
      sums[i] += x[(size_t)t * (size_t)stride + (size_t)i];
}

void lore_linear_forward(lore_precision precision, int tokens, int in, int out, const real *x,
                         const real *weight, const real *bias, const real *residual, real *y) {
  lore_gemm(precision, LORE_PLAIN, LORE_PLAIN, tokens, out, in, x, in, weight, out, residual, y,
            out);
  if (bias)
    add_bias(tokens, out, bias, y);
}

void lore_linear_backward(lore_precision precision, int tokens, int in, int out, const real *x,
                          const real *weight, const real *dy, real *dx, real *dweight,
                          real *dbias) {
  if (dx)
    lore_gemm(precision, LORE_PLAIN, LORE_TRANSPOSED, tokens, in, out, dy, out, weight, out, NULL,
              dx, in);
  if (dweight)
    lore_gemm(precision, LORE_TRANSPOSED, LORE_PLAIN, in, out, tokens, x, in, dy, out, NULL,
              dweight, out);
  if (dbias)
    lore_column_sums(tokens, out, out, dy, dbias);
}

void lore_blocks_forward(lore_precision precision, int tokens, int channels, int blocks,
                         const real *x, const real *weight, const real *bias, real *y) {
  int size = channels / blocks;
  for (int b = 0; b < blocks; b++)
    lore_gemm(precision, LORE_PLAIN, LORE_PLAIN, tokens, size, size, x + b * size, channels,
              weight + (size_t)b * (size_t)(size * size), size, NULL, y + b * size, channels);
  add_bias(tokens, channels, bias, y);
}

void lore_blocks_backward(lore_precision precision, int tokens, int channels, int blocks,
                          const real *weight, const real *dy, real *dx) {
  int size = channels / blocks;
  for (int b = 0; b < blocks; b++)
    lore_gemm(precision, LORE_PLAIN, LORE_TRANSPOSED, tokens, size, size, dy + b * size, channels,
              weight + (size_t)b * (size_t)(size * size), size, dx + b * size, dx + b * size,
              channels);
}

void lore_blocks_slopes(lore_precision precision, int tokens, int channels, int blocks, int first,
                        int last, const real *x, const real *dy, real *dweight) {
  int size = channels / blocks;
  for (int block = 0; block < channels; block += size) {
    int from = first > block ? first : block, to = last < block + size ? last : block + size;
    if (from < to)
      lore_gemm(precision, LORE_TRANSPOSED, LORE_PLAIN, to - from, size, tokens, x + from, channels,
                dy + block, channels, NULL, dweight + (size_t)from * (size_t)size, size);
  }
}
