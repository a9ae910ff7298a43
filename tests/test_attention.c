/* Causal attention of one head against the naive softmax. */
#include "support/numbers.h"

#include <math.h>

#include "support/levels.h"
#include "support/naive.h"

/* One head: the first of several in rows of q, k, v side by side, NaN in between. */
typedef struct {
  int tokens, size, stride, out_stride, pstride;
  real *q, *k, *v, *p, *out, *scratch;
  double *wide_q, *wide_k, *wide_v, *wide_p, *wide_out;
} head_case;

static head_case make_head(lore_random *stream, int tokens, int size, double deviation) {
  head_case c = {.tokens = tokens, .size = size};
  c.stride = size + numbers_between(stream, 0, 2 * size);
  c.out_stride = size + numbers_between(stream, 0, 5);
  c.pstride = lore_kernels()->attention_stride(tokens);
  size_t squared = (size_t)tokens * (size_t)tokens, dense = (size_t)tokens * (size_t)size;
  c.q = numbers_matrix(stream, tokens, size, c.stride, deviation);
  c.k = numbers_matrix(stream, tokens, size, c.stride, 1);
  c.v = numbers_matrix(stream, tokens, size, c.stride, 1);
  c.p = numbers_blank((size_t)tokens * (size_t)c.pstride);
  c.out = numbers_blank((size_t)(tokens - 1) * (size_t)c.out_stride + (size_t)size);
  c.scratch = numbers_blank(lore_kernels()->attention_scratch(tokens, size));
  c.wide_q = numbers_dense(c.q, tokens, size, c.stride);
  c.wide_k = numbers_dense(c.k, tokens, size, c.stride);
  c.wide_v = numbers_dense(c.v, tokens, size, c.stride);
  c.wide_p = numbers_zero(squared);
  c.wide_out = numbers_zero(dense);
  naive_attention(tokens, size, c.wide_q, c.wide_k, c.wide_v, c.wide_p, c.wide_out);
  return c;
}

/* Gaps between the rows of a matrix of `columns` still hold NaN. */
static void check_gaps(const char *what, const real *x, int rows, int columns, int stride) {
  for (int i = 0; i + 1 < rows; i++)
    for (int j = columns; j < stride; j++)
      if (!isnan((double)x[i * stride + j]))
        fail_msg("%s: written between rows, (%d, %d)", what, i, j);
}

static void check_probabilities(const head_case *c, double ulps) {
  assert_true(c->pstride >= c->tokens);
  assert_matrix_close("probability", c->tokens, c->tokens, c->p, c->pstride, c->wide_p, ulps);
  for (int i = 0; i < c->tokens; i++) {
    const real *row = c->p + i * c->pstride;
    double sum = 0;
    for (int j = 0; j <= i; j++)
      sum += (double)row[j];
    assert_true(fabs(sum - 1) <= 32 * real_epsilon);
    for (int j = i + 1; j < c->pstride; j++)
      if (!(row[j] == 0))
        fail_msg("T %d size %d: probability (%d, %d) is %g", c->tokens, c->size, i, j,
                 (double)row[j]);
  }
}

static void forward(const head_case *c) {
  lore_kernels()->attention_forward(c->tokens, c->size, c->stride, c->q, c->k, c->v, c->p,
                                    c->out_stride, c->out, c->scratch);
}

/* `ulps` grows with the size of the scores: softmax turns their absolute into relative errors. */
static void check_forward(const head_case *c, double ulps) {
  forward(c);
  check_probabilities(c, ulps);
  assert_matrix_close("out", c->tokens, c->size, c->out, c->out_stride, c->wide_out, ulps);
  check_gaps("out", c->out, c->tokens, c->size, c->out_stride);
}

static void check_backward(lore_random *stream, const head_case *c, double ulps) {
  int dstride = c->size + numbers_between(stream, 0, 2 * c->size);
  size_t dense = (size_t)c->tokens * (size_t)c->size;
  size_t length = (size_t)(c->tokens - 1) * (size_t)dstride + (size_t)c->size;
  real *dout = numbers_matrix(stream, c->tokens, c->size, c->out_stride, 1);
  real *dq = numbers_blank(length), *dk = numbers_blank(length), *dv = numbers_blank(length);
  double *want_dq = numbers_zero(dense), *want_dk = numbers_zero(dense);
  double *want_dv = numbers_zero(dense);
  naive_attention_backward(c->tokens, c->size, c->wide_q, c->wide_k, c->wide_v, c->wide_p,
                           numbers_dense(dout, c->tokens, c->size, c->out_stride), want_dq, want_dk,
                           want_dv);
  real *scratch = numbers_blank(lore_kernels()->attention_scratch(c->tokens, c->size));
  lore_kernels()->attention_backward(c->tokens, c->size, c->stride, c->q, c->k, c->v, c->p,
                                     c->out_stride, dout, dstride, dq, dk, dv, scratch);
  /* Where the softmax saturates, dq and dk are next to 0 and only rounding is left. */
  double dq_limit = ulps * real_epsilon * fmax(1, numbers_largest(want_dq, dense));
  double dk_limit = ulps * real_epsilon * fmax(1, numbers_largest(want_dk, dense));
  assert_matrix_near("dq", c->tokens, c->size, dq, dstride, want_dq, dq_limit);
  assert_matrix_near("dk", c->tokens, c->size, dk, dstride, want_dk, dk_limit);
  assert_matrix_close("dv", c->tokens, c->size, dv, dstride, want_dv, ulps);
  check_gaps("dq", dq, c->tokens, c->size, dstride);
  check_gaps("dk", dk, c->tokens, c->size, dstride);
  check_gaps("dv", dv, c->tokens, c->size, dstride);
}

static void check_head(lore_random *stream, int tokens, int size) {
  head_case c = make_head(stream, tokens, size, 1);
  check_forward(&c, 20);
  check_backward(stream, &c, 40);
  numbers_release(0);
}

static void every_head_size(void **state) {
  (void)state;
  lore_random stream = numbers_stream(21);
  for (int size = 1; size <= 65; size++) {
    check_head(&stream, numbers_between(&stream, 2, 90), size);
    check_head(&stream, size, 66 - size);
  }
}

/* Blocks of 24 or 28 rows, panels of 4 to 32 columns, blocks of 256 in depth. */
static void every_length_near_an_edge(void **state) {
  (void)state;
  static const int lengths[] = {1,  2,  3,  4,  5,  7,  8,  9,  15, 16,  17,  23,  24,  25,  27, 28,
                                29, 31, 32, 33, 48, 49, 56, 57, 64, 255, 256, 257, 258, 280, 300};
  lore_random stream = numbers_stream(22);
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    check_head(&stream, lengths[i], lengths[i] < 255 ? 64 : numbers_between(&stream, 1, 20));
}

static void heads_beyond_a_block(void **state) {
  (void)state;
  lore_random stream = numbers_stream(23);
  check_head(&stream, 30, 256);
  check_head(&stream, 9, 257);
  check_head(&stream, 41, 530);
}

/* Scores of +-100 and more: softmax must subtract the largest. */
static void large_scores(void **state) {
  (void)state;
  lore_random stream = numbers_stream(24);
  for (int i = 0; i < 10; i++) {
    head_case c = make_head(&stream, numbers_between(&stream, 2, 80), 8 + i, 100);
    check_forward(&c, 3000);
    check_backward(&stream, &c, 3000);
    numbers_release(0);
  }
}

/* Equal scores: every row is uniform over the past. */
static void equal_scores(void **state) {
  (void)state;
  lore_random stream = numbers_stream(25);
  head_case c = make_head(&stream, 70, 16, 0);
  forward(&c);
  for (int i = 0; i < c.tokens; i++)
    for (int j = 0; j <= i; j++)
      assert_true(fabs((double)c.p[i * c.pstride + j] - 1.0 / (i + 1)) <= 2 * real_epsilon);
}

static void causal(void **state) {
  (void)state;
  enum { CHANGED = 37 };
  lore_random stream = numbers_stream(26);
  head_case c = make_head(&stream, 61, 20, 1);
  forward(&c);
  real *out = numbers_copy(c.out, (size_t)(c.tokens - 1) * (size_t)c.out_stride + (size_t)c.size);
  for (int i = 0; i < c.size; i++) {
    c.k[CHANGED * c.stride + i] += 1;
    c.v[CHANGED * c.stride + i] -= 1;
  }
  forward(&c);
  for (int i = 0; i < c.tokens; i++) {
    int same =
        !memcmp(out + i * c.out_stride, c.out + i * c.out_stride, sizeof(real) * (size_t)c.size);
    assert_int_equal(same, i < CHANGED);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(every_head_size),      numbers_test(every_length_near_an_edge),
      numbers_test(heads_beyond_a_block), numbers_test(large_scores),
      numbers_test(equal_scores),         numbers_test(causal),
  };
  return levels_run_group_tests(tests);
}
