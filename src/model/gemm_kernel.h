/* Inside of the built-in matrix product, also used piecewise by attention and the head.
 *
 * As in Goto and van de Geijn (2008): op(B) is packed into panels of LORE_NR columns, so that the
 * inner kernel streams it; a register tile of LORE_MR x LORE_NR accumulates over a block of k.
 * Every element of C is summed in the same order whatever its place, so splitting rows or columns
 * never changes bits. */
#ifndef LORE_MODEL_GEMM_KERNEL_H
#define LORE_MODEL_GEMM_KERNEL_H

#include <stddef.h>

#include "gemm_pack.h"
#include "lore/base/real.h"
#include "lore/model/gemm_shape.h"

/* C = A B (+ add) for k rows of panels that lie `panel_stride` reals apart; k <= LORE_KC.
 * A is m x k row-major, or k x m when transposed. `scratch` holds LORE_PACKED_A reals for a packed
 * A. */
void lore_gemm_block(lore_precision precision, lore_transpose ta, int m, int n, int k,
                     const real *a, int lda, const real *packed, size_t panel_stride,
                     const real *add, real *c, int ldc, real *scratch);

/* A whole op(B) packed once for several products: lore_packed_whole(precision, k, n) reals, blocks
 * of KC rows one after the other. Packs part `part` of `parts`. */
size_t lore_packed_whole(lore_precision precision, int k, int n);
void lore_gemm_pack(lore_precision precision, lore_transpose tb, int k, int n, const real *b,
                    int ldb, int part, int parts, real *packed);

/* C = A B (+ add) with such a B. */
void lore_gemm_prepacked(lore_precision precision, int m, int n, int k, const real *a, int lda,
                         const real *packed, const real *add, real *c, int ldc);

#endif
