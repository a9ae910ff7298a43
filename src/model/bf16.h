/* bf16: the upper half of a float, rounded to nearest even. Operands are rounded; sums stay reals.
 *
 * Two forms. A processor that multiplies pairs (AVX512_BF16) gets words of two operands that follow
 * each other along k, the first in the lower half, each in the place of one real. All others get
 * reals that hold rounded values: their products are exact in float, so both forms differ only in
 * the rounding of sums. */
#ifndef LORE_MODEL_BF16_H
#define LORE_MODEL_BF16_H

#include <stdint.h>

#include "simd.h"

#if defined(LORE_BF16_PAIRS)
/* chosen on the command line, to test pairs on other processors */
#elif defined(__AVX512BF16__) && LORE_VECTOR_BYTES == 64 && !defined(LORE_DOUBLE)
#define LORE_BF16_PAIRS 1
#else
#define LORE_BF16_PAIRS 0
#endif

#if LORE_BF16_PAIRS && defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#ifdef LORE_DOUBLE
typedef uint64_t lore_bits __attribute__((vector_size(LORE_VECTOR_BYTES)));
enum { LORE_BF16_DROPPED = 45 }; /* bits of the fraction beyond 7 */
#else
typedef uint32_t lore_bits __attribute__((vector_size(LORE_VECTOR_BYTES)));
enum { LORE_BF16_DROPPED = 16 };
#endif

/* The bits of x, of which those to be kept are rounded; the others are left over. */
static inline __attribute__((always_inline)) lore_bits lore_bf16_bits(lore_vec x) {
  lore_bits bits = (lore_bits)x, odd = bits >> LORE_BF16_DROPPED & 1;
  return bits + odd + (((lore_bits){0} + 1) << (LORE_BF16_DROPPED - 1)) - 1;
}

/* x rounded, as reals. A NaN stays one or becomes infinite. */
static inline __attribute__((always_inline)) lore_vec lore_vec_bf16(lore_vec x) {
  return (lore_vec)(lore_bf16_bits(x) >> LORE_BF16_DROPPED << LORE_BF16_DROPPED);
}

#if LORE_BF16_PAIRS

/* Words of low[i] and high[i]. */
static inline __attribute__((always_inline)) lore_vec lore_bf16_zip(lore_vec low, lore_vec high) {
#ifdef __AVX512BF16__
  /* Neighbours of the result lie 16 places apart in what the processor rounds. */
  const lore_bits place = {0x100000, 0x110001, 0x120002, 0x130003, 0x140004, 0x150005,
                           0x160006, 0x170007, 0x180008, 0x190009, 0x1a000a, 0x1b000b,
                           0x1c000c, 0x1d000d, 0x1e000e, 0x1f000f};
  return (lore_vec)_mm512_permutexvar_epi16(
      (__m512i)place, (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low));
#else
  return (lore_vec)(lore_bf16_bits(low) >> 16 | (lore_bf16_bits(high) >> 16 << 16));
#endif
}

/* Words of neighbours: x[0] and x[1], x[2] and x[3], ..., and on with those of y. */
static inline __attribute__((always_inline)) lore_vec lore_bf16_join(lore_vec x, lore_vec y) {
#ifdef __AVX512BF16__
  return (lore_vec)_mm512_cvtne2ps_pbh((__m512)y, (__m512)x);
#else
  uint32_t bits[2 * LORE_LANES];
  lore_bits word, first = lore_bf16_bits(x), second = lore_bf16_bits(y);
  memcpy(bits, &first, sizeof first);
  memcpy(bits + LORE_LANES, &second, sizeof second);
  for (int i = 0; i < LORE_LANES; i++)
    word[i] = bits[2 * i] >> 16 | (bits[2 * i + 1] >> 16 << 16);
  return (lore_vec)word;
#endif
}

/* sum + the two products of each word. */
static inline __attribute__((always_inline)) lore_vec lore_bf16_dot(lore_vec sum, lore_vec a,
                                                                    lore_vec b) {
#ifdef __AVX512BF16__
  return (lore_vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  lore_bits x = (lore_bits)a, y = (lore_bits)b;
  sum += (lore_vec)(x >> 16 << 16) * (lore_vec)(y >> 16 << 16);
  return sum + (lore_vec)(x << 16) * (lore_vec)(y << 16);
#endif
}

#endif

#endif
