/* Newton-Schulz against singular value decompositions; Muon, Lion and SGD against their
 * definitions. */
#include "support/numbers.h"

#include <stdbool.h>

#include "lore/base/arena.h"
#include "lore/model/decoder.h"
#include "lore/train/optimizer.h"
#include "support/small_world.h"
#include "train/muon.h"
#include "train/newton_schulz.h"

/* `count` orthonormal columns of `size` numbers, one after the other (modified Gram-Schmidt). */
static double *orthonormal(lore_random *stream, int size, int count) {
  double *q = numbers_zero((size_t)size * (size_t)count);
  for (int j = 0; j < count; j++) {
    double *own = q + j * size, norm = 0;
    for (int i = 0; i < size; i++)
      own[i] = lore_random_normal(stream);
    for (int twice = 0; twice < 2; twice++)
      for (int k = 0; k < j; k++) {
        double dot = 0;
        for (int i = 0; i < size; i++)
          dot += own[i] * q[k * size + i];
        for (int i = 0; i < size; i++)
          own[i] -= dot * q[k * size + i];
      }
    for (int i = 0; i < size; i++)
      norm += own[i] * own[i];
    for (int i = 0; i < size; i++)
      own[i] /= sqrt(norm);
  }
  return q;
}

/* What five steps make of a singular value. */
static double reach_of(double s) {
  for (int k = 0; k < 5; k++)
    s = 3.4445 * s - 4.7750 * s * s * s + 2.0315 * s * s * s * s * s;
  return s;
}

typedef struct {
  int rows, columns, stride, values;
  double *u, *v, *s;
} decomposition;

static decomposition plant(lore_random *stream, int rows, int columns, int stride) {
  decomposition d = {rows, columns, stride, rows < columns ? rows : columns, NULL, NULL, NULL};
  d.u = orthonormal(stream, rows, d.values);
  d.v = orthonormal(stream, columns, d.values);
  d.s = numbers_zero((size_t)d.values);
  for (int k = 0; k < d.values; k++)
    d.s[k] = exp(-4 * lore_random_uniform(stream)); /* condition of 50 */
  return d;
}

/* U diag(t) V^T at (i, j). */
static double element(const decomposition *d, const double *t, int i, int j) {
  double sum = 0;
  for (int k = 0; k < d->values; k++)
    sum += d->u[k * d->rows + i] * t[k] * d->v[k * d->columns + j];
  return sum;
}

static void check_orthogonal(lore_precision precision, int rows, int columns, int stride,
                             double tolerance) {
  lore_random stream = numbers_stream((uint64_t)(rows * 1000 + columns));
  decomposition d = plant(&stream, rows, columns, stride);
  double norm = 0, *want = numbers_zero((size_t)d.values), worst = 0;
  real *x = numbers_blank((size_t)rows * (size_t)stride);
  lore_arena arena = {0};
  for (int k = 0; k < d.values; k++)
    norm += d.s[k] * d.s[k];
  for (int k = 0; k < d.values; k++)
    want[k] = 3 * reach_of(d.s[k] / sqrt(norm));
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      x[i * stride + j] = (real)(7 * element(&d, d.s, i, j));
  int larger = rows > columns ? rows : columns;
  lore_newton_schulz_layout(&arena, d.values, larger);
  assert_int_equal(lore_arena_create(&arena, arena.used), LORE_OK);
  lore_newton_schulz_room room = lore_newton_schulz_layout(&arena, d.values, larger);
  lore_newton_schulz(precision, rows, columns, stride, 3, x, &room);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < stride; j++)
      if (j < columns)
        worst = fmax(worst, fabs((double)x[i * stride + j] - element(&d, want, i, j)));
      else
        assert_true(isnan(x[i * stride + j]));
  lore_arena_destroy(&arena);
  if (!(worst <= tolerance))
    fail_msg("%d x %d: off by %.2g", rows, columns, worst);
}

/* 3 f(s) is about 3; an element is about 3 / sqrt(larger side). */
static void matrices_become_orthogonal(void **state) {
  (void)state;
  static const int shapes[][3] = {{1, 1, 1},    {5, 5, 5},    {16, 48, 48},
                                  {48, 16, 16}, {24, 24, 72}, {33, 70, 81}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const int *s = shapes[i];
    check_orthogonal(LORE_FLOAT32, s[0], s[1], s[2], 2e4 * real_epsilon);
    if (sizeof(real) == sizeof(float))
      check_orthogonal(LORE_BF16, s[0], s[1], s[2], 0.25);
    numbers_release(0);
  }
}

/* Singular values of real gradients come to lie between 0.68 and 1.14 (Jordan 2024). */
static void singular_values_come_near_one(void **state) {
  (void)state;
  for (double s = 0.01; s <= 1; s += 0.001)
    assert_true(reach_of(s) > 0.6 && reach_of(s) < 1.25);
}

static void nothing_stays_nothing(void **state) {
  (void)state;
  real x[12] = {0};
  lore_arena arena = {0};
  lore_newton_schulz_layout(&arena, 3, 4);
  assert_int_equal(lore_arena_create(&arena, arena.used), LORE_OK);
  lore_newton_schulz_room room = lore_newton_schulz_layout(&arena, 3, 4);
  lore_newton_schulz(LORE_FLOAT32, 3, 4, 4, 1, x, &room);
  for (int i = 0; i < 12; i++)
    assert_true(x[i] == 0);
  lore_arena_destroy(&arena);
}

enum { COUNT = 61, UPDATES = 9 };

static void assert_nearly(const char *what, int i, real got, double want) {
  if (!(fabs((double)got - want) <= 400 * real_epsilon * (1 + fabs(want))))
    fail_msg("%s %d: %.9g, not %.9g", what, i, (double)got, want);
}

/* One element by definition; returns its new weight. */
static double update_by_definition(const lore_train_config *c, double g, double rate, double decay,
                                   double weight, double *moment) {
  double step;
  if (c->optimizer == LORE_OPTIMIZER_SGD) {
    step = *moment = c->momentum * *moment + g;
  } else {
    double towards = c->beta1 * *moment + (1 - c->beta1) * g;
    step = towards > 0 ? 1 : towards < 0 ? -1 : 0;
    *moment = c->beta2 * *moment + (1 - c->beta2) * g;
  }
  return weight - rate * (step + decay * weight);
}

static void check_updates(lore_optimizer optimizer) {
  const lore_train_config config = {
      .optimizer = optimizer, .momentum = 0.9, .beta1 = 0.8, .beta2 = 0.99};
  lore_random stream = numbers_stream(2);
  real *weight = numbers_normal(&stream, COUNT, 1), *moment = numbers_normal(&stream, COUNT, 0);
  real *second = numbers_blank(COUNT);
  double want[COUNT], kept[COUNT] = {0};
  for (int i = 0; i < COUNT; i++)
    want[i] = (double)weight[i];
  for (int64_t update = 1; update <= UPDATES; update++) {
    real *gradient = numbers_normal(&stream, COUNT, 3);
    gradient[7] = 0;
    lore_optimizer_update(&config, update, 0.01, 0.3, 0.5, COUNT, gradient, weight, moment, second);
    for (int i = 0; i < COUNT; i++) {
      want[i] =
          update_by_definition(&config, 0.5 * (double)gradient[i], 0.01, 0.3, want[i], &kept[i]);
      assert_nearly("weight", i, weight[i], want[i]);
      assert_nearly("moment", i, moment[i], kept[i]);
      assert_true(isnan(second[i]));
    }
  }
}

static void lion_and_sgd_are_their_definitions(void **state) {
  (void)state;
  check_updates(LORE_OPTIMIZER_LION);
  check_updates(LORE_OPTIMIZER_SGD);
}

static void the_direction_looks_ahead(void **state) {
  (void)state;
  lore_random stream = numbers_stream(3);
  real *moment = numbers_normal(&stream, COUNT, 0), *direction = numbers_blank(COUNT);
  double kept[COUNT] = {0};
  for (int update = 0; update < UPDATES; update++) {
    real *gradient = numbers_normal(&stream, COUNT, 1);
    lore_muon_direction(0.95, 2, COUNT, gradient, moment, direction);
    for (int i = 0; i < COUNT; i++) {
      double g = 2 * (double)gradient[i];
      kept[i] = 0.95 * kept[i] + g;
      assert_nearly("moment", i, moment[i], kept[i]);
      assert_nearly("direction", i, direction[i], g + 0.95 * kept[i]);
    }
  }
}

/* Ranks have equally many tensors, give or take one, and as equally many of each kind. */
static void check_shares(const lore_model *model, int ranks) {
  int most = 0, least = 1000;
  for (int rank = 0; rank < ranks; rank++) {
    int64_t bound[LORE_RANGES_MAX];
    lore_pieces pieces;
    lore_arena arena = {0};
    lore_muon muon;
    int ranges = lore_decoder_ranges(model, bound), tensors = 0, kinds[8] = {0};
    lore_pieces_plan(&pieces, ranges, bound, rank, ranks, false);
    lore_muon_layout(&muon, &arena, model, &pieces, 1);
    assert_int_equal(lore_arena_create(&arena, arena.used), LORE_OK);
    lore_muon_layout(&muon, &arena, model, &pieces, 1);
    int each = muon.tensors / model->config.layers;
    for (int k = 0; k < muon.tensors; k++)
      if (muon.tensor[k].worker == rank) {
        tensors++;
        kinds[k % each]++;
      }
    for (int kind = 0; kind < each; kind++)
      assert_true(kinds[kind] <= (model->config.layers + ranks - 1) / ranks);
    most = tensors > most ? tensors : most;
    least = tensors < least ? tensors : least;
    lore_arena_destroy(&arena);
  }
  assert_true(most - least <= 1);
}

static void ranks_have_equal_shares(void **state) {
  (void)state;
  lore_model_config config = small_world_config(5, 16);
  for (int mixer = 0; mixer < 2; mixer++) {
    lore_model *model;
    assert_int_equal(lore_model_create(&config, 100, 30, &model), LORE_OK);
    for (int ranks = 2; ranks <= 24; ranks++)
      check_shares(model, ranks);
    lore_model_destroy(model);
    config.mixer = LORE_MIXER_RG_LRU;
    config.positions = LORE_POSITIONS_NONE;
    config.recurrent_width = 24;
  }
}

static void rates_are_in_proportion(void **state) {
  (void)state;
  const lore_train_config config = {.steps = 100,
                                    .learning_rate = 1e-3,
                                    .final_learning_rate = 1e-5,
                                    .warmup_steps = 10,
                                    .matrix_learning_rate = 0.02};
  for (int64_t step = 0; step < 100; step++)
    assert_true(fabs(lore_matrix_learning_rate(&config, step) -
                     20 * lore_learning_rate(&config, step)) < 1e-15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(matrices_become_orthogonal), numbers_test(singular_values_come_near_one),
      numbers_test(nothing_stays_nothing),      numbers_test(lion_and_sgd_are_their_definitions),
      numbers_test(the_direction_looks_ahead),  numbers_test(rates_are_in_proportion),
      numbers_test(ranks_have_equal_shares),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
