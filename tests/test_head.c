/* The output head: logits, cross-entropy, its gradient and the scores, against naive twins. */
#include "support/numbers.h"

#include <stdbool.h>

#include "lore/model/gemm.h"
#include "support/levels.h"
#include "support/naive.h"

typedef struct {
  lore_precision precision;
  int tokens, width, vocabulary;
  real *x, *weight, *bias;
  double *operand_x, *operand_weight; /* as products see them */
  uint16_t *target;
  double *logits, *p; /* T x V */
} head_case;

static head_case make_head(lore_random *stream, lore_precision precision, int tokens, int width,
                           int vocabulary, bool bias, double deviation) {
  head_case c = {
      .precision = precision, .tokens = tokens, .width = width, .vocabulary = vocabulary};
  size_t t = (size_t)tokens, d = (size_t)width, v = (size_t)vocabulary;
  c.x = numbers_normal(stream, t * d, deviation);
  c.weight = numbers_normal(stream, v * d, 1 / sqrt(width));
  c.bias = bias ? numbers_normal(stream, v, 1) : NULL;
  c.target = numbers_take(t * sizeof *c.target);
  for (size_t i = 0; i < t; i++)
    c.target[i] = (uint16_t)lore_random_below(stream, (uint32_t)vocabulary);
  c.operand_x = naive_operands(precision, t * d, numbers_wide(c.x, t * d));
  c.operand_weight = naive_operands(precision, v * d, numbers_wide(c.weight, v * d));
  double *across = numbers_zero(d * v);
  for (size_t i = 0; i < v * d; i++)
    across[i % d * v + i / d] = c.operand_weight[i];
  c.logits = numbers_zero(t * v);
  c.p = numbers_zero(t * v);
  naive_linear(tokens, width, vocabulary, c.operand_x, across,
               bias ? numbers_wide(c.bias, v) : NULL, c.logits);
  for (int i = 0; i < tokens; i++)
    naive_softmax(vocabulary, c.logits + i * vocabulary, c.p + i * vocabulary);
  return c;
}

/* Straight from the logits, as probabilities underflow. */
static double naive_loss(const head_case *c, int t) {
  const double *row = c->logits + t * c->vocabulary;
  double *p = numbers_zero((size_t)c->vocabulary);
  return naive_softmax(c->vocabulary, row, p) - row[c->target[t]];
}

static void check_train(const head_case *c, double scale, double ulps) {
  /* A gradient of a logit that lies next to a tie is rounded to its other side: 1/256 away. */
  double gradient_ulps = c->precision == LORE_BF16 && sizeof(real) == sizeof(float) ? 6000 : ulps;
  size_t t = (size_t)c->tokens, d = (size_t)c->width, v = (size_t)c->vocabulary;
  real *dx = numbers_blank(t * d), *dweight = numbers_blank(v * d);
  real *dbias = c->bias ? numbers_blank(v) : NULL;
  real *scratch =
      numbers_blank(lore_kernels()->head_scratch(c->precision, c->width, c->vocabulary));
  double *want_dx = numbers_zero(t * d), *want_dweight = numbers_zero(v * d);
  double *want_dbias = numbers_zero(v), want = 0;
  for (size_t i = 0; i < t; i++) {
    want += naive_loss(c, (int)i);
    for (size_t j = 0; j < v; j++) {
      double dlogit = scale * (c->p[i * v + j] - (c->target[i] == j));
      want_dbias[j] += dlogit;
      if (c->precision == LORE_BF16)
        dlogit = naive_bf16(dlogit);
      for (size_t k = 0; k < d; k++) {
        want_dx[i * d + k] += dlogit * c->operand_weight[j * d + k];
        want_dweight[j * d + k] += dlogit * c->operand_x[i * d + k];
      }
    }
  }
  double loss =
      lore_kernels()->head_train(c->precision, c->tokens, c->width, c->vocabulary, c->x, c->weight,
                                 c->bias, c->target, scale, dx, dweight, dbias, scratch);
  if (!(fabs(loss - want) <= ulps * real_epsilon * (double)t))
    fail_msg("T %d V %d: loss %.9g, not %.9g", c->tokens, c->vocabulary, loss, want);
  assert_close("dx", t * d, dx, want_dx, gradient_ulps);
  assert_close("dweight", v * d, dweight, want_dweight, gradient_ulps);
  if (c->bias)
    assert_close("dbias", v, dbias, want_dbias, ulps);
}

static void assert_near(const char *what, int t, double got, double want, double limit) {
  if (!(fabs(got - want) <= limit))
    fail_msg("%s of row %d: %.9g, not %.9g", what, t, got, want);
}

static void check_score(const head_case *c, double ulps) {
  size_t count = (size_t)c->tokens;
  double *loss = numbers_zero(count), *top = numbers_zero(count), *entropy = numbers_zero(count);
  unsigned char *correct = numbers_take(count);
  memset(correct, 77, count);
  lore_kernels()->head_score(
      c->precision, c->tokens, c->width, c->vocabulary, c->x, c->weight, c->bias, c->target, loss,
      correct, top, entropy,
      numbers_blank(lore_kernels()->head_scratch(c->precision, c->width, c->vocabulary)));
  double limit = ulps * real_epsilon;
  for (int t = 0; t < c->tokens; t++) {
    const double *p = c->p + t * c->vocabulary;
    int best = naive_arg_max(c->vocabulary, p);
    assert_near("loss", t, loss[t], naive_loss(c, t), limit);
    assert_near("top", t, top[t], p[best], limit);
    assert_near("entropy", t, entropy[t], naive_entropy(c->vocabulary, p), limit);
    if (best == c->target[t] || p[best] - p[c->target[t]] > limit)
      assert_int_equal(correct[t], best == c->target[t]);
  }
}

/* The outputs that are asked for do not depend on those that are not. */
static void check_left_out(const head_case *c) {
  size_t count = (size_t)c->tokens, bytes = count * sizeof(double);
  double *all[3], *one[3];
  unsigned char *correct = numbers_take(count), *alone = numbers_take(count);
  real *scratch =
      numbers_blank(lore_kernels()->head_scratch(c->precision, c->width, c->vocabulary));
  for (int i = 0; i < 3; i++) {
    all[i] = numbers_zero(count);
    one[i] = numbers_zero(count);
  }
  lore_kernels()->head_score(c->precision, c->tokens, c->width, c->vocabulary, c->x, c->weight,
                             c->bias, c->target, all[0], correct, all[1], all[2], scratch);
  for (int i = 0; i < 4; i++)
    lore_kernels()->head_score(c->precision, c->tokens, c->width, c->vocabulary, c->x, c->weight,
                               c->bias, c->target, i == 0 ? one[0] : NULL, i == 3 ? alone : NULL,
                               i == 1 ? one[1] : NULL, i == 2 ? one[2] : NULL, scratch);
  for (int i = 0; i < 3; i++)
    assert_same_bits("a score alone", all[i], one[i], bytes);
  assert_same_bits("correct alone", correct, alone, count);
}

static void shapes(void **state) {
  (void)state;
  static const int tokens[] = {1, 2, 31, 255, 256, 257, 600}, widths[] = {1, 5, 12, 33, 260};
  static const int vocabularies[] = {2, 3, 4, 8, 15, 16, 17, 37, 64, 65, 301};
  lore_random stream = numbers_stream(31);
  for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
    for (size_t j = 0; j < sizeof vocabularies / sizeof *vocabularies; j++) {
      head_case c = make_head(&stream, LORE_FLOAT32, tokens[i], widths[(i + j) % 5],
                              vocabularies[j], (i + j) % 2, 1);
      check_train(&c, 1.0 / 17, 60);
      check_score(&c, 60);
      check_left_out(&c);
      numbers_release(0);
    }
}

static void bf16(void **state) {
  (void)state;
  static const int tokens[] = {1, 7, 256, 300}, widths[] = {5, 32, 33, 260, 600};
  static const int vocabularies[] = {3, 16, 37, 301};
  lore_random stream = numbers_stream(35);
  for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
    for (size_t j = 0; j < sizeof widths / sizeof *widths; j++) {
      head_case c = make_head(&stream, LORE_BF16, tokens[i], widths[j], vocabularies[(i + j) % 4],
                              (i + j) % 2, 1);
      check_train(&c, 1.0 / 17, 60);
      check_score(&c, 60);
      check_left_out(&c);
      numbers_release(0);
    }
}

/* The built-in product packs the weights once for all chunks, others do not. */
static void other_backends(void **state) {
  (void)state;
  for (int b = LORE_GEMM_BUILTIN + 1; b <= LORE_GEMM_ONEDNN; b++) {
    if (lore_gemm_select((lore_gemm_backend)b) != LORE_OK)
      continue;
    lore_random stream = numbers_stream(34);
    head_case c = make_head(&stream, LORE_FLOAT32, 300, 33, 301, true, 1);
    check_train(&c, 1.0 / 17, 60);
    check_score(&c, 60);
    numbers_release(0);
  }
  lore_gemm_select(LORE_GEMM_BUILTIN);
}

/* Logits of +-100: no overflow, and losses beyond -ln of the smallest real. */
static void large_logits(void **state) {
  (void)state;
  lore_random stream = numbers_stream(32);
  for (int i = 0; i < 4; i++) {
    head_case c = make_head(&stream, LORE_FLOAT32, 40, 12, 51, i % 2, 60);
    check_train(&c, 1, 3000);
    check_score(&c, 3000);
    numbers_release(0);
  }
}

/* Equal logits: loss and entropy are ln V, the top probability is 1 / V, and no token is right. */
static void equal_logits(void **state) {
  (void)state;
  enum { T = 5, V = 43 };
  lore_random stream = numbers_stream(33);
  head_case c = make_head(&stream, LORE_FLOAT32, T, 6, V, false, 0);
  double loss[T], top[T], entropy[T];
  unsigned char correct[T];
  lore_kernels()->head_score(LORE_FLOAT32, T, 6, V, c.x, c.weight, NULL, c.target, loss, correct,
                             top, entropy,
                             numbers_blank(lore_kernels()->head_scratch(LORE_FLOAT32, 6, V)));
  for (int t = 0; t < T; t++) {
    assert_near("loss", t, loss[t], log(V), 4 * real_epsilon);
    assert_near("top", t, top[t], 1.0 / V, 4 * real_epsilon);
    assert_near("entropy", t, entropy[t], log(V), 4 * real_epsilon);
    assert_false(correct[t]); /* not one is the most likely */
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(shapes),       numbers_test(bf16),         numbers_test(other_backends),
      numbers_test(large_logits), numbers_test(equal_logits),
  };
  return levels_run_group_tests(tests);
}
