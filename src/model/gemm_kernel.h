/* Inside of the built-in matrix product, also used piecewise by attention and the head.
 *
 * As in Goto and van de Geijn (2008): op(B) is packed into panels of LORE_NR columns, so that the
 * inner kernel streams it; a register tile of LORE_MR x LORE_NR accumulates over a block of k.
 * Every element of C is summed in the same order whatever its place, so splitting rows or columns
 * never changes bits. */
#ifndef LORE_MODEL_GEMM_KERNEL_H
#define LORE_MODEL_GEMM_KERNEL_H

#include <stddef.h>

#include "lore/base/real.h"
#include "lore/model/gemm_shape.h"
#include "simd.h"

enum {
  LORE_NR = 2 * LORE_LANES,
  /* Accumulators + 2 of B + 1 of A fill the 16 (AVX2, SSE) or 32 (AVX-512) registers. */
  LORE_MR = LORE_VECTOR_BYTES == 64 ? 14 : 6,
  LORE_KC = 256, /* a KC x NR panel of B stays in the first-level cache */
  LORE_KC_GAP = 16,
  LORE_MC = 16 * LORE_MR,
  LORE_PACKED_A = LORE_MC * (LORE_KC + LORE_KC_GAP) /* reals of a packed block of A */
};

/* Elements that lore_pack_b writes for a k x n matrix. */
static inline size_t lore_packed_elements(int k, int n) {
  return (size_t)k * (size_t)((n + LORE_NR - 1) / LORE_NR * LORE_NR);
}

/* Packs op(B) (k x n): panel j holds columns j*NR .. as k rows of NR, columns beyond n as zeros. */
void lore_pack_b(lore_transpose tb, int k, int n, const real *b, int ldb, real *packed);

/* C = A B (+ add) for k rows of panels that lie `panel_stride` elements apart; k <= LORE_KC.
 * A is m x k row-major, or k x m when transposed. `scratch` holds LORE_MC * LORE_KC reals for a
 * packed A. */
void lore_gemm_block(lore_transpose ta, int m, int n, int k, const real *a, int lda,
                     const real *packed, size_t panel_stride, const real *add, real *c, int ldc,
                     real *scratch);

/* A whole op(B) packed once for several products: lore_packed_elements(k, n) reals, blocks of KC
 * rows one after the other. */
void lore_gemm_pack(lore_transpose tb, int k, int n, const real *b, int ldb, real *packed);

/* C = A B (+ add) with such a B. */
void lore_gemm_prepacked(int m, int n, int k, const real *a, int lda, const real *packed,
                         const real *add, real *c, int ldc);

#endif
