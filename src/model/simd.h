/* Vectors of reals, as wide as the target's registers, in the compiler's own vector notation. */
#ifndef LORE_MODEL_SIMD_H
#define LORE_MODEL_SIMD_H

#include <stddef.h>
#include <string.h>

#include "lore/base/real.h"

#if defined(LORE_VECTOR_BYTES)
/* chosen on the command line, to test other widths */
#elif defined(__AVX512F__)
#define LORE_VECTOR_BYTES 64
#elif defined(__AVX__)
#define LORE_VECTOR_BYTES 32
#else
#define LORE_VECTOR_BYTES 16
#endif

/* Before a loop with a constant count: unrolled whole, so that arrays become registers. */
#ifdef __clang__
#define LORE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define LORE_UNROLL _Pragma("GCC unroll 16")
#endif

/* Keeps a vector that was loaded once in a register: compilers would rather load it for each use,
 * and loads are what a core runs out of first when another hardware thread shares it. */
#if defined(__x86_64__) && (LORE_VECTOR_BYTES < 64 || defined(__AVX512F__))
#define LORE_IN_REGISTER(vector) __asm__("" : "+x"(vector))
#else
#define LORE_IN_REGISTER(vector) ((void)(vector))
#endif

/* Makes the compiler forget where a number comes from, so that what follows from it is computed
 * here and not kept since before. */
#define LORE_NOT_HOISTED(number) __asm__("" : "+r"(number))

enum { LORE_LANES = LORE_VECTOR_BYTES / sizeof(real) };

typedef real lore_vec __attribute__((vector_size(LORE_VECTOR_BYTES)));
typedef real lore_vec_unaligned
    __attribute__((vector_size(LORE_VECTOR_BYTES), aligned(sizeof(real)), may_alias));

static inline __attribute__((always_inline)) lore_vec lore_vec_load(const real *from) {
  return *(const lore_vec_unaligned *)from;
}

static inline __attribute__((always_inline)) void lore_vec_store(real *to, lore_vec x) {
  *(lore_vec_unaligned *)to = x;
}

static inline __attribute__((always_inline)) lore_vec lore_vec_set(real x) {
  return x - (lore_vec){0}; /* x + 0 would not be x for -0, and costs an addition */
}

/* The first `count` < LORE_LANES elements, the rest `fill`. */
static inline lore_vec lore_vec_load_part(const real *from, int count, real fill) {
  lore_vec x = lore_vec_set(fill);
  for (int i = 0; i < count; i++)
    x[i] = from[i];
  return x;
}

static inline void lore_vec_store_part(real *to, int count, lore_vec x) {
  for (int i = 0; i < count; i++)
    to[i] = x[i];
}

static inline __attribute__((always_inline)) lore_vec lore_vec_max(lore_vec x, lore_vec y) {
  __typeof__(x > y) larger = x > y;
  return (lore_vec)((larger & (__typeof__(larger))x) | (~larger & (__typeof__(larger))y));
}

static inline real lore_vec_sum(lore_vec x) {
  real sum = 0;
  for (int i = 0; i < LORE_LANES; i++)
    sum += x[i];
  return sum;
}

/* By halves: four steps of sixteen elements instead of fifteen. */
static inline __attribute__((always_inline)) real lore_vec_largest(lore_vec x) {
  LORE_UNROLL
  for (int half = LORE_LANES / 2; half > 0; half /= 2) {
    lore_vec other = x;
    LORE_UNROLL
    for (int i = 0; i < half; i++)
      other[i] = x[i + half];
    x = lore_vec_max(x, other);
  }
  return x[0];
}

/* The first `count` elements of x, the rest from `fill`. */
static inline __attribute__((always_inline)) lore_vec lore_vec_keep(lore_vec x, int count,
                                                                    lore_vec fill) {
  __typeof__(x > fill) index, kept;
  LORE_UNROLL
  for (int i = 0; i < LORE_LANES; i++)
    index[i] = i;
  kept = index < (__typeof__(index[0]))count;
  return (lore_vec)((kept & (__typeof__(kept))x) | (~kept & (__typeof__(kept))fill));
}

#endif
