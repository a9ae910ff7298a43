/* Operands of the built-in matrix product, packed as its inner kernel reads them. In bf16 they are
 * rounded on the way (bf16.h has the two forms).
 *
 * k operands along a row become lore_packed_depth(precision, k) reals. */
#ifndef LORE_MODEL_GEMM_PACK_H
#define LORE_MODEL_GEMM_PACK_H

#include <stddef.h>

#include "bf16.h"
#include "lore/base/real.h"
#include "lore/model/gemm_shape.h"

enum {
  LORE_NR = 2 * LORE_LANES,
  /* Accumulators + 2 of B + 1 of A fill the 16 (AVX2, SSE) or 32 (AVX-512) registers. */
  LORE_MR = LORE_VECTOR_BYTES == 64 ? 14 : 6,
  LORE_KC = 256, /* a KC x NR panel of B stays in the first-level cache */
  LORE_MC = 16 * LORE_MR,
  LORE_ROW_GAP = 16, /* reals: keeps rows of A from sharing a few sets of the caches */
  LORE_PACKED_A = LORE_MC * (LORE_KC + LORE_ROW_GAP) /* reals of a packed block of A */
};

static inline int lore_packed_depth(lore_precision precision, int k) {
  return LORE_BF16_PAIRS && precision == LORE_BF16 ? (k + 1) / 2 : k;
}

/* Reals that lore_pack_b writes for a k x n matrix. */
static inline size_t lore_packed_elements(lore_precision precision, int k, int n) {
  return (size_t)lore_packed_depth(precision, k) * (size_t)((n + LORE_NR - 1) / LORE_NR * LORE_NR);
}

/* Packs op(B) (k x n; in bf16 k <= LORE_KC): panel j holds columns j*NR .. as `depth` rows of NR,
 * columns beyond n as zeros. */
void lore_pack_b(lore_precision precision, lore_transpose tb, int k, int n, const real *b, int ldb,
                 real *packed);

/* Packs m <= LORE_MC rows of A (m x k) one after the other, lore_packed_row(precision) reals apart.
 */
void lore_pack_a(lore_precision precision, int m, int k, const real *a, int lda, real *packed);

static inline int lore_packed_row(lore_precision precision) {
  return lore_packed_depth(precision, LORE_KC) + LORE_ROW_GAP;
}

/* Packs a transposed A (k x m, m <= LORE_MC) into strips of MR columns: `depth` rows of MR. */
void lore_pack_a_transposed(lore_precision precision, int m, int k, const real *a, int lda,
                            real *packed);

#endif
