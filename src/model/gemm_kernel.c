/* Register tile, packing and cache blocking of the built-in matrix product. */
#include "level.h"

#include "gemm_kernel.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lore/base/arena.h"
#include "lore/model/layers.h"

#define INLINE static inline __attribute__((always_inline))

/* sum += column of A times row of B. */
INLINE void rank_one(int rows, const real *restrict a, ptrdiff_t row, const real *restrict b,
                     lore_vec sum[LORE_MR][2]) {
  lore_vec b0 = *(const lore_vec *)b, b1 = *(const lore_vec *)(b + LORE_LANES);
  LORE_IN_REGISTER(b0);
  LORE_IN_REGISTER(b1);
  LORE_UNROLL
  for (int i = 0; i < rows; i++) {
    lore_vec x = lore_vec_set(a[i * row]);
    sum[i][0] += x * b0;
    sum[i][1] += x * b1;
  }
}

/* A tile of `rows` (a constant after inlining) x NR: element (i, p) of A is at a[i * row + p *
 * column]. */
INLINE void tile(int rows, int k, const real *restrict a, ptrdiff_t row, ptrdiff_t column,
                 const real *restrict b, const real *add, ptrdiff_t ldadd, real *c, ptrdiff_t ldc) {
  lore_vec sum[LORE_MR][2];
  LORE_UNROLL
  for (int i = 0; i < rows; i++) {
    sum[i][0] = sum[i][1] = (lore_vec){0};
    __builtin_prefetch(c + i * ldc, 1);
    __builtin_prefetch(c + i * ldc + LORE_NR - 1, 1);
  }
  int p = 0;
  for (; p + 2 <= k; p += 2, a += 2 * column, b += 2 * LORE_NR) {
    rank_one(rows, a, row, b, sum);
    rank_one(rows, a + column, row, b + LORE_NR, sum);
  }
  if (p < k)
    rank_one(rows, a, row, b, sum);
  LORE_UNROLL
  for (int i = 0; i < rows; i++) {
    if (add) {
      sum[i][0] += lore_vec_load(add + i * ldadd);
      sum[i][1] += lore_vec_load(add + i * ldadd + LORE_LANES);
    }
    lore_vec_store(c + i * ldc, sum[i][0]);
    lore_vec_store(c + i * ldc + LORE_LANES, sum[i][1]);
  }
}

typedef void tile_function(int k, const real *a, ptrdiff_t lda, const real *b, const real *add,
                           ptrdiff_t ldadd, real *c, ptrdiff_t ldc);

#define TILES(X) X(1) X(2) X(3) X(4) X(5) X(6) TILES_WIDE(X)
#if LORE_VECTOR_BYTES == 64
#define TILES_WIDE(X) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#else
#define TILES_WIDE(X)
#endif

#define X(n)                                                                                       \
  static void direct_##n(int k, const real *a, ptrdiff_t lda, const real *b, const real *add,      \
                         ptrdiff_t ldadd, real *c, ptrdiff_t ldc) {                                \
    tile(n, k, a, lda, 1, b, add, ldadd, c, ldc);                                                  \
  }                                                                                                \
  static void packed_##n(int k, const real *a, ptrdiff_t lda, const real *b, const real *add,      \
                         ptrdiff_t ldadd, real *c, ptrdiff_t ldc) {                                \
    (void)lda;                                                                                     \
    tile(n, k, a, 1, LORE_MR, b, add, ldadd, c, ldc);                                              \
  }
TILES(X)
#undef X

#define X(n) direct_##n,
static tile_function *const direct_tile[] = {NULL, TILES(X)};
#undef X
#define X(n) packed_##n,
static tile_function *const packed_tile[] = {NULL, TILES(X)};
#undef X

/* The last panel may hold fewer than NR columns of C: its tile goes through a full one. */
static void edge_tile(tile_function *function, int rows, int columns, int k, const real *a,
                      ptrdiff_t lda, const real *b, const real *add, real *c, ptrdiff_t ldc) {
  real full[LORE_MR * LORE_NR] __attribute__((aligned(64)));
  function(k, a, lda, b, NULL, 0, full, LORE_NR);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      c[i * ldc + j] = full[i * LORE_NR + j] + (add ? add[i * ldc + j] : 0);
}

/* Packs k rows of an m-column block (A transposed) into strips of MR columns. */
static void pack_a_transposed(int m, int k, const real *a, int lda, real *packed) {
  for (int i = 0; i < m; i += LORE_MR, a += LORE_MR) {
    size_t rows = (size_t)(m - i < LORE_MR ? m - i : LORE_MR);
    int p = 0;
    const real *from = a;
    /* A whole vector costs less than MR reals; the next row overwrites what is too much of it. */
    if (rows == LORE_MR && (int)LORE_MR <= (int)LORE_LANES)
      for (; p < k - 1; p++, from += lda, packed += LORE_MR)
        lore_vec_store(packed, lore_vec_load(from));
    for (; p < k; p++, from += lda, packed += LORE_MR)
      memcpy(packed, from, sizeof(real) * rows);
  }
}

/* Rows that lie a multiple of 4 KiB apart would share a few sets of the caches: moves them closer.
 */
static void copy_a(int m, int k, const real *a, int lda, real *packed) {
  for (int i = 0; i < m; i++)
    memcpy(packed + (size_t)i * (LORE_KC + LORE_KC_GAP), a + (size_t)i * (size_t)lda,
           sizeof(real) * (size_t)k);
}

/* Row by row: B is read in order, and each line that is written is written once. */
static void pack_b_plain(int k, int n, const real *b, int ldb, real *packed) {
  int whole = n / LORE_NR * LORE_NR;
  size_t panel = (size_t)k * LORE_NR;
  for (int p = 0; p < k; p++, b += ldb, packed += LORE_NR) {
    real *to = packed;
    for (int j = 0; j < whole; j += LORE_NR, to += panel) {
      lore_vec_store(to, lore_vec_load(b + j));
      lore_vec_store(to + LORE_LANES, lore_vec_load(b + j + LORE_LANES));
    }
    for (int q = 0; whole < n && q < LORE_NR; q++)
      to[q] = whole + q < n ? b[whole + q] : 0;
  }
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

/* Full panels in blocks of 4 x 4; returns how many of the k rows are done. */
static int pack_b_blocks(int k, const real *b, int ldb, real *packed) {
  int p = 0;
  for (; p + 4 <= k; p += 4)
    for (int q = 0; q < LORE_NR; q += 4)
      transpose_4x4(b + (size_t)q * (size_t)ldb + p, ldb, packed + (size_t)p * LORE_NR + q);
  return p;
}
#else
static int pack_b_blocks(int k, const real *b, int ldb, real *packed) {
  (void)k, (void)b, (void)ldb, (void)packed;
  return 0;
}
#endif

/* One panel of NR rows of the stored matrix, as k rows of NR; rows beyond `columns` are zeros. */
static void pack_b_panel_transposed(int k, int columns, const real *b, int ldb, real *packed) {
  int done = columns == LORE_NR ? pack_b_blocks(k, b, ldb, packed) : 0;
  for (int q = 0; q < LORE_NR; q++)
    for (int p = done; p < k; p++)
      packed[(size_t)p * LORE_NR + (size_t)q] =
          q < columns ? b[(size_t)q * (size_t)ldb + (size_t)p] : 0;
}

void lore_pack_b(lore_transpose tb, int k, int n, const real *b, int ldb, real *packed) {
  if (tb == LORE_PLAIN) {
    pack_b_plain(k, n, b, ldb, packed);
    return;
  }
  for (int j = 0; j < n; j += LORE_NR, packed += (size_t)k * LORE_NR) {
    const real *rows = b + (size_t)j * (size_t)ldb;
    if (n - j >= LORE_NR)
      pack_b_panel_transposed(k, LORE_NR, rows, ldb, packed);
    else
      pack_b_panel_transposed(k, n - j, rows, ldb, packed);
  }
}

void lore_gemm_block(lore_transpose ta, int m, int n, int k, const real *a, int lda,
                     const real *packed, size_t panel_stride, const real *add, real *c, int ldc,
                     real *scratch) {
  assert(k <= LORE_KC);
  for (int i0 = 0; i0 < m; i0 += LORE_MC) {
    int mc = m - i0 < LORE_MC ? m - i0 : LORE_MC;
    const real *block = ta ? a + i0 : a + (size_t)i0 * lda;
    int ldblock = lda;
    if (ta) {
      pack_a_transposed(mc, k, block, lda, scratch);
      block = scratch;
    } else if ((size_t)lda * sizeof(real) % 4096 == 0) {
      copy_a(mc, k, block, lda, scratch);
      block = scratch;
      ldblock = LORE_KC + LORE_KC_GAP;
    }
    for (int j = 0; j < n; j += LORE_NR) {
      const real *panel = packed + (size_t)(j / LORE_NR) * panel_stride;
      int columns = n - j < LORE_NR ? n - j : LORE_NR;
      for (int i = 0; i < mc; i += LORE_MR) {
        int rows = mc - i < LORE_MR ? mc - i : LORE_MR;
        tile_function *function = ta ? packed_tile[rows] : direct_tile[rows];
        const real *from = ta ? block + (size_t)i * k : block + (size_t)i * ldblock;
        size_t at = (size_t)(i0 + i) * ldc + j;
        if (columns == LORE_NR)
          function(k, from, ldblock, panel, add ? add + at : NULL, ldc, c + at, ldc);
        else
          edge_tile(function, rows, columns, k, from, ldblock, panel, add ? add + at : NULL, c + at,
                    ldc);
      }
    }
  }
}

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;

static void make_scratch_key(void) {
  if (pthread_key_create(&scratch_key, free))
    abort();
}

/* Packed blocks of A and B of the calling thread; grows to the largest product that the thread
 * makes and goes with the thread. */
static real *thread_scratch(size_t elements) {
  static _Thread_local real *scratch;
  static _Thread_local size_t capacity;
  if (elements <= capacity)
    return scratch;
  pthread_once(&scratch_once, make_scratch_key);
  free(scratch);
  scratch = aligned_alloc(LORE_ALIGNMENT, (elements * sizeof(real) + LORE_ALIGNMENT - 1) /
                                              LORE_ALIGNMENT * LORE_ALIGNMENT);
  if (!scratch || pthread_setspecific(scratch_key, scratch)) {
    fputs("lore: error: no memory for the scratch of a matrix product\n", stderr);
    abort();
  }
  capacity = elements;
  return scratch;
}

size_t lore_gemm_builtin_scratch(int n) {
  return LORE_PACKED_A + lore_packed_elements(LORE_KC, n);
}

void lore_gemm_pack(lore_transpose tb, int k, int n, const real *b, int ldb, real *packed) {
  for (int p = 0; p < k; p += LORE_KC) {
    int kc = k - p < LORE_KC ? k - p : LORE_KC;
    lore_pack_b(tb, kc, n, tb ? b + p : b + (size_t)p * ldb, ldb, packed);
    packed += lore_packed_elements(kc, n);
  }
}

void lore_gemm_prepacked(int m, int n, int k, const real *a, int lda, const real *packed,
                         const real *add, real *c, int ldc) {
  real *scratch = thread_scratch(lore_gemm_builtin_scratch(0));
  for (int p = 0; p < k; p += LORE_KC) {
    int kc = k - p < LORE_KC ? k - p : LORE_KC;
    lore_gemm_block(LORE_PLAIN, m, n, kc, a + p, lda, packed, (size_t)kc * LORE_NR, p ? c : add, c,
                    ldc, scratch);
    packed += lore_packed_elements(kc, n);
  }
}

void lore_gemm_builtin(lore_transpose ta, lore_transpose tb, int m, int n, int k, const real *a,
                       int lda, const real *b, int ldb, const real *add, real *c, int ldc) {
  real *packed_a = thread_scratch(lore_gemm_builtin_scratch(n));
  real *packed_b = packed_a + LORE_PACKED_A;
  for (int p = 0; p < k; p += LORE_KC) {
    int kc = k - p < LORE_KC ? k - p : LORE_KC;
    lore_pack_b(tb, kc, n, tb ? b + p : b + (size_t)p * ldb, ldb, packed_b);
    lore_gemm_block(ta, m, n, kc, ta ? a + (size_t)p * lda : a + p, lda, packed_b,
                    (size_t)kc * LORE_NR, p ? c : add, c, ldc, packed_a);
  }
}
