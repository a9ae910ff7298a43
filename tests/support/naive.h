/* The layers written down from their definitions: plain loops in double, Jacobians in full. All
 * matrices are dense. */
#ifndef LORE_TESTS_NAIVE_H
#define LORE_TESTS_NAIVE_H

#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "lore/model/layers.h"
#include "lore/model/model.h"
#include "numbers.h"

/* x to 8 significant bits, ties to even, as rint does. */
static inline double naive_bf16(double x) {
  int exponent;
  double fraction = frexp(x, &exponent);
  return ldexp(rint(ldexp(fraction, 8)), exponent - 8);
}

/* Copies of `count` operands as products of that precision see them. */
static inline double *naive_operands(lore_precision precision, size_t count, const double *x) {
  double *y = numbers_zero(count);
  for (size_t i = 0; i < count; i++)
    y[i] = precision == LORE_BF16 ? naive_bf16(x[i]) : x[i];
  return y;
}

/* y = x W + b */
static inline void naive_linear(int tokens, int in, int out, const double *x, const double *weight,
                                const double *bias, double *y) {
  for (int t = 0; t < tokens; t++)
    for (int o = 0; o < out; o++) {
      y[t * out + o] = bias ? bias[o] : 0;
      for (int i = 0; i < in; i++)
        y[t * out + o] += x[t * in + i] * weight[i * out + o];
    }
}

/* Adds to dx, dweight and dbias (or NULL). */
static inline void naive_linear_backward(int tokens, int in, int out, const double *x,
                                         const double *weight, const double *dy, double *dx,
                                         double *dweight, double *dbias) {
  for (int t = 0; t < tokens; t++)
    for (int o = 0; o < out; o++) {
      if (dbias)
        dbias[o] += dy[t * out + o];
      for (int i = 0; i < in; i++) {
        dx[t * in + i] += dy[t * out + o] * weight[i * out + o];
        dweight[i * out + o] += dy[t * out + o] * x[t * in + i];
      }
    }
}

static inline double naive_centre(lore_norm norm, int width, const double *x) {
  double sum = 0;
  for (int i = 0; i < width && norm == LORE_NORM_LAYER; i++)
    sum += x[i];
  return sum / width;
}

/* sqrt(mean((x - centre)^2) + epsilon) */
static inline double naive_deviation(int width, double epsilon, double centre, const double *x) {
  double sum = 0;
  for (int i = 0; i < width; i++)
    sum += (x[i] - centre) * (x[i] - centre);
  return sqrt(sum / width + epsilon);
}

static inline void naive_norm(lore_norm norm, int tokens, int width, double epsilon,
                              const double *x, const double *gain, const double *bias, double *y) {
  for (int t = 0; t < tokens; t++, x += width, y += width) {
    double centre = naive_centre(norm, width, x);
    double deviation = naive_deviation(width, epsilon, centre, x);
    for (int i = 0; i < width; i++)
      y[i] = (x[i] - centre) / deviation * gain[i] + (bias ? bias[i] : 0);
  }
}

/* Adds to dx, dgain, dbias (or NULL); with e = x - m and deviation s,
 * dy_i / dx_j = gain_i ((delta_ij - dm/dx_j) / s - e_i e_j / (d s^3)). */
static inline void naive_norm_backward(lore_norm norm, int tokens, int width, double epsilon,
                                       const double *x, const double *gain, const double *dy,
                                       double *dx, double *dgain, double *dbias) {
  for (int t = 0; t < tokens; t++, x += width, dy += width, dx += width) {
    double m = naive_centre(norm, width, x), s = naive_deviation(width, epsilon, m, x);
    double slope = norm == LORE_NORM_LAYER ? 1.0 / width : 0;
    for (int i = 0; i < width; i++) {
      dgain[i] += dy[i] * (x[i] - m) / s;
      if (dbias)
        dbias[i] += dy[i];
      for (int j = 0; j < width; j++)
        dx[j] += dy[i] * gain[i] *
                 (((i == j) - slope) / s - (x[i] - m) * (x[j] - m) / (width * s * s * s));
    }
  }
}

/* Pair (i, i + size/2) of one head at one position, as a complex number, times exp(i angle). */
static inline void naive_rotate(int position, int size, double base, int inverse, double *x) {
  for (int i = 0; i < size / 2; i++) {
    double angle = position / pow(base, 2.0 * i / size);
    double complex z = (x[i] + I * x[i + size / 2]) * cexp(I * (inverse ? -angle : angle));
    x[i] = creal(z);
    x[i + size / 2] = cimag(z);
  }
}

/* p = softmax of x; returns ln sum exp(x). */
static inline double naive_softmax(int count, const double *x, double *p) {
  double largest = x[0], sum = 0;
  for (int i = 0; i < count; i++)
    largest = fmax(largest, x[i]);
  for (int i = 0; i < count; i++)
    sum += exp(x[i] - largest);
  for (int i = 0; i < count; i++)
    p[i] = exp(x[i] - largest) / sum;
  return largest + log(sum);
}

/* q, k, v, out: T x size; p: T x T, zeros right of the diagonal are the caller's. */
static inline void naive_attention(int tokens, int size, const double *q, const double *k,
                                   const double *v, double *p, double *out) {
  double *score = malloc(sizeof *score * (size_t)tokens);
  for (int i = 0; i < tokens; i++) {
    for (int j = 0; j <= i; j++) {
      score[j] = 0;
      for (int c = 0; c < size; c++)
        score[j] += q[i * size + c] * k[j * size + c] / sqrt(size);
    }
    naive_softmax(i + 1, score, p + i * tokens);
    for (int c = 0; c < size; c++) {
      out[i * size + c] = 0;
      for (int j = 0; j <= i; j++)
        out[i * size + c] += p[i * tokens + j] * v[j * size + c];
    }
  }
  free(score);
}

/* Adds to dq, dk, dv; dp_j / dscore_l = p_j (delta_jl - p_l). */
static inline void naive_attention_backward(int tokens, int size, const double *q, const double *k,
                                            const double *v, const double *p, const double *dout,
                                            double *dq, double *dk, double *dv) {
  double *dp = malloc(sizeof *dp * (size_t)tokens);
  for (int i = 0; i < tokens; i++) {
    const double *row = p + i * tokens;
    for (int j = 0; j <= i; j++) {
      dp[j] = 0;
      for (int c = 0; c < size; c++) {
        dp[j] += dout[i * size + c] * v[j * size + c];
        dv[j * size + c] += dout[i * size + c] * row[j];
      }
    }
    for (int l = 0; l <= i; l++) {
      double dscore = 0;
      for (int j = 0; j <= i; j++)
        dscore += dp[j] * row[j] * ((j == l) - row[l]);
      for (int c = 0; c < size; c++) {
        dq[i * size + c] += dscore * k[l * size + c] / sqrt(size);
        dk[l * size + c] += dscore * q[i * size + c] / sqrt(size);
      }
    }
  }
  free(dp);
}

static const double naive_gelu_slope = 0.79788456080286535588; /* sqrt(2 / pi) */

static inline double naive_activation(lore_activation activation, double u) {
  if (activation == LORE_ACTIVATION_RELU)
    return u > 0 ? u : 0;
  return 0.5 * u * (1 + tanh(naive_gelu_slope * (u + 0.044715 * u * u * u)));
}

static inline double naive_activation_slope(lore_activation activation, double u) {
  if (activation == LORE_ACTIVATION_RELU)
    return u > 0 ? 1 : 0;
  double z = naive_gelu_slope * (u + 0.044715 * u * u * u);
  double dz = naive_gelu_slope * (1 + 3 * 0.044715 * u * u);
  return 0.5 * (1 + tanh(z)) + 0.5 * u / (cosh(z) * cosh(z)) * dz;
}

static inline double naive_logistic(double x) {
  return 1 / (1 + exp(-x));
}

/* y_t = sum_k weight_k x_(t-k) + bias; x, y: T x channels, weight: LORE_CONVOLUTION_WIDTH x
 * channels. */
static inline void naive_convolution(int tokens, int channels, const double *x,
                                     const double *weight, const double *bias, double *y) {
  for (int t = 0; t < tokens; t++)
    for (int c = 0; c < channels; c++) {
      y[t * channels + c] = bias ? bias[c] : 0;
      for (int k = 0; k < LORE_CONVOLUTION_WIDTH && k <= t; k++)
        y[t * channels + c] += weight[k * channels + c] * x[(t - k) * channels + c];
    }
}

/* Adds to dx, dweight and dbias (or NULL). */
static inline void naive_convolution_backward(int tokens, int channels, const double *x,
                                              const double *weight, const double *dy, double *dx,
                                              double *dweight, double *dbias) {
  for (int t = 0; t < tokens; t++)
    for (int c = 0; c < channels; c++) {
      if (dbias)
        dbias[c] += dy[t * channels + c];
      for (int k = 0; k < LORE_CONVOLUTION_WIDTH && k <= t; k++) {
        dx[(t - k) * channels + c] += weight[k * channels + c] * dy[t * channels + c];
        dweight[k * channels + c] += x[(t - k) * channels + c] * dy[t * channels + c];
      }
    }
}

/* Block-diagonal map, blocks of weight (channels x channels / blocks) one below the other. */
static inline void naive_blocks(int tokens, int channels, int blocks, const double *x,
                                const double *weight, const double *bias, double *y) {
  int size = channels / blocks;
  for (int t = 0; t < tokens; t++)
    for (int c = 0; c < channels; c++) {
      int first = c / size * size;
      y[t * channels + c] = bias[c];
      for (int i = 0; i < size; i++)
        y[t * channels + c] += x[t * channels + first + i] * weight[(first + i) * size + c % size];
    }
}

/* Adds to dx and dweight. */
static inline void naive_blocks_backward(int tokens, int channels, int blocks, const double *x,
                                         const double *weight, const double *dy, double *dx,
                                         double *dweight) {
  int size = channels / blocks;
  for (int t = 0; t < tokens; t++)
    for (int c = 0; c < channels; c++)
      for (int i = 0; i < size; i++) {
        int from = c / size * size + i, w = from * size + c % size;
        dx[t * channels + from] += weight[w] * dy[t * channels + c];
        dweight[w] += x[t * channels + from] * dy[t * channels + c];
      }
}

/* The RG-LRU without a recurrence: the state is a sum over all inputs so far, each times the
 * product of the decays since. Gates r and i as logits. */
static inline void naive_rg_lru(int tokens, int channels, const double *lambda, const double *r,
                                const double *i, const double *x, double *h) {
  for (int t = 0; t < tokens; t++)
    for (int c = 0; c < channels; c++) {
      double kept = 0, sum = 0, log_a = -log1p(exp(-lambda[c])); /* kept: a logarithm */
      for (int s = t; s >= 0; s--) {
        int at = s * channels + c;
        double decay = LORE_RG_LRU_POWER * naive_logistic(r[at]) * log_a;
        sum += exp(kept) * sqrt(-expm1(2 * decay)) * naive_logistic(i[at]) * x[at];
        kept += decay;
      }
      h[t * channels + c] = sum;
    }
}

/* Adds to dlambda, dr, di and dx; h are the states. With the decay a = exp(l) of a step and l =
 * power logistic(r) ln a0: h = a h' + sqrt(1 - a^2) logistic(i) x, d sqrt(1 - a^2) / dl = -a^2 /
 * sqrt(1 - a^2), d ln a0 / dlambda = logistic(-lambda). */
static inline void naive_rg_lru_backward(int tokens, int channels, const double *lambda,
                                         const double *r, const double *i, const double *x,
                                         const double *h, const double *dh, double *dlambda,
                                         double *dr, double *di, double *dx) {
  for (int c = 0; c < channels; c++) {
    double carry = 0, log_a0 = -log1p(exp(-lambda[c]));
    for (int t = tokens - 1; t >= 0; t--) {
      int at = t * channels + c;
      double open = naive_logistic(r[at]), taken = naive_logistic(i[at]);
      double l = LORE_RG_LRU_POWER * open * log_a0, a = exp(l), part = sqrt(-expm1(2 * l));
      double slope = dh[at] + carry, before = t > 0 ? h[at - channels] : 0;
      double dl = slope * (a * before - a * a / part * taken * x[at]);
      dx[at] += slope * part * taken;
      di[at] += slope * part * x[at] * taken * (1 - taken);
      dr[at] += dl * LORE_RG_LRU_POWER * log_a0 * open * (1 - open);
      dlambda[c] += dl * LORE_RG_LRU_POWER * open * naive_logistic(-lambda[c]);
      carry = slope * a;
    }
  }
}

/* -sum p ln p */
static inline double naive_entropy(int count, const double *p) {
  double sum = 0;
  for (int i = 0; i < count; i++)
    sum -= p[i] > 0 ? p[i] * log(p[i]) : 0;
  return sum;
}

static inline int naive_arg_max(int count, const double *x) {
  int best = 0;
  for (int i = 1; i < count; i++)
    best = x[i] > x[best] ? i : best;
  return best;
}

#endif
