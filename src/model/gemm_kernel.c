/* Register tile and cache blocking of the built-in matrix product. */
#include "level.h"

#include "gemm_kernel.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "lore/base/arena.h"
#include "lore/model/layers.h"

#define INLINE static inline __attribute__((always_inline))

/* sum += a b, or the sum of both products of pairs of bf16. */
INLINE lore_vec add_product(int pairs, lore_vec sum, const real *a, lore_vec b) {
#if LORE_BF16_PAIRS
  uint32_t word;
  if (pairs) {
    memcpy(&word, a, sizeof word);
    return lore_bf16_dot(sum, (lore_vec)((lore_bits){0} + word), b);
  }
#endif
  (void)pairs;
  return sum + lore_vec_set(*a) * b;
}

/* Odd multiples of the distance between rows of A, in bytes. With the scales that addresses may
 * have (1, 2, 4, 8) they reach every row of a tile, so that no address has to be kept in memory:
 * its load would delay those of operands. */
typedef struct {
  ptrdiff_t odd[LORE_MR / 2];
} row_distances;

INLINE row_distances row_distances_of(ptrdiff_t row) {
  row_distances distances;
  LORE_UNROLL
  for (int i = 0; i < LORE_MR / 2; i++)
    distances.odd[i] = (2 * i + 1) * row * (ptrdiff_t)sizeof(real);
  return distances;
}

/* Row i, a constant after inlining. */
INLINE const real *row_of(const real *a, const row_distances *distances, int i) {
  int twos = i ? __builtin_ctz((unsigned)i) : 0;
  return i ? (const real *)((const char *)a + (distances->odd[i >> twos >> 1] << twos)) : a;
}

/* sum += column of A times row of B. */
INLINE void rank_one(int pairs, int fixed, int rows, const real *restrict a,
                     row_distances *distances, const real *restrict b, lore_vec sum[LORE_MR][2]) {
  lore_vec b0 = *(const lore_vec *)b, b1 = *(const lore_vec *)(b + LORE_LANES);
  LORE_IN_REGISTER(b0);
  LORE_IN_REGISTER(b1);
  LORE_UNROLL
  for (int i = 0; i < LORE_MR / 2; i++)
    if (!fixed && 2 * i + 1 < rows)
      LORE_NOT_HOISTED(distances->odd[i]);
  LORE_UNROLL
  for (int i = 0; i < rows; i++) {
    const real *element = row_of(a, distances, i);
    sum[i][0] = add_product(pairs, sum[i][0], element, b0);
    sum[i][1] = add_product(pairs, sum[i][1], element, b1);
  }
}

/* A tile of `rows` x NR: element (i, p) of A is at a[i * row + p * column]. `pairs`, `fixed` (`row`
 * is a constant) and `rows` are constants after inlining. */
INLINE void tile(int pairs, int fixed, int rows, int k, const real *restrict a, ptrdiff_t row,
                 ptrdiff_t column, const real *restrict b, const real *add, ptrdiff_t ldadd,
                 real *c, ptrdiff_t ldc) {
  lore_vec sum[LORE_MR][2];
  row_distances distances = row_distances_of(row);
  real *to = c;
  LORE_UNROLL
  for (int i = 0; i < rows; i++, to += ldc) {
    sum[i][0] = sum[i][1] = (lore_vec){0};
    __builtin_prefetch(to, 1);
    __builtin_prefetch(to + LORE_NR - 1, 1);
  }
  int p = 0;
  for (; p + 2 <= k; p += 2, a += 2 * column, b += 2 * LORE_NR) {
    rank_one(pairs, fixed, rows, a, &distances, b, sum);
    rank_one(pairs, fixed, rows, a + column, &distances, b + LORE_NR, sum);
  }
  if (p < k)
    rank_one(pairs, fixed, rows, a, &distances, b, sum);
  LORE_NOT_HOISTED(ldc); /* else the addresses of the prefetch are kept in memory */
  LORE_NOT_HOISTED(ldadd);
  LORE_UNROLL
  for (int i = 0; i < rows; i++, c += ldc) {
    if (add) {
      sum[i][0] += lore_vec_load(add + i * ldadd);
      sum[i][1] += lore_vec_load(add + i * ldadd + LORE_LANES);
    }
    lore_vec_store(c, sum[i][0]);
    lore_vec_store(c + LORE_LANES, sum[i][1]);
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

/* A by rows, as it is stored or as lore_pack_a packs it, and A in strips. */
#define TILE(n, name, pairs, fixed, row, column)                                                   \
  static void name##_##n(int k, const real *a, ptrdiff_t lda, const real *b, const real *add,      \
                         ptrdiff_t ldadd, real *c, ptrdiff_t ldc) {                                \
    (void)lda;                                                                                     \
    tile(pairs, fixed, n, k, a, row, column, b, add, ldadd, c, ldc);                               \
  }
#define X(n) TILE(n, rows, 0, 0, lda, 1) TILE(n, strip, 0, 1, 1, LORE_MR)
TILES(X)
#undef X
#define X(n) rows_##n,
static tile_function *const rows_tile[] = {NULL, TILES(X)};
#undef X
#define X(n) strip_##n,
static tile_function *const strip_tile[] = {NULL, TILES(X)};
#undef X

#if LORE_BF16_PAIRS
/* Always packed, so rows lie a constant apart. */
#define X(n)                                                                                       \
  TILE(n, rows_of_pairs, 1, 1, lore_packed_row(LORE_BF16), 1)                                      \
  TILE(n, strip_of_pairs, 1, 1, 1, LORE_MR)
TILES(X)
#undef X
#define X(n) rows_of_pairs_##n,
static tile_function *const rows_of_pairs_tile[] = {NULL, TILES(X)};
#undef X
#define X(n) strip_of_pairs_##n,
static tile_function *const strip_of_pairs_tile[] = {NULL, TILES(X)};
#undef X
#endif

static tile_function *const *tiles_for(lore_precision precision, lore_transpose ta) {
#if LORE_BF16_PAIRS
  if (precision == LORE_BF16)
    return ta ? strip_of_pairs_tile : rows_of_pairs_tile;
#endif
  (void)precision;
  return ta ? strip_tile : rows_tile;
}

/* The last panel may hold fewer than NR columns of C: its tile goes through a full one. */
static void edge_tile(tile_function *function, int rows, int columns, int k, const real *a,
                      ptrdiff_t lda, const real *b, const real *add, real *c, ptrdiff_t ldc) {
  real full[LORE_MR * LORE_NR] __attribute__((aligned(64)));
  function(k, a, lda, b, NULL, 0, full, LORE_NR);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      c[i * ldc + j] = full[i * LORE_NR + j] + (add ? add[i * ldc + j] : 0);
}

/* The tiles of MC rows of A: `a` is packed by rows, in strips, or not at all. */
static void multiply_rows(lore_precision precision, lore_transpose ta, int m, int n, int k,
                          const real *a, int lda, const real *packed, size_t panel_stride,
                          const real *add, real *c, int ldc) {
  tile_function *const *functions = tiles_for(precision, ta);
  const size_t each = (size_t)(ta ? k : lda); /* reals of a row of A */
  for (int j = 0; j < n; j += LORE_NR, packed += panel_stride) {
    int columns = n - j < LORE_NR ? n - j : LORE_NR;
    for (int i = 0; i < m; i += LORE_MR) {
      int rows = m - i < LORE_MR ? m - i : LORE_MR;
      const real *from = a + (size_t)i * each;
      size_t at = (size_t)i * (size_t)ldc + (size_t)j;
      if (columns == LORE_NR)
        functions[rows](k, from, lda, packed, add ? add + at : NULL, ldc, c + at, ldc);
      else
        edge_tile(functions[rows], rows, columns, k, from, lda, packed, add ? add + at : NULL,
                  c + at, ldc);
    }
  }
}

/* Rows of A that lie a multiple of 4 KiB apart would share a few sets of the caches. */
static bool must_pack_a(lore_precision precision, int lda) {
  return precision == LORE_BF16 || (size_t)lda * sizeof(real) % 4096 == 0;
}

void lore_gemm_block(lore_precision precision, lore_transpose ta, int m, int n, int k,
                     const real *a, int lda, const real *packed, size_t panel_stride,
                     const real *add, real *c, int ldc, real *scratch) {
  assert(k <= LORE_KC);
  for (int i = 0; i < m; i += LORE_MC) {
    int rows = m - i < LORE_MC ? m - i : LORE_MC;
    const real *block = ta ? a + i : a + (size_t)i * (size_t)lda;
    size_t at = (size_t)i * (size_t)ldc;
    int ldblock = lda;
    if (ta) {
      lore_pack_a_transposed(precision, rows, k, block, lda, scratch);
      block = scratch;
    } else if (must_pack_a(precision, lda)) {
      lore_pack_a(precision, rows, k, block, lda, scratch);
      block = scratch;
      ldblock = lore_packed_row(precision);
    }
    multiply_rows(precision, ta, rows, n, lore_packed_depth(precision, k), block, ldblock, packed,
                  panel_stride, add ? add + at : NULL, c + at, ldc);
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
  return LORE_PACKED_A + lore_packed_elements(LORE_FLOAT32, LORE_KC, n);
}

size_t lore_packed_whole(lore_precision precision, int k, int n) {
  size_t blocks = (size_t)(k / LORE_KC);
  return blocks * lore_packed_elements(precision, LORE_KC, n) +
         lore_packed_elements(precision, k % LORE_KC, n);
}

static size_t panel_of(lore_precision precision, int k) {
  return (size_t)lore_packed_depth(precision, k) * LORE_NR;
}

static int clamp(int64_t x, int most) {
  return x < 0 ? 0 : x > most ? most : (int)x;
}

void lore_gemm_pack(lore_precision precision, lore_transpose tb, int k, int n, const real *b,
                    int ldb, int part, int parts, real *packed) {
  int panels = (n + LORE_NR - 1) / LORE_NR, blocks = (k + LORE_KC - 1) / LORE_KC;
  int64_t all = (int64_t)panels * blocks, first = all * part / parts;
  int64_t last = all * (part + 1) / parts;
  for (int p = 0; p < k; p += LORE_KC, first -= panels, last -= panels) {
    int kc = k - p < LORE_KC ? k - p : LORE_KC;
    int from = clamp(first, panels) * LORE_NR, to = clamp(last, panels) * LORE_NR;
    const real *block =
        tb ? b + p + (size_t)from * (size_t)ldb : b + (size_t)p * (size_t)ldb + from;
    if (from < to)
      lore_pack_b(precision, tb, kc, (to < n ? to : n) - from, block, ldb,
                  packed + (size_t)(from / LORE_NR) * panel_of(precision, kc));
    packed += lore_packed_elements(precision, kc, n);
  }
}

void lore_gemm_prepacked(lore_precision precision, int m, int n, int k, const real *a, int lda,
                         const real *packed, const real *add, real *c, int ldc) {
  real *scratch = thread_scratch(lore_gemm_builtin_scratch(0));
  for (int p = 0; p < k; p += LORE_KC) {
    int kc = k - p < LORE_KC ? k - p : LORE_KC;
    lore_gemm_block(precision, LORE_PLAIN, m, n, kc, a + p, lda, packed, panel_of(precision, kc),
                    p ? c : add, c, ldc, scratch);
    packed += lore_packed_elements(precision, kc, n);
  }
}

void lore_gemm_builtin(lore_precision precision, lore_transpose ta, lore_transpose tb, int m, int n,
                       int k, const real *a, int lda, const real *b, int ldb, const real *add,
                       real *c, int ldc) {
  real *packed_a = thread_scratch(lore_gemm_builtin_scratch(n));
  real *packed_b = packed_a + LORE_PACKED_A;
  for (int p = 0; p < k; p += LORE_KC) {
    int kc = k - p < LORE_KC ? k - p : LORE_KC;
    lore_pack_b(precision, tb, kc, n, tb ? b + p : b + (size_t)p * (size_t)ldb, ldb, packed_b);
    lore_gemm_block(precision, ta, m, n, kc, ta ? a + (size_t)p * (size_t)lda : a + p, lda,
                    packed_b, panel_of(precision, kc), p ? c : add, c, ldc, packed_a);
  }
}
