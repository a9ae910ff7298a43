/* RMS norm (Zhang and Sennrich 2019) and layer norm. */
#include "level.h"

#include <math.h>
#include <string.h>

#include "lore/model/layers.h"
#include "simd.h"

static real row_dot(int width, const real *x, const real *y) {
  lore_vec sum = {0};
  int i = 0;
  for (; i + LORE_LANES <= width; i += LORE_LANES) {
    /* Not fused, as some compilers would: each addition waits for the one before, and a sum is
     * there sooner without its product. */
    lore_vec product = lore_vec_load(x + i) * lore_vec_load(y + i);
    LORE_IN_REGISTER(product);
    sum += product;
  }
  real total = lore_vec_sum(sum);
  for (; i < width; i++)
    total += x[i] * y[i];
  return total;
}

static real row_sum(int width, const real *x) {
  lore_vec sum = {0};
  int i = 0;
  for (; i + LORE_LANES <= width; i += LORE_LANES)
    sum += lore_vec_load(x + i);
  real total = lore_vec_sum(sum);
  for (; i < width; i++)
    total += x[i];
  return total;
}

void lore_norm_forward(lore_norm norm, int tokens, int width, double epsilon, const real *x,
                       const real *gain, const real *bias, real *y, real *mean, real *scale) {
  for (int t = 0; t < tokens; t++, x += width, y += width) {
    real shift = 0;
    if (norm == LORE_NORM_LAYER) {
      mean[t] = shift = row_sum(width, x) / (real)width;
      for (int i = 0; i < width; i++)
        y[i] = x[i] - shift;
    } else {
      memcpy(y, x, sizeof(real) * (size_t)width);
    }
    real r = 1 / (real)sqrt(row_dot(width, y, y) / (real)width + (real)epsilon);
    scale[t] = r;
    if (bias)
      for (int i = 0; i < width; i++)
        y[i] = y[i] * r * gain[i] + bias[i];
    else
      for (int i = 0; i < width; i++)
        y[i] = y[i] * r * gain[i];
  }
}

/* With n = (x - mean) r: dgain += dy n. */
static void add_slopes(int columns, const real *x, real shift, real r, const real *dy, real *dgain,
                       real *dbias) {
  for (int i = 0; i < columns; i++)
    dgain[i] += dy[i] * ((x[i] - shift) * r);
  if (dbias)
    for (int i = 0; i < columns; i++)
      dbias[i] += dy[i];
}

/* With g = gain dy: dx = r (g - mean(g) - n mean(g n)); RMS norm has no mean(g). */
static void backward_row(lore_norm norm, int width, const real *x, const real *gain, real shift,
                         real r, const real *dy, real *dx) {
  real dot = 0, sum = 0;
  for (int i = 0; i < width; i++) {
    real n = (x[i] - shift) * r, g = gain[i] * dy[i];
    dot += g * n;
    sum += g;
  }
  dot /= (real)width;
  sum = norm == LORE_NORM_LAYER ? sum / (real)width : 0;
  for (int i = 0; i < width; i++)
    dx[i] += r * (gain[i] * dy[i] - sum - (x[i] - shift) * r * dot);
}

static void clear_slopes(int columns, real *dgain, real *dbias) {
  memset(dgain, 0, sizeof(real) * (size_t)columns);
  if (dbias)
    memset(dbias, 0, sizeof(real) * (size_t)columns);
}

void lore_norm_backward(lore_norm norm, int tokens, int width, const real *x, const real *gain,
                        const real *mean, const real *scale, const real *dy, real *dx, real *dgain,
                        real *dbias) {
  if (dgain)
    clear_slopes(width, dgain, dbias);
  for (int t = 0; t < tokens; t++, x += width, dy += width, dx += width) {
    real shift = norm == LORE_NORM_LAYER ? mean[t] : 0;
    if (dgain)
      add_slopes(width, x, shift, scale[t], dy, dgain, dbias);
    backward_row(norm, width, x, gain, shift, scale[t], dy, dx);
  }
}

void lore_norm_slopes(lore_norm norm, int tokens, int columns, int stride, const real *x,
                      const real *mean, const real *scale, const real *dy, real *dgain,
                      real *dbias) {
  clear_slopes(columns, dgain, dbias);
  for (int t = 0; t < tokens; t++, x += stride, dy += stride)
    add_slopes(columns, x, norm == LORE_NORM_LAYER ? mean[t] : 0, scale[t], dy, dgain, dbias);
}
