/* The RG-LRU (De et al. 2024, section 2.4) and the gating of its output.
 *
 * Time is the outer loop and vectors of channels the inner one, so that the chain over time costs
 * no latency: a row has many channels. Decays are computed again backward, which is cheaper than
 * keeping them. */
#include "level.h"

#include <math.h>
#include <string.h>

#include "gelu.h"
#include "lore/model/layers.h"

/* Below it sqrt(1 - a^2) counts as constant: a division by 0 would spoil a product that is 0. */
static const real least_square = (real)1e-30;

static inline __attribute__((always_inline)) lore_vec load_channels(const real *from, int count) {
  return count == LORE_LANES ? lore_vec_load(from) : lore_vec_load_part(from, count, 0);
}

static inline __attribute__((always_inline)) void store_channels(real *to, int count, lore_vec x) {
  if (count == LORE_LANES)
    lore_vec_store(to, x);
  else
    lore_vec_store_part(to, count, x);
}

/* sqrt(1 - a^2) from ln a */
static inline __attribute__((always_inline)) lore_vec input_scale(lore_vec log_a) {
  lore_vec square = lore_vec_one_minus_exp(2 * log_a);
  return lore_vec_sqrt(lore_vec_max(square, lore_vec_set(least_square)));
}

/* ln logistic(lambda) = -ln(1 + exp(-lambda)) */
void lore_recurrent_rate(int channels, const real *lambda, real *rate) {
  for (int c = 0; c < channels; c++) {
    double x = -(double)lambda[c];
    rate[c] = (real)(-LORE_RG_LRU_POWER * (fmax(x, 0) + log1p(exp(-fabs(x)))));
  }
}

void lore_recurrent_rate_backward(int channels, const real *lambda, real *slope) {
  for (int c = 0; c < channels; c++)
    slope[c] *= (real)(LORE_RG_LRU_POWER / (1 + exp((double)lambda[c])));
}

/* Channels c .. c + count - 1 at time t. */
static inline __attribute__((always_inline)) void
forward_vector(const lore_recurrent *s, int channels, int t, int c, int count) {
  size_t at = (size_t)t * (size_t)channels + (size_t)c;
  lore_vec recurrence = lore_vec_logistic(load_channels(s->recurrence + at, count));
  lore_vec input = lore_vec_logistic(load_channels(s->input + at, count));
  lore_vec log_a = load_channels(s->rate + c, count) * recurrence;
  lore_vec h = input_scale(log_a) * (input * load_channels(s->x + at, count));
  if (t > 0)
    h += lore_vec_exp(log_a) * load_channels(s->h + at - channels, count);
  lore_vec gate = load_channels(s->gate + (size_t)t * (size_t)s->stride + c, count);
  store_channels(s->recurrence + at, count, recurrence);
  store_channels(s->input + at, count, input);
  store_channels(s->h + at, count, h);
  store_channels(s->mixed + at, count, lore_gelu(gate) * h);
}

void lore_recurrent_forward(int tokens, int channels, const lore_recurrent *s) {
  int whole = channels / LORE_LANES * LORE_LANES, rest = channels - whole;
  for (int t = 0; t < tokens; t++) {
    for (int c = 0; c < whole; c += LORE_LANES)
      forward_vector(s, channels, t, c, LORE_LANES);
    if (rest > 0)
      forward_vector(s, channels, t, whole, rest);
  }
}

/* As forward; d->carry holds the part of dh_t that comes from h_(t+1). With ln a = rate * r,
 * dh/d ln a = a h_(t-1) - a^2 / sqrt(1 - a^2) i x. */
static inline __attribute__((always_inline)) void backward_vector(const lore_recurrent *s,
                                                                  const lore_recurrent_slopes *d,
                                                                  int channels, int t, int c,
                                                                  int count) {
  size_t at = (size_t)t * (size_t)channels + (size_t)c;
  lore_vec recurrence = load_channels(s->recurrence + at, count),
           input = load_channels(s->input + at, count);
  lore_vec rate = load_channels(s->rate + c, count), log_a = rate * recurrence;
  lore_vec a = lore_vec_exp(log_a), scale = input_scale(log_a), x = load_channels(s->x + at, count);
  lore_vec gate = load_channels(s->gate + (size_t)t * (size_t)s->stride + c, count);
  lore_vec dmixed = load_channels(d->mixed + at, count);
  lore_vec dh = dmixed * lore_gelu(gate) + load_channels(d->carry + c, count);
  lore_vec dlog_a = -a * a / scale * (input * x);
  if (t > 0)
    dlog_a += a * load_channels(s->h + at - channels, count);
  dlog_a *= dh;
  lore_vec through = dh * scale;
  store_channels(d->carry + c, count, a * dh);
  store_channels(d->gate + (size_t)t * (size_t)d->stride + c, count,
                 dmixed * load_channels(s->h + at, count) * lore_gelu_slope(gate));
  store_channels(d->x + at, count, through * input);
  store_channels(d->input + at, count, through * x * input * (1 - input));
  store_channels(d->recurrence + at, count, dlog_a * rate * recurrence * (1 - recurrence));
  store_channels(d->rate + c, count, load_channels(d->rate + c, count) + dlog_a * recurrence);
}

void lore_recurrent_backward(int tokens, int channels, int first, int last, const lore_recurrent *s,
                             const lore_recurrent_slopes *d) {
  int rest = (last - first) % LORE_LANES, whole = last - rest;
  memset(d->carry + first, 0, sizeof(real) * (size_t)(last - first));
  for (int t = tokens - 1; t >= 0; t--) {
    for (int c = first; c < whole; c += LORE_LANES)
      backward_vector(s, d, channels, t, c, LORE_LANES);
    if (rest > 0)
      backward_vector(s, d, channels, t, whole, rest);
  }
}
