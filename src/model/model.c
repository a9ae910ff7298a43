/* The tensor table of the decoder and its initial parameters. */
#include "lore/model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mixer.h"

#define COUNT(rows)     ((int)(sizeof(rows) / sizeof *(rows)))
#define OUTSIDE(member) offsetof(lore_model, member)
#define INSIDE(member)  offsetof(lore_layer_tensors, member)

/* The tensors before the layers. */
static const lore_tensor_row first_rows[] = {
    {"embedding",
     "token embedding",
     {LORE_SIDE_VOCABULARY, LORE_SIDE_WIDTH},
     LORE_WEIGHT,
     .index = OUTSIDE(embedding)},
    {"position_embedding",
     "position embedding",
     {LORE_SIDE_CONTEXT, LORE_SIDE_WIDTH},
     LORE_WEIGHT,
     .condition = LORE_WITH_LEARNED_POSITIONS,
     .index = OUTSIDE(position_embedding)},
};

/* Those of a layer that follow its mixer's. */
static const lore_tensor_row mlp_rows[] = {
    {"mlp/norm",
     "gain of the norm before the MLP",
     {LORE_SIDE_WIDTH},
     LORE_GAIN,
     .index = INSIDE(mlp_norm)},
    {"mlp/norm_bias",
     "bias of the norm before the MLP",
     {LORE_SIDE_WIDTH},
     LORE_BIAS,
     .condition = LORE_WITH_NORM_BIAS,
     .index = INSIDE(mlp_norm_bias)},
    {"mlp/up",
     "map to the hidden units of the MLP",
     {LORE_SIDE_WIDTH, LORE_SIDE_HIDDEN},
     LORE_WEIGHT,
     .index = INSIDE(up)},
    {"mlp/up_bias",
     "biases of the hidden units of the MLP",
     {LORE_SIDE_HIDDEN},
     LORE_BIAS,
     .condition = LORE_WITH_BIAS,
     .index = INSIDE(up_bias)},
    {"mlp/down",
     "map from the hidden units to the residual stream",
     {LORE_SIDE_HIDDEN, LORE_SIDE_WIDTH},
     LORE_WEIGHT,
     .deviation = LORE_DEVIATION_RESIDUAL,
     .index = INSIDE(down)},
    {"mlp/down_bias",
     "bias of the MLP's output",
     {LORE_SIDE_WIDTH},
     LORE_BIAS,
     .condition = LORE_WITH_BIAS,
     .index = INSIDE(down_bias)},
};

/* The tensors behind the layers. */
static const lore_tensor_row last_rows[] = {
    {"final_norm",
     "gain of the norm before the head",
     {LORE_SIDE_WIDTH},
     LORE_GAIN,
     .index = OUTSIDE(final_norm)},
    {"final_norm_bias",
     "bias of the norm before the head",
     {LORE_SIDE_WIDTH},
     LORE_BIAS,
     .condition = LORE_WITH_NORM_BIAS,
     .index = OUTSIDE(final_norm_bias)},
    {"head",
     "head, one row for each token",
     {LORE_SIDE_VOCABULARY, LORE_SIDE_WIDTH},
     LORE_WEIGHT,
     .condition = LORE_WITH_OWN_HEAD,
     .index = OUTSIDE(head)},
    {"head_bias",
     "bias of the head",
     {LORE_SIDE_VOCABULARY},
     LORE_BIAS,
     .condition = LORE_WITH_BIAS,
     .index = OUTSIDE(head_bias)},
};

#define X(value, name) [value] = (name),
const char *lore_norm_name(lore_norm norm) {
  static const char *const names[] = {LORE_NORM_LIST(X)};
  return names[norm];
}

const char *lore_positions_name(lore_positions positions) {
  static const char *const names[] = {LORE_POSITIONS_LIST(X)};
  return names[positions];
}

const char *lore_activation_name(lore_activation activation) {
  static const char *const names[] = {LORE_ACTIVATION_LIST(X)};
  return names[activation];
}

const char *lore_precision_name(lore_precision precision) {
  static const char *const names[] = {LORE_PRECISION_LIST(X)};
  return names[precision];
}
#undef X

static bool meets_condition(const lore_model_config *c, lore_tensor_condition condition) {
  switch (condition) {
  case LORE_WITH_BIAS:
    return c->bias;
  case LORE_WITH_NORM_BIAS:
    return c->bias && c->norm == LORE_NORM_LAYER;
  case LORE_WITH_LEARNED_POSITIONS:
    return c->positions == LORE_POSITIONS_LEARNED;
  case LORE_WITH_OWN_HEAD:
    return !c->tied_embedding;
  default:
    return true;
  }
}

/* Appends those tensors of `row` that the settings ask for, in layer `layer` or, if `indices` are
 * the model's own, outside of layers. */
static void add_tensors(lore_model *model, int rows, const lore_tensor_row *row, int layer,
                        const int64_t *length, void *indices) {
  bool in_layer = indices != model;
  for (int i = 0; i < rows; i++) {
    int index = -1;
    if (meets_condition(&model->config, row[i].condition)) {
      index = model->tensors++;
      lore_tensor *tensor = &model->tensor[index];
      *tensor = in_layer ? lore_tensor_place_in_layer(&row[i], layer, length, &model->elements)
                         : lore_tensor_place(&row[i], length, &model->elements);
      tensor->layer = layer;
      model->parameters += lore_tensor_size(tensor);
    }
    *(int *)((char *)indices + row[i].index) = index;
  }
}

static void lay_out_tensors(lore_model *model) {
  const lore_model_config *c = &model->config;
  const lore_mixer_ops *mixer = lore_mixer_ops_of(c->mixer);
  int64_t length[LORE_SIDES] = {[LORE_SIDE_VOCABULARY] = model->vocabulary,
                                [LORE_SIDE_CONTEXT] = model->context,
                                [LORE_SIDE_WIDTH] = c->width,
                                [LORE_SIDE_HIDDEN] = c->hidden};
  mixer->measure(c, length);
  add_tensors(model, COUNT(first_rows), first_rows, -1, length, model);
  for (int l = 0; l < c->layers; l++) {
    memset(&model->layer[l], -1, sizeof model->layer[l]);
    add_tensors(model, mixer->tensors, mixer->tensor, l, length, &model->layer[l]);
    add_tensors(model, COUNT(mlp_rows), mlp_rows, l, length, &model->layer[l]);
  }
  add_tensors(model, COUNT(last_rows), last_rows, c->layers, length, model);
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
  const lore_mixer_ops *mixer = lore_mixer_ops_of(c->mixer);
  if (mixer->check)
    LORE_TRY(mixer->check(c));
  if (c->positions == LORE_POSITIONS_ROTARY && !mixer->attends)
    return lore_fail(LORE_USER, "rotary positions need attention, which model.mixer %s is not",
                     lore_mixer_name(c->mixer));
  return LORE_OK;
}

int lore_model_attention_layers(const lore_model *model) {
  return lore_mixer_attends(model->config.mixer) ? model->config.layers : 0;
}

lore_status lore_model_create(const lore_model_config *config, int vocabulary, int context,
                              lore_model **out) {
  LORE_TRY(check_config(config, vocabulary, context));
  lore_model *model = calloc(1, sizeof *model);
  int in_layer = lore_mixer_ops_of(config->mixer)->tensors + COUNT(mlp_rows);
  size_t tensors = (size_t)(COUNT(first_rows) + COUNT(last_rows)) +
                   (size_t)in_layer * (size_t)config->layers; /* at most */
  if (model) {
    model->tensor = calloc(tensors, sizeof *model->tensor);
    model->layer = calloc((size_t)config->layers, sizeof *model->layer);
  }
  if (!model || !model->tensor || !model->layer) {
    lore_model_destroy(model);
    return lore_fail(LORE_MEMORY, "cannot allocate a table of %zu tensors", tensors);
  }
  model->config = *config;
  model->vocabulary = vocabulary;
  model->context = context;
  lay_out_tensors(model);
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

void lore_model_initialise(const lore_model *model, uint64_t seed, real *parameters) {
  const lore_model_config *c = &model->config;
  const double deviation[] = {[LORE_DEVIATION_SCALE] = c->initial_scale,
                              [LORE_DEVIATION_RESIDUAL] = c->initial_scale / sqrt(2.0 * c->layers)};
  memset(parameters, 0, sizeof(real) * (size_t)model->elements);
  lore_tensors_initialise(model->tensors, model->tensor, deviation, seed, parameters);
}

double lore_model_flops_per_token(const lore_model *model, double length) {
  const lore_model_config *c = &model->config;
  double d = c->width, mixer = lore_mixer_ops_of(c->mixer)->products(c);
  return 6 * (c->layers * (mixer + 2 * d * c->hidden) + model->vocabulary * d) +
         6 * lore_model_attention_layers(model) * length * d;
}
