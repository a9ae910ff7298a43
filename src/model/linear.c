/* Linear maps. */
#include "layers.h"

#include <string.h>

void lore_linear_forward(int tokens, int in, int out, const real *x, const real *weight,
                         const real *bias, const real *residual, real *y) {
  lore_gemm(LORE_PLAIN, LORE_PLAIN, tokens, out, in, x, in, weight, out, residual, y, out);
  if (bias)
    for (int t = 0; t < tokens; t++)
      for (int i = 0; i < out; i++)
        y[(size_t)t * (size_t)out + (size_t)i] += bias[i];
}

void lore_linear_backward(int tokens, int in, int out, const real *x, const real *weight,
                          const real *dy, real *dx, real *dweight, real *dbias) {
  if (dx)
    lore_gemm(LORE_PLAIN, LORE_TRANSPOSED, tokens, in, out, dy, out, weight, out, NULL, dx, in);
  lore_gemm(LORE_TRANSPOSED, LORE_PLAIN, in, out, tokens, x, in, dy, out, NULL, dweight, out);
  if (!dbias)
    return;
  memset(dbias, 0, sizeof(real) * (size_t)out);
  for (int t = 0; t < tokens; t++)
    for (int i = 0; i < out; i++)
      dbias[i] += dy[(size_t)t * (size_t)out + (size_t)i];
}
