/* The tensor table of the decoder and its initial parameters. */
#include "lore/model/model.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/base/random.h"

enum { TENSORS_PER_LAYER = 19, TENSORS_OUTSIDE = 6, ELEMENT_ALIGNMENT = 16 };

/* Standard deviation of initial convolutions. */
static const double convolution_scale = 0.05;

/* Appends a tensor if `wanted`; returns its index or -1. */
static int add_tensor(lore_model *model, bool wanted, int layer, int rows, int columns,
                      lore_tensor_kind kind, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

static int add_tensor(lore_model *model, bool wanted, int layer, int rows, int columns,
                      lore_tensor_kind kind, const char *format, ...) {
  if (!wanted)
    return -1;
  lore_tensor *tensor = &model->tensor[model->tensors];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(tensor->name, sizeof tensor->name, format, arguments);
  va_end(arguments);
  int64_t size = (int64_t)rows * columns;
  tensor->offset = model->elements;
  tensor->rows = rows;
  tensor->columns = columns;
  tensor->kind = kind;
  tensor->layer = layer;
  model->parameters += size;
  model->elements += (size + ELEMENT_ALIGNMENT - 1) / ELEMENT_ALIGNMENT * ELEMENT_ALIGNMENT;
  return model->tensors++;
}

static bool has_norm_bias(const lore_model_config *c) {
  return c->bias && c->norm == LORE_NORM_LAYER;
}

static void add_attention(lore_model *model, int l) {
  const lore_model_config *c = &model->config;
  lore_layer_tensors *t = &model->layer[l];
  int d = c->width;
  t->mixer_norm = add_tensor(model, true, l, 1, d, LORE_GAIN, "layer_%d/attention/norm", l + 1);
  t->mixer_norm_bias = add_tensor(model, has_norm_bias(c), l, 1, d, LORE_BIAS,
                                  "layer_%d/attention/norm_bias", l + 1);
  t->qkv = add_tensor(model, true, l, d, 3 * d, LORE_WEIGHT, "layer_%d/attention/qkv", l + 1);
  t->qkv_bias =
      add_tensor(model, c->bias, l, 1, 3 * d, LORE_BIAS, "layer_%d/attention/qkv_bias", l + 1);
  t->output = add_tensor(model, true, l, d, d, LORE_WEIGHT, "layer_%d/attention/output", l + 1);
  t->output_bias =
      add_tensor(model, c->bias, l, 1, d, LORE_BIAS, "layer_%d/attention/output_bias", l + 1);
}

/* Gates have biases whatever the settings say: they are a part of the RG-LRU's definition. */
static void add_gate(lore_model *model, int l, const char *gate, int *weight, int *bias) {
  int w = model->config.recurrent_width;
  *weight = add_tensor(model, true, l, w, w / model->config.heads, LORE_WEIGHT,
                       "layer_%d/recurrent/%s_gate", l + 1, gate);
  *bias =
      add_tensor(model, true, l, 1, w, LORE_BIAS, "layer_%d/recurrent/%s_gate_bias", l + 1, gate);
}

static void add_recurrent(lore_model *model, int l) {
  const lore_model_config *c = &model->config;
  lore_layer_tensors *t = &model->layer[l];
  int d = c->width, w = c->recurrent_width;
  t->mixer_norm = add_tensor(model, true, l, 1, d, LORE_GAIN, "layer_%d/recurrent/norm", l + 1);
  t->mixer_norm_bias = add_tensor(model, has_norm_bias(c), l, 1, d, LORE_BIAS,
                                  "layer_%d/recurrent/norm_bias", l + 1);
  t->branches =
      add_tensor(model, true, l, d, 2 * w, LORE_WEIGHT, "layer_%d/recurrent/branches", l + 1);
  t->branches_bias =
      add_tensor(model, c->bias, l, 1, 2 * w, LORE_BIAS, "layer_%d/recurrent/branches_bias", l + 1);
  t->convolution = add_tensor(model, true, l, LORE_CONVOLUTION_WIDTH, w, LORE_WEIGHT,
                              "layer_%d/recurrent/convolution", l + 1);
  t->convolution_bias =
      add_tensor(model, c->bias, l, 1, w, LORE_BIAS, "layer_%d/recurrent/convolution_bias", l + 1);
  add_gate(model, l, "recurrence", &t->recurrence_gate, &t->recurrence_gate_bias);
  add_gate(model, l, "input", &t->input_gate, &t->input_gate_bias);
  t->lambda = add_tensor(model, true, l, 1, w, LORE_LAMBDA, "layer_%d/recurrent/lambda", l + 1);
  t->output = add_tensor(model, true, l, w, d, LORE_WEIGHT, "layer_%d/recurrent/output", l + 1);
  t->output_bias =
      add_tensor(model, c->bias, l, 1, d, LORE_BIAS, "layer_%d/recurrent/output_bias", l + 1);
}

static void add_layer(lore_model *model, int l) {
  const lore_model_config *c = &model->config;
  lore_layer_tensors *t = &model->layer[l];
  int d = c->width;
  memset(t, -1, sizeof *t);
  if (c->mixer == LORE_MIXER_ATTENTION)
    add_attention(model, l);
  else
    add_recurrent(model, l);
  t->mlp_norm = add_tensor(model, true, l, 1, d, LORE_GAIN, "layer_%d/mlp/norm", l + 1);
  t->mlp_norm_bias =
      add_tensor(model, has_norm_bias(c), l, 1, d, LORE_BIAS, "layer_%d/mlp/norm_bias", l + 1);
  t->up = add_tensor(model, true, l, d, c->hidden, LORE_WEIGHT, "layer_%d/mlp/up", l + 1);
  t->up_bias =
      add_tensor(model, c->bias, l, 1, c->hidden, LORE_BIAS, "layer_%d/mlp/up_bias", l + 1);
  t->down = add_tensor(model, true, l, c->hidden, d, LORE_WEIGHT, "layer_%d/mlp/down", l + 1);
  t->down_bias = add_tensor(model, c->bias, l, 1, d, LORE_BIAS, "layer_%d/mlp/down_bias", l + 1);
}

static void add_tensors(lore_model *model) {
  const lore_model_config *c = &model->config;
  int d = c->width, v = model->vocabulary, last = c->layers;
  model->embedding = add_tensor(model, true, -1, v, d, LORE_WEIGHT, "embedding");
  model->position_embedding = add_tensor(model, c->positions == LORE_POSITIONS_LEARNED, -1,
                                         model->context, d, LORE_WEIGHT, "position_embedding");
  for (int l = 0; l < c->layers; l++)
    add_layer(model, l);
  model->final_norm = add_tensor(model, true, last, 1, d, LORE_GAIN, "final_norm");
  model->final_norm_bias =
      add_tensor(model, has_norm_bias(c), last, 1, d, LORE_BIAS, "final_norm_bias");
  model->head = add_tensor(model, !c->tied_embedding, last, v, d, LORE_WEIGHT, "head");
  model->head_bias = add_tensor(model, c->bias, last, 1, v, LORE_BIAS, "head_bias");
  if (model->head < 0)
    model->head = model->embedding;
}

static lore_status check_config(const lore_model_config *c, int vocabulary, int context) {
  if (c->layers < 1 || c->width < 1 || c->heads < 1 || c->hidden < 1 || vocabulary < 2 ||
      context < 1)
    return lore_fail(LORE_USER, "a model needs at least one layer, head, hidden unit and token");
  if (c->width % c->heads)
    return lore_fail(LORE_USER, "model.width %d is not a multiple of model.heads %d", c->width,
                     c->heads);
  if (c->positions == LORE_POSITIONS_ROTARY && c->width / c->heads % 2)
    return lore_fail(LORE_USER,
                     "rotary positions need an even head size; width %d / heads %d is %d", c->width,
                     c->heads, c->width / c->heads);
  if (c->mixer != LORE_MIXER_RG_LRU)
    return LORE_OK;
  if (c->recurrent_width < 1 || c->recurrent_width % c->heads)
    return lore_fail(LORE_USER, "model.recurrent_width %d is not a multiple of model.heads %d",
                     c->recurrent_width, c->heads);
  if (c->positions == LORE_POSITIONS_ROTARY)
    return lore_fail(LORE_USER, "rotary positions need attention, which model.mixer rg_lru is not");
  return LORE_OK;
}

int lore_recurrent_width(int width, int heads) {
  int unit = heads;
  while (unit % 16)
    unit += heads;
  int units = (8 * width + 3 * unit) / (6 * unit); /* 4/3 of the width, rounded */
  return unit * (units > 0 ? units : 1);
}

int lore_model_attention_layers(const lore_model *model) {
  return model->config.mixer == LORE_MIXER_ATTENTION ? model->config.layers : 0;
}

lore_status lore_model_create(const lore_model_config *config, int vocabulary, int context,
                              lore_model **out) {
  LORE_TRY(check_config(config, vocabulary, context));
  lore_model *model = calloc(1, sizeof *model);
  size_t tensors = TENSORS_OUTSIDE + TENSORS_PER_LAYER * (size_t)config->layers;
  if (model) {
    model->tensor = calloc(tensors, sizeof *model->tensor);
    model->layer = calloc((size_t)config->layers, sizeof *model->layer);
  }
  if (!model || !model->tensor || !model->layer) {
    lore_model_destroy(model);
    return lore_fail(LORE_MEMORY, "no memory for a table of %zu tensors", tensors);
  }
  model->config = *config;
  model->vocabulary = vocabulary;
  model->context = context;
  add_tensors(model);
  *out = model;
  return LORE_OK;
}

void lore_model_destroy(lore_model *model) {
  if (!model)
    return;
  free(model->tensor);
  free(model->layer);
  free(model);
}

int lore_model_find(const lore_model *model, const char *name) {
  for (int i = 0; i < model->tensors; i++)
    if (!strcmp(model->tensor[i].name, name))
      return i;
  return -1;
}

/* Standard deviation of the initial weights of tensor `index`. */
static double initial_deviation(const lore_model *model, int index) {
  const lore_model_config *c = &model->config;
  const lore_tensor *tensor = &model->tensor[index];
  if (tensor->layer < 0 || tensor->layer >= c->layers)
    return c->initial_scale;
  const lore_layer_tensors *t = &model->layer[tensor->layer];
  if (index == t->output || index == t->down)
    return c->initial_scale / sqrt(2.0 * c->layers);
  if (index == t->convolution)
    return convolution_scale;
  if (index == t->recurrence_gate || index == t->input_gate)
    return 1 / sqrt(tensor->columns);
  return c->initial_scale;
}

/* a = logistic(Lambda) with a^8 uniform in [0.9, 0.999]; Lambda = ln(a / (1 - a)). */
static real initial_lambda(lore_random *stream) {
  double log_a = log(0.9 + 0.099 * lore_random_uniform(stream)) / LORE_RG_LRU_POWER;
  return (real)(log_a - log(-expm1(log_a)));
}

void lore_model_initialise(const lore_model *model, uint64_t seed, real *parameters) {
  memset(parameters, 0, sizeof(real) * (size_t)model->elements);
  for (int i = 0; i < model->tensors; i++) {
    const lore_tensor *tensor = &model->tensor[i];
    real *w = parameters + tensor->offset;
    int64_t size = (int64_t)tensor->rows * tensor->columns;
    if (tensor->kind == LORE_GAIN)
      for (int64_t j = 0; j < size; j++)
        w[j] = 1;
    lore_random stream = lore_random_stream(seed, LORE_RANDOM_INITIALISATION, 0, (uint64_t)i);
    double deviation = initial_deviation(model, i);
    for (int64_t j = 0; j < size && tensor->kind == LORE_WEIGHT; j++)
      w[j] = (real)(deviation * lore_random_normal(&stream));
    for (int64_t j = 0; j < size && tensor->kind == LORE_LAMBDA; j++)
      w[j] = initial_lambda(&stream);
  }
}

double lore_model_flops_per_token(const lore_model *model, double length) {
  const lore_model_config *c = &model->config;
  double d = c->width, w = c->recurrent_width;
  double mixer = c->mixer == LORE_MIXER_ATTENTION ? 4 * d * d : 3 * d * w + 2 * w * w / c->heads;
  return 6 * (c->layers * (mixer + 2 * d * c->hidden) + model->vocabulary * d) +
         6 * lore_model_attention_layers(model) * length * d;
}
