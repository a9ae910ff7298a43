/* Convolution, block-diagonal maps and RG-LRU against naive twins: the state as a sum of products,
 * gradients by finite differences of it. */
#include "support/numbers.h"

#include <stdbool.h>

#include "support/levels.h"
#include "support/naive.h"

static const int widths[] = {1, 2, 3, 7, 8, 15, 16, 17, 33, 64};
static const int lengths[] = {1, 2, 3, 4, 5, 60};

enum {
  WIDTHS = sizeof widths / sizeof *widths,
  LENGTHS = sizeof lengths / sizeof *lengths,
  SHAPES = WIDTHS * LENGTHS
};

static void check_convolution(lore_random *stream, int tokens, int channels, bool biased) {
  int stride = channels + 5, k = LORE_CONVOLUTION_WIDTH;
  size_t size = (size_t)tokens * (size_t)channels;
  real *x = numbers_matrix(stream, tokens, channels, stride, 1), *y = numbers_blank(size);
  real *weight = numbers_normal(stream, (size_t)(k * channels), 1);
  real *bias = biased ? numbers_normal(stream, (size_t)channels, 1) : NULL;
  real *dy = numbers_normal(stream, size, 1), *dx = numbers_blank(size);
  real *dweight = numbers_normal(stream, (size_t)(k * channels), 1); /* added to */
  real *dbias = biased ? numbers_normal(stream, (size_t)channels, 1) : NULL;
  double *wide = numbers_dense(x, tokens, channels, stride), *want = numbers_zero(size);
  double *weights = numbers_wide(weight, (size_t)(k * channels)), *slope = numbers_wide(dy, size);
  double *want_dweight = numbers_wide(dweight, (size_t)(k * channels));
  double *want_dbias = biased ? numbers_wide(dbias, (size_t)channels) : NULL;
  naive_convolution(tokens, channels, wide, weights,
                    biased ? numbers_wide(bias, (size_t)channels) : NULL, want);
  lore_kernels()->convolution_forward(tokens, channels, stride, x, weight, bias, y);
  assert_close("convolution", size, y, want, 20);
  memset(want, 0, size * sizeof *want);
  naive_convolution_backward(tokens, channels, wide, weights, slope, want, want_dweight,
                             want_dbias);
  lore_kernels()->convolution_backward(tokens, channels, stride, x, weight, dy, channels, dx,
                                       dweight, dbias);
  assert_close("dx of the convolution", size, dx, want, 20);
  assert_close("dweight of the convolution", (size_t)(k * channels), dweight, want_dweight, 100);
  if (biased)
    assert_close("dbias of the convolution", (size_t)channels, dbias, want_dbias, 100);
}

static void convolution(void **state) {
  (void)state;
  for (int shape = 0; shape < SHAPES; shape++) {
    lore_random stream = numbers_stream(1200 + (uint64_t)shape);
    check_convolution(&stream, lengths[shape % LENGTHS], widths[shape / LENGTHS], shape % 2);
    numbers_release(0);
  }
}

static void check_blocks(lore_random *stream, lore_precision precision, int tokens, int blocks,
                         int size) {
  int channels = blocks * size;
  size_t all = (size_t)tokens * (size_t)channels, weights = (size_t)(channels * size);
  real *x = numbers_normal(stream, all, 1), *weight = numbers_normal(stream, weights, 1);
  real *bias = numbers_normal(stream, (size_t)channels, 1), *y = numbers_blank(all);
  real *dy = numbers_normal(stream, all, 1), *dx = numbers_normal(stream, all, 1); /* added to */
  real *dweight = numbers_blank(weights), *dbias = numbers_blank((size_t)channels);
  double *wide = naive_operands(precision, all, numbers_wide(x, all)), *want = numbers_zero(all);
  double *slope = numbers_wide(dy, all);
  double *operand = naive_operands(precision, all, slope);
  double *wide_weight = naive_operands(precision, weights, numbers_wide(weight, weights));
  double *want_dx = numbers_wide(dx, all);
  double *want_dweight = numbers_zero(weights), *want_dbias = numbers_zero((size_t)channels);
  naive_blocks(tokens, channels, blocks, wide, wide_weight, numbers_wide(bias, (size_t)channels),
               want);
  naive_blocks_backward(tokens, channels, blocks, wide, wide_weight, operand, want_dx,
                        want_dweight);
  for (size_t i = 0; i < all; i++)
    want_dbias[i % (size_t)channels] += slope[i];
  lore_kernels()->blocks_forward(precision, tokens, channels, blocks, x, weight, bias, y);
  lore_kernels()->blocks_backward(precision, tokens, channels, blocks, weight, dy, dx);
  for (int part = 0; part < 3; part++) /* which may begin inside a block */
    lore_kernels()->blocks_slopes(precision, tokens, channels, blocks, channels * part / 3,
                                  channels * (part + 1) / 3, x, dy, dweight);
  lore_kernels()->column_sums(tokens, channels, channels, dy, dbias);
  assert_close("blocks", all, y, want, 30);
  assert_close("dx of blocks", all, dx, want_dx, 30);
  assert_close("dweight of blocks", weights, dweight, want_dweight, 100);
  assert_close("dbias of blocks", (size_t)channels, dbias, want_dbias, 100);
}

static void blocks(void **state) {
  (void)state;
  static const int shapes[][3] = {{1, 1, 1},  {5, 7, 1},   {9, 1, 12},
                                  {60, 3, 5}, {33, 4, 48}, {41, 3, 35}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    lore_random stream = numbers_stream(1300 + i);
    check_blocks(&stream, i % 2 ? LORE_BF16 : LORE_FLOAT32, shapes[i][0], shapes[i][1],
                 shapes[i][2]);
    numbers_release(0);
  }
}

/* One sequence for the RG-LRU: what it is given, as reals and in double. */
typedef struct {
  int tokens, channels;
  real *lambda, *gate, *x, *r, *i, *dmixed;          /* gate: rows 2 * channels apart */
  double *wide[5] /* lambda, gate, x, r, i */, *out; /* out: scratch for h */
} sequence;

static size_t size_of(const sequence *s) {
  return (size_t)s->tokens * (size_t)s->channels;
}

/* `spread` of the logits; decays about logistic(`centre`). */
static sequence make_sequence(lore_random *stream, int tokens, int channels, double centre,
                              double spread) {
  sequence s = {.tokens = tokens, .channels = channels};
  size_t size = size_of(&s);
  s.lambda = numbers_normal(stream, (size_t)channels, 1);
  for (int c = 0; c < channels; c++)
    s.lambda[c] += (real)centre;
  s.gate = numbers_matrix(stream, tokens, channels, 2 * channels, 1);
  s.x = numbers_normal(stream, size, 1);
  s.r = numbers_normal(stream, size, spread);
  s.i = numbers_normal(stream, size, spread);
  s.dmixed = numbers_normal(stream, size, 1);
  s.wide[0] = numbers_wide(s.lambda, (size_t)channels);
  s.wide[1] = numbers_dense(s.gate, tokens, channels, 2 * channels);
  s.wide[2] = numbers_wide(s.x, size);
  s.wide[3] = numbers_wide(s.r, size);
  s.wide[4] = numbers_wide(s.i, size);
  s.out = numbers_zero(size);
  return s;
}

static void naive_state(const sequence *s) {
  naive_rg_lru(s->tokens, s->channels, s->wide[0], s->wide[3], s->wide[4], s->wide[2], s->out);
}

/* sum dmixed GELU(gate) h */
static double naive_loss(const sequence *s) {
  double sum = 0;
  naive_state(s);
  for (size_t i = 0; i < size_of(s); i++)
    sum += (double)s->dmixed[i] * naive_activation(LORE_ACTIVATION_GELU, s->wide[1][i]) * s->out[i];
  return sum;
}

/* d naive_loss of `count` numbers, by central differences and one extrapolation. */
static double *differences(const sequence *s, double *number, size_t count) {
  double *slope = numbers_zero(count);
  for (size_t i = 0; i < count; i++) {
    double start = number[i], difference[2];
    for (int k = 0; k < 2; k++) {
      double step = k ? 5e-4 : 1e-3;
      number[i] = start + step;
      double above = naive_loss(s);
      number[i] = start - step;
      difference[k] = (above - naive_loss(s)) / (2 * step);
    }
    number[i] = start;
    slope[i] = (4 * difference[1] - difference[0]) / 3;
  }
  return slope;
}

/* What lore makes of a sequence. */
typedef struct {
  real *rate, *r, *i, *h, *mixed;
  real *dgate, *dx, *dr, *di, *dlambda;
} result;

static result run(const sequence *s) {
  size_t size = size_of(s), channels = (size_t)s->channels;
  result o = {numbers_blank(channels),  numbers_copy(s->r, size),
              numbers_copy(s->i, size), numbers_blank(size),
              numbers_blank(size),      numbers_blank(2 * size),
              numbers_blank(size),      numbers_blank(size),
              numbers_blank(size),      numbers_take(channels * sizeof(real))};
  memset(o.dlambda, 0, channels * sizeof(real));
  lore_kernels()->recurrent_rate(s->channels, s->lambda, o.rate);
  const lore_recurrent forward = {.rate = o.rate,
                                  .gate = s->gate,
                                  .x = s->x,
                                  .recurrence = o.r,
                                  .input = o.i,
                                  .h = o.h,
                                  .mixed = o.mixed,
                                  .stride = 2 * s->channels};
  const lore_recurrent_slopes slopes = {.mixed = s->dmixed,
                                        .gate = o.dgate,
                                        .x = o.dx,
                                        .recurrence = o.dr,
                                        .input = o.di,
                                        .rate = o.dlambda,
                                        .carry = numbers_blank(channels),
                                        .stride = 2 * s->channels};
  lore_kernels()->recurrent_forward(s->tokens, s->channels, &forward);
  lore_kernels()->recurrent_backward(s->tokens, s->channels, 0, s->channels, &forward, &slopes);
  lore_kernels()->recurrent_rate_backward(s->channels, s->lambda, o.dlambda);
  return o;
}

static void state_is_a_sum_of_products(void **state) {
  (void)state;
  static const double centres[] = {-2, 0, 4, 9};
  for (int shape = 0; shape < SHAPES; shape++) {
    lore_random stream = numbers_stream(1400 + (uint64_t)shape);
    sequence s = make_sequence(&stream, lengths[shape % LENGTHS], widths[shape / LENGTHS],
                               centres[shape % 4], 2);
    size_t size = size_of(&s);
    result o = run(&s);
    naive_state(&s);
    assert_close("state", size, o.h, s.out, 60);
    for (size_t i = 0; i < size; i++)
      s.out[i] *= naive_activation(LORE_ACTIVATION_GELU, s.wide[1][i]);
    assert_close("gated state", size, o.mixed, s.out, 60);
    numbers_release(0);
  }
}

static void slopes_are_differences(void **state) {
  (void)state;
  static const int shapes[][2] = {{1, 1}, {2, 3}, {9, 17}, {14, 5}};
  const double limit = fmax(300, 1e-9 / real_epsilon);
  for (int i = 0; i < 12; i++) {
    lore_random stream = numbers_stream(1500 + (uint64_t)i);
    sequence s = make_sequence(&stream, shapes[i % 4][0], shapes[i % 4][1], i / 4 * 2.0, 1);
    size_t size = size_of(&s);
    result o = run(&s);
    assert_close("dlambda", (size_t)s.channels, o.dlambda,
                 differences(&s, s.wide[0], (size_t)s.channels), limit);
    assert_matrix_close("dgate", s.tokens, s.channels, o.dgate, 2 * s.channels,
                        differences(&s, s.wide[1], size), limit);
    assert_close("dx", size, o.dx, differences(&s, s.wide[2], size), limit);
    assert_close("dr", size, o.dr, differences(&s, s.wide[3], size), limit);
    assert_close("di", size, o.di, differences(&s, s.wide[4], size), limit);
    numbers_release(0);
  }
}

/* Gates and decays that have run into their ends: nothing divides by 0. */
static void saturated_gates_stay_finite(void **state) {
  (void)state;
  static const double centres[] = {-300, -80, 0, 30, 80, 300};
  for (size_t i = 0; i < sizeof centres / sizeof *centres; i++)
    for (double spread = 1; spread < 2000; spread *= 10) {
      lore_random stream = numbers_stream(1600);
      sequence s = make_sequence(&stream, 30, 33, centres[i], spread);
      result o = run(&s);
      for (size_t j = 0; j < size_of(&s); j++)
        assert_true(isfinite(o.h[j]) && isfinite(o.mixed[j]) && isfinite(o.dx[j]) &&
                    isfinite(o.dr[j]) && isfinite(o.di[j]));
      for (int c = 0; c < s.channels; c++)
        assert_true(isfinite(o.dlambda[c]));
      numbers_release(0);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(convolution),
      numbers_test(blocks),
      numbers_test(state_is_a_sum_of_products),
      numbers_test(slopes_are_differences),
      numbers_test(saturated_gates_stay_finite),
  };
  return levels_run_group_tests(tests);
}
