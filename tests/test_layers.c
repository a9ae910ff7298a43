/* Norms, linear maps, activations, embeddings and rotary positions against their naive twins.
 */
#include "support/numbers.h"

#include <stdbool.h>
#include <stdio.h>

#include "support/levels.h"
#include "support/naive.h"

static const int widths[] = {1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 31, 33, 64, 100};
static const int lengths[] = {1, 2, 13, 300};

enum {
  WIDTHS = sizeof widths / sizeof *widths,
  LENGTHS = sizeof lengths / sizeof *lengths,
  SHAPES = WIDTHS * LENGTHS
};

typedef struct {
  lore_norm norm;
  int tokens, width;
  double epsilon;
  real *x, *gain, *bias;
  double *wide_x, *wide_gain, *wide_bias;
} norm_case;

static norm_case make_norm(lore_random *stream, int shape, lore_norm norm, bool bias) {
  norm_case c = {.norm = norm,
                 .tokens = lengths[shape % LENGTHS],
                 .width = widths[shape / LENGTHS],
                 .epsilon = 1e-5};
  size_t d = (size_t)c.width, size = (size_t)c.tokens * d;
  c.x = numbers_normal(stream, size, 2);
  for (size_t i = 0; i < size; i++)
    c.x[i] += (real)1.5;
  c.gain = numbers_normal(stream, d, 1);
  c.bias = bias ? numbers_normal(stream, d, 1) : NULL;
  c.wide_x = numbers_wide(c.x, size);
  c.wide_gain = numbers_wide(c.gain, d);
  c.wide_bias = bias ? numbers_wide(c.bias, d) : NULL;
  return c;
}

static void check_norm(lore_random *stream, int shape, lore_norm norm, bool bias) {
  norm_case c = make_norm(stream, shape, norm, bias);
  size_t d = (size_t)c.width, t = (size_t)c.tokens, size = t * d;
  real *y = numbers_blank(size), *scale = numbers_blank(t);
  real *mean = norm == LORE_NORM_LAYER ? numbers_blank(t) : NULL;
  double *want = numbers_zero(size);
  lore_kernels()->norm_forward(norm, c.tokens, c.width, c.epsilon, c.x, c.gain, c.bias, y, mean,
                               scale);
  naive_norm(norm, c.tokens, c.width, c.epsilon, c.wide_x, c.wide_gain, c.wide_bias, want);
  /* A row of one element minus its mean is all rounding under layer norm. */
  assert_close("y", size, y, want, 40);
  for (size_t i = 0; i < t; i++) {
    const double *row = c.wide_x + i * d;
    double centre = naive_centre(norm, c.width, row);
    double inverse = 1 / naive_deviation(c.width, c.epsilon, centre, row);
    assert_close("scale", 1, scale + i, &inverse, 40);
    if (mean)
      assert_true(fabs((double)mean[i] - centre) <= 8 * real_epsilon * (1 + fabs(centre)));
  }
  real *dy = numbers_normal(stream, size, 1), *dx = numbers_normal(stream, size, 1);
  real *dgain = numbers_blank(d), *dbias = bias ? numbers_blank(d) : NULL;
  double *want_dx = numbers_wide(dx, size), *want_dgain = numbers_zero(d);
  double *want_dbias = numbers_zero(d);
  naive_norm_backward(norm, c.tokens, c.width, c.epsilon, c.wide_x, c.wide_gain,
                      numbers_wide(dy, size), want_dx, want_dgain, want_dbias);
  lore_kernels()->norm_backward(norm, c.tokens, c.width, c.x, c.gain, mean, scale, dy, dx, dgain,
                                dbias);
  assert_close("dx", size, dx, want_dx, 100);
  assert_close("dgain", d, dgain, want_dgain, 100);
  if (bias)
    assert_close("dbias", d, dbias, want_dbias, 100);
}

static void norms(void **state) {
  (void)state;
  lore_random stream = numbers_stream(11);
  for (int shape = 0; shape < SHAPES; shape++) {
    check_norm(&stream, shape, LORE_NORM_RMS, shape % 2);
    if (widths[shape / LENGTHS] > 2) {
      check_norm(&stream, shape, LORE_NORM_LAYER, false);
      check_norm(&stream, shape, LORE_NORM_LAYER, true);
    }
    numbers_release(0);
  }
}

/* Rows of zeros, of one value, and far from zero: nothing blows up. */
static void norms_of_odd_rows(void **state) {
  (void)state;
  enum { D = 13 };
  static const double starts[] = {0, 1, -3, 1000};
  real x[D], gain[D], y[D], mean, scale;
  for (int i = 0; i < D; i++)
    gain[i] = 1;
  for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
    for (int i = 0; i < D; i++)
      x[i] = (real)starts[s];
    lore_kernels()->norm_forward(LORE_NORM_RMS, 1, D, 1e-5, x, gain, NULL, y, NULL, &scale);
    for (int i = 0; i < D; i++)
      assert_true(fabs((double)y[i] - starts[s] / sqrt(starts[s] * starts[s] + 1e-5)) < 1e-6);
    lore_kernels()->norm_forward(LORE_NORM_LAYER, 1, D, 1e-5, x, gain, NULL, y, &mean, &scale);
    for (int i = 0; i < D; i++)
      assert_true(fabs((double)y[i]) < 0.1);
  }
}

typedef struct {
  lore_precision precision;
  int tokens, in, out;
  real *x, *weight, *bias, *residual;
} linear_case;

static linear_case make_linear(lore_random *stream, lore_precision precision, int shape, bool bias,
                               bool residual) {
  linear_case c = {.precision = precision,
                   .tokens = lengths[shape % LENGTHS],
                   .in = widths[shape / LENGTHS],
                   .out = numbers_between(stream, 1, 70)};
  size_t t = (size_t)c.tokens, in = (size_t)c.in, out = (size_t)c.out;
  c.x = numbers_normal(stream, t * in, 1);
  c.weight = numbers_normal(stream, in * out, 1);
  c.bias = bias ? numbers_normal(stream, out, 1) : NULL;
  c.residual = residual ? numbers_normal(stream, t * out, 1) : NULL;
  return c;
}

static void check_linear_forward(const linear_case *c) {
  size_t t = (size_t)c->tokens, in = (size_t)c->in, out = (size_t)c->out;
  double *want = numbers_zero(t * out), *bias = c->bias ? numbers_wide(c->bias, out) : NULL;
  real *y = numbers_blank(t * out);
  naive_linear(
      c->tokens, c->in, c->out, naive_operands(c->precision, t * in, numbers_wide(c->x, t * in)),
      naive_operands(c->precision, in * out, numbers_wide(c->weight, in * out)), bias, want);
  for (size_t i = 0; c->residual && i < t * out; i++)
    want[i] += (double)c->residual[i];
  lore_kernels()->linear_forward(c->precision, c->tokens, c->in, c->out, c->x, c->weight, c->bias,
                                 c->residual, y);
  assert_close("y", t * out, y, want, 20);
  if (c->residual) {
    lore_kernels()->linear_forward(c->precision, c->tokens, c->in, c->out, c->x, c->weight, c->bias,
                                   c->residual, c->residual);
    assert_close("y over the residual", t * out, c->residual, want, 20);
  }
}

static void check_linear_backward(lore_random *stream, const linear_case *c) {
  size_t t = (size_t)c->tokens, in = (size_t)c->in, out = (size_t)c->out;
  real *dy = numbers_normal(stream, t * out, 1), *dx = numbers_blank(t * in);
  real *dweight = numbers_blank(in * out), *dbias = numbers_blank(out);
  double *want_dx = numbers_zero(t * in), *want_dweight = numbers_zero(in * out);
  double *want_dbias = numbers_zero(out);
  const double *slope = numbers_wide(dy, t * out);
  naive_linear_backward(
      c->tokens, c->in, c->out, naive_operands(c->precision, t * in, numbers_wide(c->x, t * in)),
      naive_operands(c->precision, in * out, numbers_wide(c->weight, in * out)),
      naive_operands(c->precision, t * out, slope), want_dx, want_dweight, want_dbias);
  memset(want_dbias, 0, sizeof *want_dbias * out); /* of unrounded slopes */
  for (size_t i = 0; i < t * out; i++)
    want_dbias[i % out] += slope[i];
  lore_kernels()->linear_backward(c->precision, c->tokens, c->in, c->out, c->x, c->weight, dy, dx,
                                  dweight, c->bias ? dbias : NULL);
  assert_close("dx", t * in, dx, want_dx, 40);
  assert_close("dweight", in * out, dweight, want_dweight, 40);
  if (c->bias)
    assert_close("dbias", out, dbias, want_dbias, 40);
  real *again = numbers_blank(in * out);
  lore_kernels()->linear_backward(c->precision, c->tokens, c->in, c->out, c->x, c->weight, dy, NULL,
                                  again, NULL);
  assert_same_bits("dweight without dx", dweight, again, in * out * sizeof(real));
}

static void linear_maps(void **state) {
  (void)state;
  lore_random stream = numbers_stream(12);
  for (int shape = 0; shape < SHAPES; shape++)
    for (int option = 0; option < 8; option++) {
      linear_case c = make_linear(&stream, option & 4 ? LORE_BF16 : LORE_FLOAT32, shape, option & 1,
                                  option & 2);
      check_linear_forward(&c);
      check_linear_backward(&stream, &c);
      numbers_release(0);
    }
}

static real *activation_inputs(lore_random *stream, size_t count) {
  static const double special[] = {0, -0.0, 1e-30, -1e-30, 12, -12, 60, -60, 1e6, -1e6};
  real *u = numbers_normal(stream, count, 2);
  for (size_t i = 0; i < count; i += 3)
    u[i] = (real)special[i / 3 % (sizeof special / sizeof *special)];
  return u;
}

static void check_activation(lore_random *stream, lore_activation activation, size_t count) {
  real *u = activation_inputs(stream, count), *da = numbers_normal(stream, count, 1);
  real *a = numbers_blank(count), *du = numbers_blank(count), *in_place = numbers_copy(da, count);
  lore_kernels()->activation_forward(activation, count, u, a);
  lore_kernels()->activation_backward(activation, count, u, da, du);
  lore_kernels()->activation_backward(activation, count, u, in_place, in_place);
  assert_same_bits("du in the place of da", du, in_place, count * sizeof(real));
  for (size_t i = 0; i < count; i++) {
    double x = (double)u[i], want = naive_activation(activation, x);
    double slope = (double)da[i] * naive_activation_slope(activation, x);
    if (!(fabs((double)a[i] - want) <= 4 * real_epsilon * (fabs(want) + 0.2)))
      fail_msg("activation(%.9g) = %.9g, not %.9g", x, (double)a[i], want);
    if (!(fabs((double)du[i] - slope) <= 40 * real_epsilon * fabs((double)da[i])))
      fail_msg("slope at %.9g: %.9g, not %.9g", x, (double)du[i], slope);
  }
}

static void activations(void **state) {
  (void)state;
  lore_random stream = numbers_stream(13);
  for (size_t count = 0; count < 300; count += count < 70 ? 1 : 57)
    for (int i = 0; i < 2; i++) {
      check_activation(&stream, i ? LORE_ACTIVATION_GELU : LORE_ACTIVATION_RELU, count);
      numbers_release(0);
    }
}

static void check_embedding(lore_random *stream, int width, bool positions) {
  enum { SEQUENCES = 4, VOCABULARY = 11, LONGEST = 9 };
  static const int32_t offset[] = {0, 1, 10, 12, 19};
  int tokens = offset[SEQUENCES];
  size_t d = (size_t)width, size = (size_t)tokens * d;
  uint16_t *token = numbers_take((size_t)tokens * sizeof *token);
  for (int t = 0; t < tokens; t++)
    token[t] = (uint16_t)lore_random_below(stream, VOCABULARY - 1); /* the last never occurs */
  real *embedding = numbers_normal(stream, VOCABULARY * d, 1);
  real *position = numbers_normal(stream, LONGEST * d, 1), *x = numbers_blank(size);
  real *dx = numbers_normal(stream, size, 1), *dembedding = numbers_copy(embedding, VOCABULARY * d);
  real *dposition = numbers_copy(position, LONGEST * d);
  double *want = numbers_zero(size), *want_embedding = numbers_wide(dembedding, VOCABULARY * d);
  double *want_position = numbers_wide(dposition, LONGEST * d);
  for (int s = 0; s < SEQUENCES; s++)
    for (int t = offset[s]; t < offset[s + 1]; t++)
      for (int i = 0; i < width; i++) {
        int from = token[t] * width + i, place = (t - offset[s]) * width + i, at = t * width + i;
        want[at] = (double)embedding[from] + (positions ? (double)position[place] : 0);
        want_embedding[from] += (double)dx[at];
        want_position[place] += positions ? (double)dx[at] : 0;
      }
  lore_kernels()->embedding_forward(SEQUENCES, offset, token, width, embedding,
                                    positions ? position : NULL, x);
  lore_kernels()->embedding_backward(SEQUENCES, offset, token, width, 0, width, dx, dembedding,
                                     positions ? dposition : NULL);
  assert_close("x", size, x, want, 1);
  assert_close("dembedding", VOCABULARY * d, dembedding, want_embedding, 8);
  assert_close("dposition", LONGEST * d, dposition, want_position, 8);
}

static void embeddings(void **state) {
  (void)state;
  lore_random stream = numbers_stream(14);
  for (int i = 0; i < WIDTHS; i++)
    for (int positions = 0; positions < 2; positions++)
      check_embedding(&stream, widths[i], positions);
}

static void check_rotary(lore_random *stream, int tokens, int heads, int size, double base) {
  int gap = numbers_between(stream, 0, 5), stride = heads * size + gap, context = tokens + 3;
  size_t table = (size_t)context * (size_t)size / 2;
  real *cosine = numbers_blank(table), *sine = numbers_blank(table);
  real *x = numbers_matrix(stream, tokens, heads * size, stride, 1);
  size_t elements = (size_t)(tokens - 1) * (size_t)stride + (size_t)(heads * size);
  double *start = numbers_dense(x, tokens, heads * size, stride);
  double *want = numbers_dense(x, tokens, heads * size, stride);
  lore_kernels()->rotary_table(context, size, base, cosine, sine);
  for (int inverse = 0; inverse < 2; inverse++) {
    real *turned = numbers_copy(x, elements);
    for (int i = 0; i < tokens * heads; i++) {
      memcpy(want + i * size, start + i * size, sizeof *want * (size_t)size);
      naive_rotate(i / heads, size, base, inverse, want + i * size);
    }
    lore_kernels()->rotary_apply(tokens, heads, size, stride, cosine, sine, inverse, turned);
    /* The angle itself is a rounded double. */
    assert_matrix_close("rotated", tokens, heads * size, turned, stride, want,
                        4 + tokens * DBL_EPSILON / real_epsilon);
    for (int t = 0; t + 1 < tokens; t++)
      assert_same_bits("between the rows", x + t * stride + heads * size,
                       turned + t * stride + heads * size, sizeof(real) * (size_t)gap);
    lore_kernels()->rotary_apply(tokens, heads, size, stride, cosine, sine, !inverse, turned);
    assert_matrix_close("there and back", tokens, heads * size, turned, stride, start, 8);
  }
}

static void rotary(void **state) {
  (void)state;
  static const int sizes[] = {2, 4, 6, 10, 16, 34, 64};
  lore_random stream = numbers_stream(15);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (int j = 0; j < LENGTHS; j++) {
      check_rotary(&stream, lengths[j], 1 + (int)i % 3 * 2, sizes[i], j % 2 ? 10000 : 500);
      numbers_release(0);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(norms),       numbers_test(norms_of_odd_rows), numbers_test(linear_maps),
      numbers_test(activations), numbers_test(embeddings),        numbers_test(rotary),
  };
  return levels_run_group_tests(tests);
}
