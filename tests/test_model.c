/* The table of tensors and the initial parameters. */
#include "support/numbers.h"

#include <stdio.h>

#include "lore/base/status.h"
#include "lore/model/model.h"
#include "support/small_model.h"

static lore_model *make_model(const lore_model_config *config) {
  lore_model *model;
  assert_int_equal(lore_model_create(config, SMALL_VOCABULARY, SMALL_CONTEXT, &model), LORE_OK);
  return model;
}

static int64_t size_of(const lore_tensor *t) {
  return (int64_t)t->rows * t->columns;
}

/* Counted by hand: embedding, positions, layers, final norm, head. */
static int64_t expected_parameters(const lore_model_config *c) {
  int64_t d = c->width, h = c->hidden, v = SMALL_VOCABULARY, bias = c->bias;
  int64_t norm = d + (bias && c->norm == LORE_NORM_LAYER ? d : 0);
  int64_t w = c->recurrent_width, attention = d * 3 * d + d * d + bias * (3 * d + d);
  int64_t recurrent = 3 * d * w + 4 * w + 2 * (w * w / c->heads + w) + w + bias * (2 * w + w + d);
  int64_t mixer = c->mixer == LORE_MIXER_ATTENTION ? attention : recurrent;
  int64_t layer = 2 * norm + mixer + 2 * d * h + bias * (h + d);
  int64_t positions = c->positions == LORE_POSITIONS_LEARNED ? SMALL_CONTEXT * d : 0;
  return v * d + positions + c->layers * layer + norm + (c->tied_embedding ? 0 : v * d) + bias * v;
}

static void tensors_fill_the_buffer(void **state) {
  (void)state;
  for (int settings = 0; settings < SMALL_SETTINGS; settings++) {
    lore_model_config config = small_config(settings);
    lore_model *model = make_model(&config);
    int64_t end = 0, sum = 0;
    for (int i = 0; i < model->tensors; i++) {
      const lore_tensor *t = &model->tensor[i];
      assert_int_equal(t->offset % 16, 0);
      assert_true(t->offset >= end);
      assert_int_equal(lore_model_find(model, t->name), i);
      end = t->offset + size_of(t);
      sum += size_of(t);
    }
    assert_true(end <= model->elements);
    assert_int_equal(sum, model->parameters);
    assert_int_equal(sum, expected_parameters(&config));
    lore_model_destroy(model);
  }
}

static void assert_tensor(const lore_model *model, int index, const char *name, int rows,
                          int columns, lore_tensor_kind kind, int layer) {
  assert_int_equal(index, lore_model_find(model, name));
  assert_true(index >= 0);
  assert_int_equal(model->tensor[index].rows, rows);
  assert_int_equal(model->tensor[index].columns, columns);
  assert_int_equal(model->tensor[index].row->kind, kind);
  assert_int_equal(model->tensor[index].layer, layer);
}

/* A tensor that only its mixer finds by number. */
static void assert_named(const lore_model *model, const char *name, int rows, int columns,
                         lore_tensor_kind kind, int layer) {
  assert_tensor(model, lore_model_find(model, name), name, rows, columns, kind, layer);
}

static void tensors_have_names_and_shapes(void **state) {
  (void)state;
  enum { D = 12, H = 20, V = SMALL_VOCABULARY };
  lore_model_config config = small_config(16 + 8 + 2); /* learned positions, layer norm, bias */
  lore_model *m = make_model(&config);
  assert_tensor(m, m->embedding, "embedding", V, D, LORE_WEIGHT, -1);
  assert_tensor(m, m->position_embedding, "position_embedding", SMALL_CONTEXT, D, LORE_WEIGHT, -1);
  const lore_layer_tensors *t = &m->layer[1];
  assert_tensor(m, t->mixer_norm, "layer_2/attention/norm", 1, D, LORE_GAIN, 1);
  assert_tensor(m, t->mixer_norm_bias, "layer_2/attention/norm_bias", 1, D, LORE_BIAS, 1);
  assert_named(m, "layer_2/attention/qkv", D, 3 * D, LORE_WEIGHT, 1);
  assert_named(m, "layer_2/attention/qkv_bias", 1, 3 * D, LORE_BIAS, 1);
  assert_tensor(m, t->output, "layer_2/attention/output", D, D, LORE_WEIGHT, 1);
  assert_tensor(m, t->output_bias, "layer_2/attention/output_bias", 1, D, LORE_BIAS, 1);
  assert_tensor(m, t->mlp_norm, "layer_2/mlp/norm", 1, D, LORE_GAIN, 1);
  assert_tensor(m, t->mlp_norm_bias, "layer_2/mlp/norm_bias", 1, D, LORE_BIAS, 1);
  assert_tensor(m, t->up, "layer_2/mlp/up", D, H, LORE_WEIGHT, 1);
  assert_tensor(m, t->up_bias, "layer_2/mlp/up_bias", 1, H, LORE_BIAS, 1);
  assert_tensor(m, t->down, "layer_2/mlp/down", H, D, LORE_WEIGHT, 1);
  assert_tensor(m, t->down_bias, "layer_2/mlp/down_bias", 1, D, LORE_BIAS, 1);
  assert_tensor(m, m->final_norm, "final_norm", 1, D, LORE_GAIN, 2);
  assert_tensor(m, m->final_norm_bias, "final_norm_bias", 1, D, LORE_BIAS, 2);
  assert_tensor(m, m->head, "head", V, D, LORE_WEIGHT, 2);
  assert_tensor(m, m->head_bias, "head_bias", 1, V, LORE_BIAS, 2);
  assert_int_equal(lore_model_find(m, "layer_3/mlp/up"), -1);
  lore_model_destroy(m);
  config = small_config(1); /* tied, rotary, RMS norm, no bias */
  m = make_model(&config);
  assert_int_equal(m->head, m->embedding);
  assert_int_equal(m->position_embedding, -1);
  assert_int_equal(m->head_bias, -1);
  assert_int_equal(m->final_norm_bias, -1);
  assert_null(small_tensor(m, 0, "attention/qkv_bias"));
  lore_model_destroy(m);
}

static void assert_refused(const lore_model_config *config, const char *word) {
  lore_model *model = NULL;
  assert_int_equal(lore_model_create(config, SMALL_VOCABULARY, SMALL_CONTEXT, &model), LORE_USER);
  assert_non_null(strstr(lore_fail_message(), word));
}

static void contradictions_are_refused(void **state) {
  (void)state;
  lore_model_config config = small_config(0);
  config.heads = 5;
  assert_refused(&config, "heads");
  config.heads = 4; /* head size 3 */
  assert_refused(&config, "rotary");
  config.positions = LORE_POSITIONS_NONE;
  lore_model_destroy(make_model(&config));
  config.layers = 0;
  assert_refused(&config, "layer");
}

/* Mean and deviation of a normal sample lie within 5 standard errors. */
static void check_normal(const lore_tensor *t, const real *x, double deviation) {
  double sum = 0, squares = 0, count = (double)size_of(t);
  for (int64_t i = 0; i < size_of(t); i++) {
    sum += (double)x[i];
    squares += (double)x[i] * (double)x[i];
  }
  double got = sqrt(squares / count);
  if (fabs(sum / count) > 5 * deviation / sqrt(count) ||
      fabs(got / deviation - 1) > 5 / sqrt(2 * count))
    fail_msg("%s: mean %g, deviation %g, not 0 and %g", t->name, sum / count, got, deviation);
}

static void initial_parameters(void **state) {
  (void)state;
  lore_model_config config = small_config(16 + 8 + 2);
  config.layers = 3;
  config.width = 60;
  config.hidden = 90;
  lore_model *model = make_model(&config);
  size_t elements = (size_t)model->elements;
  real *x = numbers_blank(elements), *same = numbers_blank(elements),
       *other = numbers_blank(elements);
  lore_model_initialise(model, 5, x);
  lore_model_initialise(model, 5, same);
  lore_model_initialise(model, 6, other);
  assert_same_bits("the same seed", x, same, elements * sizeof *x);
  double sum = 0, inside = 0;
  for (size_t i = 0; i < elements; i++)
    sum += fabs((double)x[i]);
  for (int i = 0; i < model->tensors; i++) {
    const lore_tensor *t = &model->tensor[i];
    const real *w = x + t->offset;
    for (int64_t j = 0; j < size_of(t); j++) {
      inside += fabs((double)w[j]);
      assert_true(t->row->kind == LORE_WEIGHT || w[j] == (t->row->kind == LORE_GAIN ? 1 : 0));
    }
    int residual = strstr(t->name, "/output") || strstr(t->name, "/down");
    if (t->row->kind == LORE_WEIGHT) {
      check_normal(t, w, residual ? 0.02 / sqrt(6) : 0.02);
      assert_true(w[0] != other[t->offset]);
      assert_true(i == 0 || w[0] != x[model->tensor[0].offset]);
    }
  }
  assert_true(fabs(sum - inside) <= 1e-9 * sum); /* the gaps are 0 */
  lore_model_destroy(model);
}

static void recurrent_tensors(void **state) {
  (void)state;
  enum { D = 12, W = 18 };
  lore_model_config config = small_config(SMALL_ATTENTION + 2); /* bias */
  lore_model *m = make_model(&config);
  const lore_layer_tensors *t = &m->layer[1];
  assert_tensor(m, t->mixer_norm, "layer_2/recurrent/norm", 1, D, LORE_GAIN, 1);
  assert_named(m, "layer_2/recurrent/branches", D, 2 * W, LORE_WEIGHT, 1);
  assert_named(m, "layer_2/recurrent/branches_bias", 1, 2 * W, LORE_BIAS, 1);
  assert_named(m, "layer_2/recurrent/convolution", 4, W, LORE_WEIGHT, 1);
  assert_named(m, "layer_2/recurrent/convolution_bias", 1, W, LORE_BIAS, 1);
  assert_named(m, "layer_2/recurrent/recurrence_gate", W, 6, LORE_WEIGHT, 1);
  assert_named(m, "layer_2/recurrent/input_gate", W, 6, LORE_WEIGHT, 1);
  assert_named(m, "layer_2/recurrent/lambda", 1, W, LORE_DRAWN, 1);
  assert_tensor(m, t->output, "layer_2/recurrent/output", W, D, LORE_WEIGHT, 1);
  assert_null(small_tensor(m, 1, "attention/qkv"));
  lore_model_destroy(m);
  config.bias = false;
  m = make_model(&config);
  assert_null(small_tensor(m, 0, "recurrent/convolution_bias"));
  assert_null(small_tensor(m, 0, "recurrent/branches_bias"));
  assert_int_equal(m->layer[0].output_bias, -1);
  assert_named(m, "layer_1/recurrent/recurrence_gate_bias", 1, W, LORE_BIAS, 0);
  assert_named(m, "layer_1/recurrent/input_gate_bias", 1, W, LORE_BIAS, 0);
  double weights = 2 * (12 * 36 + 2 * 18 * 6 + 18 * 12 + 2 * 12 * 20) + SMALL_VOCABULARY * 12;
  assert_true(lore_model_flops_per_token(m, 50) == 6 * weights);
  lore_model_destroy(m);
  config.recurrent_width = 19;
  assert_refused(&config, "recurrent_width");
  config.recurrent_width = 18;
  config.positions = LORE_POSITIONS_ROTARY;
  assert_refused(&config, "rotary");
}

static void default_recurrent_widths(void **state) {
  (void)state;
  assert_int_equal(lore_mixer_default_width(LORE_MIXER_RG_LRU, 512, 8), 688);
  assert_int_equal(lore_mixer_default_width(LORE_MIXER_RG_LRU, 256, 8), 336);
  assert_int_equal(lore_mixer_default_width(LORE_MIXER_RG_LRU, 1536, 12), 2064);
  assert_int_equal(lore_mixer_default_width(LORE_MIXER_RG_LRU, 8, 1), 16);
  assert_int_equal(lore_mixer_default_width(LORE_MIXER_RG_LRU, 16384, 256), 21760);
  for (int width = 8; width <= 4096; width += 8)
    for (int heads = 1; heads <= 12; heads++) {
      int w = lore_mixer_default_width(LORE_MIXER_RG_LRU, width, heads), unit = 16 * heads;
      assert_true(w > 0 && w % 16 == 0 && w % heads == 0);
      assert_true(w <= unit || 2 * abs(3 * w - 4 * width) <= 3 * unit);
    }
}

/* a^8 is uniform in [0.9, 0.999]. */
static void initial_decays(void **state) {
  (void)state;
  lore_model_config config = small_config(SMALL_ATTENTION);
  config.recurrent_width = 3000;
  lore_model *model = make_model(&config);
  real *x = numbers_blank((size_t)model->elements);
  lore_model_initialise(model, 5, x);
  const real *lambda = x + small_tensor(model, 1, "recurrent/lambda")->offset;
  int below[4] = {0};
  for (int c = 0; c < 3000; c++) {
    double power = pow(1 / (1 + exp(-(double)lambda[c])), 8), share = (power - 0.9) / 0.099;
    assert_true(share > -1e-5 && share < 1 + 1e-5);
    for (int k = 1; k < 4; k++)
      below[k] += share < k / 4.0;
  }
  for (int k = 1; k < 4; k++)
    assert_true(abs(below[k] - k * 750) < 5 * sqrt(3000 / 4.0));
  const lore_tensor *gate = small_tensor(model, 1, "recurrent/recurrence_gate");
  const lore_tensor *convolution = small_tensor(model, 1, "recurrent/convolution");
  const lore_tensor *output = small_tensor(model, 1, "recurrent/output");
  check_normal(gate, x + gate->offset, 1 / sqrt(1000));
  check_normal(convolution, x + convolution->offset, 0.05);
  check_normal(output, x + output->offset, 0.02 / 2);
  lore_model_destroy(model);
}

static void operations_per_token(void **state) {
  (void)state;
  lore_model_config config = small_config(0);
  lore_model *model = make_model(&config);
  double weights = 2 * (12 * 36 + 12 * 12 + 2 * 12 * 20) + SMALL_VOCABULARY * 12;
  assert_true(lore_model_flops_per_token(model, 0) == 6 * weights);
  assert_true(lore_model_flops_per_token(model, 50) == 6 * weights + 6 * 2 * 50 * 12);
  lore_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(recurrent_tensors),
      numbers_test(default_recurrent_widths),
      numbers_test(initial_decays),
      numbers_test(tensors_fill_the_buffer),
      numbers_test(tensors_have_names_and_shapes),
      numbers_test(contradictions_are_refused),
      numbers_test(initial_parameters),
      numbers_test(operations_per_token),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
