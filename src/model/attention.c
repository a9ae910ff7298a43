/* Causal attention of one head over one sequence, resident in the second-level cache.
 *
 * Works on blocks of query rows, so that most of the upper triangle is never computed; products use
 * the inner kernel of the built-in GEMM whatever backend the linear maps use. */
#include "level.h"

#include <math.h>
#include <string.h>

#include "gemm_kernel.h"
#include "lore/model/layers.h"
#include "vecmath.h"

enum { ROWS = LORE_MR == 14 ? 28 : 24 }; /* query rows per block: a few register tiles */

static int smaller_of(int a, int b) {
  return a < b ? a : b;
}

int lore_attention_stride(int tokens) {
  return (tokens + LORE_NR - 1) / LORE_NR * LORE_NR;
}

/* Two packed operands, a score matrix and the packed block of a transposed A. */
size_t lore_attention_scratch(int tokens, int size) {
  size_t stride = (size_t)lore_attention_stride(tokens);
  size_t packed = lore_packed_elements(LORE_FLOAT32, tokens, size), across = (size_t)size * stride;
  return packed + (packed > across ? packed : across) + stride * stride + LORE_PACKED_A;
}

/* C = A B for any k; B is packed whole, `depth` rows to a panel. */
static void multiply_packed(lore_transpose ta, int m, int n, int k, const real *a, int lda,
                            const real *packed, int depth, real *c, int ldc, real *scratch) {
  for (int p = 0; p < k; p += LORE_KC)
    lore_gemm_block(LORE_FLOAT32, ta, m, n, smaller_of(k - p, LORE_KC),
                    ta ? a + (size_t)p * lda : a + p, lda, packed + (size_t)p * LORE_NR,
                    (size_t)depth * LORE_NR, p ? c : NULL, c, ldc, scratch);
}

/* Softmax of scale * row[0 .. count-1] in place; zeros from count to stride, a number of whole
 * vectors. */
static void softmax_row(int count, int stride, real scale, real *row) {
  int last = (count - 1) / LORE_LANES * LORE_LANES, rest = count - last, next = last + LORE_LANES;
  lore_vec none = lore_vec_set(-INFINITY), zero = {0}, sum = zero;
  lore_vec tail = lore_vec_keep(lore_vec_load(row + last), rest, none), largest = tail;
  for (int i = 0; i < last; i += LORE_LANES)
    largest = lore_vec_max(largest, lore_vec_load(row + i));
  lore_vec shift = lore_vec_set(lore_vec_largest(largest) * scale);
  for (int i = 0; i < last; i += LORE_LANES) {
    lore_vec e = lore_vec_exp(lore_vec_load(row + i) * scale - shift);
    lore_vec_store(row + i, e);
    sum += e;
  }
  tail = lore_vec_keep(lore_vec_exp(tail * scale - shift), rest, zero);
  real inverse = 1 / lore_vec_sum(sum + tail);
  for (int i = 0; i < last; i += LORE_LANES)
    lore_vec_store(row + i, lore_vec_load(row + i) * inverse);
  lore_vec_store(row + last, tail * inverse);
  memset(row + next, 0, sizeof(real) * (size_t)(stride - next));
}

/* Probabilities of query rows [first, first + rows). `keys` is packed. */
static void pattern_rows(int tokens, int size, int first, int rows, int stride, const real *q,
                         const real *keys, real *probability, real *packed_a) {
  int pstride = lore_attention_stride(tokens);
  real scale = 1 / (real)sqrt(size);
  real *p = probability + (size_t)first * (size_t)pstride;
  multiply_packed(LORE_PLAIN, rows, first + rows, size, q + (size_t)first * (size_t)stride, stride,
                  keys, size, p, pstride, packed_a);
  for (int r = 0; r < rows; r++)
    softmax_row(first + r + 1, pstride, scale, p + (size_t)r * (size_t)pstride);
}

/* Rows [first, first + rows) of P v. `values` is packed. */
static void apply_rows(int tokens, int size, int first, int rows, const real *probability,
                       const real *values, int out_stride, real *out, real *packed_a) {
  int pstride = lore_attention_stride(tokens);
  multiply_packed(LORE_PLAIN, rows, size, first + rows,
                  probability + (size_t)first * (size_t)pstride, pstride, values, tokens,
                  out + (size_t)first * (size_t)out_stride, out_stride, packed_a);
}

void lore_attention_forward(int tokens, int size, int stride, const real *q, const real *k,
                            const real *v, real *probability, int out_stride, real *out,
                            real *scratch) {
  real *keys = scratch, *values = keys + (size_t)size * (size_t)lore_attention_stride(tokens);
  real *packed_a = values + lore_packed_elements(LORE_FLOAT32, tokens, size);
  lore_pack_b(LORE_FLOAT32, LORE_TRANSPOSED, size, tokens, k, stride, keys);
  lore_pack_b(LORE_FLOAT32, LORE_PLAIN, tokens, size, v, stride, values);
  for (int i = 0; i < tokens; i += ROWS) {
    int rows = smaller_of(tokens - i, ROWS);
    pattern_rows(tokens, size, i, rows, stride, q, keys, probability, packed_a);
    apply_rows(tokens, size, i, rows, probability, values, out_stride, out, packed_a);
  }
}

void lore_attention_patterns(int tokens, int size, int stride, const real *q, const real *k,
                             real *probability, real *scratch) {
  real *keys = scratch, *packed_a = keys + (size_t)size * (size_t)lore_attention_stride(tokens);
  lore_pack_b(LORE_FLOAT32, LORE_TRANSPOSED, size, tokens, k, stride, keys);
  for (int i = 0; i < tokens; i += ROWS)
    pattern_rows(tokens, size, i, smaller_of(tokens - i, ROWS), stride, q, keys, probability,
                 packed_a);
}

void lore_attention_apply(int tokens, int size, int stride, const real *v, const real *probability,
                          int out_stride, real *out, real *scratch) {
  real *values = scratch, *packed_a = values + lore_packed_elements(LORE_FLOAT32, tokens, size);
  lore_pack_b(LORE_FLOAT32, LORE_PLAIN, tokens, size, v, stride, values);
  for (int i = 0; i < tokens; i += ROWS)
    apply_rows(tokens, size, i, smaller_of(tokens - i, ROWS), probability, values, out_stride, out,
               packed_a);
}

/* d score = p (dp - sum(p dp)) * scale on row[0 .. count-1], which holds dp; zeros up to `limit`.
 */
static void softmax_backward_row(int count, int limit, real scale, const real *p, real *row) {
  real dot = 0;
  for (int j = 0; j < count; j++)
    dot += p[j] * row[j];
  for (int j = 0; j < count; j++)
    row[j] = p[j] * (row[j] - dot) * scale;
  for (int j = count; j < limit; j++)
    row[j] = 0;
}

/* C (m x size) = A^T B where A is a lower triangle: rows of C from i on see rows of B from i on. */
static void lower_transposed(int tokens, int size, const real *a, int lda, const real *packed,
                             real *c, int ldc, real *scratch) {
  for (int i = 0; i < tokens; i += ROWS)
    multiply_packed(LORE_TRANSPOSED, smaller_of(tokens - i, ROWS), size, tokens - i,
                    a + (size_t)i * lda + i, lda, packed + (size_t)i * LORE_NR, tokens,
                    c + (size_t)i * ldc, ldc, scratch);
}

void lore_attention_backward(int tokens, int size, int stride, const real *q, const real *k,
                             const real *v, const real *probability, int out_stride,
                             const real *dout, int dstride, real *dq, real *dk, real *dv,
                             real *scratch) {
  int pstride = lore_attention_stride(tokens);
  size_t packed = lore_packed_elements(LORE_FLOAT32, tokens, size),
         across = (size_t)size * (size_t)pstride;
  real *first = scratch, *second = first + packed;
  real *dscore = second + (packed > across ? packed : across);
  real *packed_a = dscore + (size_t)pstride * (size_t)pstride;
  real scale = 1 / (real)sqrt(size);
  lore_pack_b(LORE_FLOAT32, LORE_PLAIN, tokens, size, k, stride, first);
  lore_pack_b(LORE_FLOAT32, LORE_TRANSPOSED, size, tokens, v, stride, second);
  for (int i = 0; i < tokens; i += ROWS) {
    int rows = smaller_of(tokens - i, ROWS), limit = i + rows;
    real *ds = dscore + (size_t)i * pstride;
    multiply_packed(LORE_PLAIN, rows, limit, size, dout + (size_t)i * out_stride, out_stride,
                    second, size, ds, pstride, packed_a);
    for (int r = 0; r < rows; r++)
      softmax_backward_row(i + r + 1, limit, scale, probability + (size_t)(i + r) * pstride,
                           ds + (size_t)r * pstride);
    multiply_packed(LORE_PLAIN, rows, size, limit, ds, pstride, first, tokens,
                    dq + (size_t)i * dstride, dstride, packed_a);
  }
  lore_pack_b(LORE_FLOAT32, LORE_PLAIN, tokens, size, q, stride, first);
  lower_transposed(tokens, size, dscore, pstride, first, dk, dstride, packed_a);
  lore_pack_b(LORE_FLOAT32, LORE_PLAIN, tokens, size, dout, out_stride, first);
  lower_transposed(tokens, size, probability, pstride, first, dv, dstride, packed_a);
}

void lore_attention_apply_backward(int tokens, int size, const real *probability, int out_stride,
                                   const real *dout, int dstride, real *dv, real *scratch) {
  real *packed = scratch, *packed_a = packed + lore_packed_elements(LORE_FLOAT32, tokens, size);
  lore_pack_b(LORE_FLOAT32, LORE_PLAIN, tokens, size, dout, out_stride, packed);
  lower_transposed(tokens, size, probability, lore_attention_stride(tokens), packed, dv, dstride,
                   packed_a);
}
