/* Packing of operands, with rounding to bf16. */
#include "level.h"

#include "gemm_pack.h"

#include <assert.h>

#define INLINE static inline __attribute__((always_inline))

/* Strips of A and panels of B that are packed together, row by row. One alone would use a part of
 * each line that it reads; all of a wide matrix would be written to more places than the
 * first-level cache keeps. */
enum { STRIPS = 8, PANELS = 4 };

/* Rows of the matrix that make one packed row. */
#define STEP(precision) (LORE_BF16_PAIRS && (precision) == LORE_BF16 ? 2 : 1)

/* LORE_LANES columns: of one row, rounded, or of it and the next as pairs. */
INLINE lore_vec pack_lanes(lore_precision precision, lore_vec row, lore_vec next) {
  if (precision == LORE_FLOAT32)
    return row;
#if LORE_BF16_PAIRS
  return lore_bf16_zip(row, next);
#else
  (void)next;
  return lore_vec_bf16(row);
#endif
}

/* The same of `count` columns. `next` is NULL after the last row, whose partners are zeros. */
INLINE void pack_some(lore_precision precision, int count, const real *row, const real *next,
                      real *packed) {
  if (precision == LORE_FLOAT32) {
    memcpy(packed, row, sizeof(real) * (size_t)count);
    return;
  }
  for (int i = 0; i < count; i += LORE_LANES) {
    int rest = count - i < LORE_LANES ? count - i : LORE_LANES;
    lore_vec zero = {0}, one = zero, two = zero;
    memcpy(&one, row + i, sizeof(real) * (size_t)rest);
    if (next)
      memcpy(&two, next + i, sizeof(real) * (size_t)rest);
    one = pack_lanes(precision, one, two);
    memcpy(packed + i, &one, sizeof(real) * (size_t)rest);
  }
}

/* One row of k operands, along k. */
INLINE void pack_row(int k, const real *row, real *packed) {
#if LORE_BF16_PAIRS
  int whole = k / (2 * LORE_LANES) * (2 * LORE_LANES);
  for (int p = 0; p < whole; p += 2 * LORE_LANES, packed += LORE_LANES)
    lore_vec_store(packed,
                   lore_bf16_join(lore_vec_load(row + p), lore_vec_load(row + p + LORE_LANES)));
  lore_vec rest[2] = {{0}, {0}};
  memcpy(rest, row + whole, sizeof(real) * (size_t)(k - whole));
  rest[0] = lore_bf16_join(rest[0], rest[1]);
  memcpy(packed, rest, sizeof(real) * (size_t)((k - whole + 1) / 2));
#else
  int whole = k / LORE_LANES * LORE_LANES;
  for (int p = 0; p < whole; p += LORE_LANES)
    lore_vec_store(packed + p, lore_vec_bf16(lore_vec_load(row + p)));
  pack_some(LORE_BF16, k - whole, row + whole, NULL, packed + whole);
#endif
}

void lore_pack_a(lore_precision precision, int m, int k, const real *a, int lda, real *packed) {
  for (int i = 0; i < m; i++, a += lda, packed += lore_packed_row(precision))
    if (precision == LORE_FLOAT32)
      memcpy(packed, a, sizeof(real) * (size_t)k);
    else
      pack_row(k, a, packed);
}

/* `strips` strips of MR columns of A, row by row. A whole vector costs less than MR reals; the next
 * row overwrites what is too much of it. */
INLINE void pack_strips(lore_precision precision, int strips, int k, const real *a, int lda,
                        real *packed) {
  const int step = STEP(precision);
  const size_t strip = (size_t)lore_packed_depth(precision, k) * LORE_MR;
  int p = 0;
  if ((int)LORE_MR <= (int)LORE_LANES)
    for (; p + step < k; p += step, a += step * (ptrdiff_t)lda, packed += LORE_MR)
      for (int i = 0; i < strips; i++)
        lore_vec_store(packed + (size_t)i * strip,
                       pack_lanes(precision, lore_vec_load(a + i * LORE_MR),
                                  step > 1 ? lore_vec_load(a + lda + i * LORE_MR) : (lore_vec){0}));
  for (; p < k; p += step, a += step * (ptrdiff_t)lda, packed += LORE_MR)
    for (int i = 0; i < strips; i++)
      pack_some(precision, LORE_MR, a + i * LORE_MR, p + 1 < k ? a + lda + i * LORE_MR : NULL,
                packed + (size_t)i * strip);
}

/* The last strip of `columns` columns of A. */
INLINE void pack_narrow(lore_precision precision, int columns, int k, const real *a, int lda,
                        real *packed) {
  const int step = STEP(precision);
  for (int p = 0; p < k; p += step, a += step * (ptrdiff_t)lda, packed += LORE_MR)
    pack_some(precision, columns, a, p + 1 < k ? a + lda : NULL, packed);
}

/* All of A: groups of strips, single strips, the narrow one. */
INLINE void pack_all_strips(lore_precision precision, int m, int k, const real *a, int lda,
                            real *packed) {
  const size_t strip = (size_t)lore_packed_depth(precision, k) * LORE_MR;
  for (; m >= STRIPS * LORE_MR;
       m -= STRIPS * LORE_MR, a += STRIPS * LORE_MR, packed += STRIPS * strip)
    pack_strips(precision, STRIPS, k, a, lda, packed);
  for (; m >= LORE_MR; m -= LORE_MR, a += LORE_MR, packed += strip)
    pack_strips(precision, 1, k, a, lda, packed);
  if (m > 0)
    pack_narrow(precision, m, k, a, lda, packed);
}

void lore_pack_a_transposed(lore_precision precision, int m, int k, const real *a, int lda,
                            real *packed) {
  if (precision == LORE_FLOAT32)
    pack_all_strips(LORE_FLOAT32, m, k, a, lda, packed);
  else
    pack_all_strips(LORE_BF16, m, k, a, lda, packed);
}

/* `panels` full panels of B, row by row. */
INLINE void pack_panels(lore_precision precision, int panels, int k, const real *b, int ldb,
                        real *packed) {
  const int step = STEP(precision);
  const size_t panel = (size_t)lore_packed_depth(precision, k) * LORE_NR;
  for (int p = 0; p < k; p += step, b += step * (ptrdiff_t)ldb, packed += LORE_NR) {
    const real *next = step > 1 && p + 1 < k ? b + ldb : NULL;
    real *to = packed;
    for (int j = 0; j < panels * LORE_NR; j += LORE_NR, to += panel)
      for (int q = 0; q < LORE_NR; q += LORE_LANES)
        lore_vec_store(to + q, pack_lanes(precision, lore_vec_load(b + j + q),
                                          next ? lore_vec_load(next + j + q) : (lore_vec){0}));
  }
}

/* The last panel, of `columns` columns and zeros. */
INLINE void pack_last_panel(lore_precision precision, int columns, int k, const real *b, int ldb,
                            real *packed) {
  const int step = STEP(precision);
  for (int p = 0; p < k; p += step, b += step * (ptrdiff_t)ldb, packed += LORE_NR) {
    pack_some(precision, columns, b, step > 1 && p + 1 < k ? b + ldb : NULL, packed);
    memset(packed + columns, 0, sizeof(real) * (size_t)(LORE_NR - columns));
  }
}

INLINE void pack_b_plain(lore_precision precision, int k, int n, const real *b, int ldb,
                         real *packed) {
  const size_t panel = (size_t)lore_packed_depth(precision, k) * LORE_NR;
  int j = 0;
  for (; j + PANELS * LORE_NR <= n; j += PANELS * LORE_NR, packed += PANELS * panel)
    pack_panels(precision, PANELS, k, b + j, ldb, packed);
  for (; j + LORE_NR <= n; j += LORE_NR, packed += panel)
    pack_panels(precision, 1, k, b + j, ldb, packed);
  if (j < n)
    pack_last_panel(precision, n - j, k, b + j, ldb, packed);
}

#if !defined(LORE_DOUBLE) && __has_builtin(__builtin_shufflevector)
typedef float quad __attribute__((vector_size(16)));
typedef float quad_unaligned __attribute__((vector_size(16), aligned(4), may_alias));

/* to (rows NR apart) = transpose of the 4 x 4 block at `from`. */
INLINE void transpose_4x4(const real *from, ptrdiff_t ld, real *to) {
  quad a = *(const quad_unaligned *)from, b = *(const quad_unaligned *)(from + ld);
  quad c = *(const quad_unaligned *)(from + 2 * ld), d = *(const quad_unaligned *)(from + 3 * ld);
  quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  quad ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  quad cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(quad_unaligned *)to = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  *(quad_unaligned *)(to + LORE_NR) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  *(quad_unaligned *)(to + 2 * LORE_NR) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  *(quad_unaligned *)(to + 3 * LORE_NR) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

/* Full panels in blocks of 4 x 4; returns how many of the rows are done. */
static int transpose_blocks(int depth, const real *rows, ptrdiff_t ld, real *packed) {
  int p = 0;
  for (; p + 4 <= depth; p += 4)
    for (int q = 0; q < LORE_NR; q += 4)
      transpose_4x4(rows + q * ld + p, ld, packed + (size_t)p * LORE_NR + q);
  return p;
}
#else
static int transpose_blocks(int depth, const real *rows, ptrdiff_t ld, real *packed) {
  (void)depth, (void)rows, (void)ld, (void)packed;
  return 0;
}
#endif

/* One panel: `columns` rows of the stored matrix become `depth` rows of NR, zeros beyond. */
static void transpose_panel(int depth, int columns, const real *rows, ptrdiff_t ld, real *packed) {
  int done = columns == LORE_NR ? transpose_blocks(depth, rows, ld, packed) : 0;
  for (int q = 0; q < LORE_NR; q++)
    for (int p = done; p < depth; p++)
      packed[(size_t)p * LORE_NR + (size_t)q] = q < columns ? rows[q * ld + p] : 0;
}

/* Rounded rows of a panel are made first, then transposed. */
static void pack_panel_bf16(int k, int columns, const real *b, int ldb, real *packed) {
  real rows[LORE_NR * (LORE_KC + LORE_ROW_GAP)] __attribute__((aligned(64)));
  const int ld = lore_packed_row(LORE_BF16);
  assert(k <= LORE_KC);
  for (int q = 0; q < columns; q++)
    pack_row(k, b + (size_t)q * (size_t)ldb, rows + q * ld);
  transpose_panel(lore_packed_depth(LORE_BF16, k), columns, rows, ld, packed);
}

static void pack_b_transposed(lore_precision precision, int k, int n, const real *b, int ldb,
                              real *packed) {
  size_t panel = (size_t)lore_packed_depth(precision, k) * LORE_NR;
  for (int j = 0; j < n; j += LORE_NR, packed += panel) {
    const real *rows = b + (size_t)j * (size_t)ldb;
    int columns = n - j < LORE_NR ? n - j : LORE_NR;
    if (precision == LORE_BF16)
      pack_panel_bf16(k, columns, rows, ldb, packed);
    else
      transpose_panel(k, columns, rows, ldb, packed);
  }
}

void lore_pack_b(lore_precision precision, lore_transpose tb, int k, int n, const real *b, int ldb,
                 real *packed) {
  if (tb == LORE_TRANSPOSED)
    pack_b_transposed(precision, k, n, b, ldb, packed);
  else if (precision == LORE_BF16)
    pack_b_plain(LORE_BF16, k, n, b, ldb, packed);
  else
    pack_b_plain(LORE_FLOAT32, k, n, b, ldb, packed);
}
