/* Depthwise causal convolution over time: y_t = sum_k weight_k x_(t-k) + bias, each channel alone.
 */
#include "level.h"

#include <string.h>

#include "lore/model/layers.h"

/* y += weight * x, channel by channel. */
static void add_product(int channels, const real *restrict weight, const real *restrict x,
                        real *restrict y) {
  for (int c = 0; c < channels; c++)
    y[c] += weight[c] * x[c];
}

/* How many lags reach no further than `tokens` tokens. */
static int lags_within(int tokens) {
  return tokens < LORE_CONVOLUTION_WIDTH ? tokens : LORE_CONVOLUTION_WIDTH;
}

void lore_convolution_forward(int tokens, int channels, int stride, const real *x,
                              const real *weight, const real *bias, real *y) {
  size_t row = sizeof(real) * (size_t)channels;
  for (int t = 0; t < tokens; t++, y += channels) {
    if (bias)
      memcpy(y, bias, row);
    else
      memset(y, 0, row);
    for (int k = 0; k < lags_within(t + 1); k++)
      add_product(channels, weight + (size_t)k * (size_t)channels,
                  x + (size_t)(t - k) * (size_t)stride, y);
  }
}

/* Of token t: of `columns` channels out of `channels`. */
static void add_slopes(int t, int columns, int channels, int stride, const real *x, const real *dy,
                       real *dweight, real *dbias) {
  const real *dy_t = dy + (size_t)t * (size_t)channels;
  for (int k = 0; k < lags_within(t + 1); k++)
    add_product(columns, dy_t, x + (size_t)(t - k) * (size_t)stride,
                dweight + (size_t)k * (size_t)channels);
  for (int c = 0; c < columns && dbias; c++)
    dbias[c] += dy_t[c];
}

void lore_convolution_backward(int tokens, int channels, int stride, const real *x,
                               const real *weight, const real *dy, int dstride, real *dx,
                               real *dweight, real *dbias) {
  for (int t = 0; t < tokens; t++) {
    const real *dy_t = dy + (size_t)t * (size_t)channels;
    real *dx_t = dx + (size_t)t * (size_t)dstride;
    memset(dx_t, 0, sizeof(real) * (size_t)channels);
    for (int k = 0; k < lags_within(tokens - t); k++)
      add_product(channels, weight + (size_t)k * (size_t)channels,
                  dy_t + (size_t)k * (size_t)channels, dx_t);
    if (dweight)
      add_slopes(t, channels, channels, stride, x, dy, dweight, dbias);
  }
}

void lore_convolution_slopes(int tokens, int columns, int channels, int stride, const real *x,
                             const real *dy, real *dweight, real *dbias) {
  for (int t = 0; t < tokens; t++)
    add_slopes(t, columns, channels, stride, x, dy, dweight, dbias);
}
