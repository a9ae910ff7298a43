/* GELU in its tanh form, written with the logistic function s:
 * 0.5 u (1 + tanh z) = u s(2 z) with z = sqrt(2/pi) (u + 0.044715 u^3). */
#ifndef LORE_MODEL_GELU_H
#define LORE_MODEL_GELU_H

#include "vecmath.h"

#define LORE_GELU_TWO_C ((real)1.5957691216057308) /* 2 sqrt(2/pi) */
#define LORE_GELU_CUBIC ((real)0.044715)

static inline __attribute__((always_inline)) lore_vec lore_gelu_logistic(lore_vec u) {
  return lore_vec_logistic(u * LORE_GELU_TWO_C * (u * u * LORE_GELU_CUBIC + 1));
}

static inline __attribute__((always_inline)) lore_vec lore_gelu(lore_vec u) {
  return u * lore_gelu_logistic(u);
}

static inline __attribute__((always_inline)) lore_vec lore_gelu_slope(lore_vec u) {
  lore_vec s = lore_gelu_logistic(u);
  return s + u * s * (1 - s) * LORE_GELU_TWO_C * (u * u * (3 * LORE_GELU_CUBIC) + 1);
}

#endif
