/* The tensor table of the decoder and its initial parameters. */
#include "lore/model.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/random.h"

enum { TENSORS_PER_LAYER = 12, TENSORS_OUTSIDE = 6, ELEMENT_ALIGNMENT = 16 };

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

static void add_layer(lore_model *model, int l) {
  const lore_model_config *c = &model->config;
  lore_layer_tensors *t = &model->layer[l];
  int d = c->width;
  bool norm_bias = c->bias && c->norm == LORE_NORM_LAYER;
  t->attention_norm = add_tensor(model, true, l, 1, d, LORE_GAIN, "layer_%d/attention/norm", l + 1);
  t->attention_norm_bias =
      add_tensor(model, norm_bias, l, 1, d, LORE_BIAS, "layer_%d/attention/norm_bias", l + 1);
  t->qkv = add_tensor(model, true, l, d, 3 * d, LORE_WEIGHT, "layer_%d/attention/qkv", l + 1);
  t->qkv_bias =
      add_tensor(model, c->bias, l, 1, 3 * d, LORE_BIAS, "layer_%d/attention/qkv_bias", l + 1);
  t->output = add_tensor(model, true, l, d, d, LORE_WEIGHT, "layer_%d/attention/output", l + 1);
  t->output_bias =
      add_tensor(model, c->bias, l, 1, d, LORE_BIAS, "layer_%d/attention/output_bias", l + 1);
  t->mlp_norm = add_tensor(model, true, l, 1, d, LORE_GAIN, "layer_%d/mlp/norm", l + 1);
  t->mlp_norm_bias =
      add_tensor(model, norm_bias, l, 1, d, LORE_BIAS, "layer_%d/mlp/norm_bias", l + 1);
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
  model->final_norm_bias = add_tensor(model, c->bias && c->norm == LORE_NORM_LAYER, last, 1, d,
                                      LORE_BIAS, "final_norm_bias");
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
  return LORE_OK;
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

/* Whether tensor `index` maps into the residual stream. */
static bool is_residual(const lore_model *model, int index) {
  int l = model->tensor[index].layer;
  return l >= 0 && l < model->config.layers &&
         (index == model->layer[l].output || index == model->layer[l].down);
}

void lore_model_initialise(const lore_model *model, uint64_t seed, real *parameters) {
  const lore_model_config *c = &model->config;
  memset(parameters, 0, sizeof(real) * (size_t)model->elements);
  for (int i = 0; i < model->tensors; i++) {
    const lore_tensor *tensor = &model->tensor[i];
    real *w = parameters + tensor->offset;
    int64_t size = (int64_t)tensor->rows * tensor->columns;
    if (tensor->kind == LORE_GAIN)
      for (int64_t j = 0; j < size; j++)
        w[j] = 1;
    if (tensor->kind != LORE_WEIGHT)
      continue;
    double scale = c->initial_scale / (is_residual(model, i) ? sqrt(2.0 * c->layers) : 1.0);
    lore_random stream = lore_random_stream(seed, LORE_RANDOM_INITIALISATION, 0, (uint64_t)i);
    for (int64_t j = 0; j < size; j++)
      w[j] = (real)(scale * lore_random_normal(&stream));
  }
}

double lore_model_flops_per_token(const lore_model *model, double length) {
  const lore_model_config *c = &model->config;
  double d = c->width, layer = 4 * d * d + 2 * d * c->hidden;
  return 6 * (c->layers * layer + model->vocabulary * d) + 6 * c->layers * length * d;
}
