/* Names, dimensions and settings of a checkpoint, from the model's tables. */
#include "checkpoint_layout.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* One tensor: where its index stands in lore_model or lore_layer_tensors, and its sides. */
typedef struct {
  size_t offset;
  int rank;
  lore_side side[2];
  const char *long_name;
} role;

#define OUTSIDE(member) offsetof(lore_model, member)
#define INSIDE(member)  offsetof(lore_layer_tensors, member)

static const role outside[] = {
    {OUTSIDE(embedding), 2, {LORE_SIDE_VOCABULARY, LORE_SIDE_WIDTH}, "token embedding"},
    {OUTSIDE(position_embedding), 2, {LORE_SIDE_CONTEXT, LORE_SIDE_WIDTH}, "position embedding"},
    {OUTSIDE(final_norm), 1, {LORE_SIDE_WIDTH}, "gain of the norm before the head"},
    {OUTSIDE(final_norm_bias), 1, {LORE_SIDE_WIDTH}, "bias of the norm before the head"},
    {OUTSIDE(head), 2, {LORE_SIDE_VOCABULARY, LORE_SIDE_WIDTH}, "head, one row for each token"},
    {OUTSIDE(head_bias), 1, {LORE_SIDE_VOCABULARY}, "bias of the head"},
};

static const role attention[] = {
    {INSIDE(mixer_norm), 1, {LORE_SIDE_WIDTH}, "gain of the norm before attention"},
    {INSIDE(mixer_norm_bias), 1, {LORE_SIDE_WIDTH}, "bias of the norm before attention"},
    {INSIDE(qkv),
     2,
     {LORE_SIDE_WIDTH, LORE_SIDE_QKV},
     "maps to queries, keys and values, side by side"},
    {INSIDE(qkv_bias), 1, {LORE_SIDE_QKV}, "biases of queries, keys and values"},
    {INSIDE(output),
     2,
     {LORE_SIDE_ATTENTION, LORE_SIDE_WIDTH},
     "map from the joined heads to the residual stream"},
    {INSIDE(output_bias), 1, {LORE_SIDE_WIDTH}, "bias of attention's output"},
};

static const role recurrent[] = {
    {INSIDE(mixer_norm), 1, {LORE_SIDE_WIDTH}, "gain of the norm before the recurrent block"},
    {INSIDE(mixer_norm_bias), 1, {LORE_SIDE_WIDTH}, "bias of the norm before the recurrent block"},
    {INSIDE(branches),
     2,
     {LORE_SIDE_WIDTH, LORE_SIDE_BRANCHES},
     "maps to the gating and the recurrent branch, side by side"},
    {INSIDE(branches_bias), 1, {LORE_SIDE_BRANCHES}, "biases of both branches"},
    {INSIDE(convolution),
     2,
     {LORE_SIDE_LAG, LORE_SIDE_RECURRENT},
     "convolution over time, the current token first"},
    {INSIDE(convolution_bias), 1, {LORE_SIDE_RECURRENT}, "bias of the convolution"},
    {INSIDE(recurrence_gate),
     2,
     {LORE_SIDE_RECURRENT, LORE_SIDE_BLOCK},
     "map to the recurrence gate, blocks of the diagonal one below the other"},
    {INSIDE(recurrence_gate_bias), 1, {LORE_SIDE_RECURRENT}, "bias of the recurrence gate"},
    {INSIDE(input_gate),
     2,
     {LORE_SIDE_RECURRENT, LORE_SIDE_BLOCK},
     "map to the input gate, blocks of the diagonal one below the other"},
    {INSIDE(input_gate_bias), 1, {LORE_SIDE_RECURRENT}, "bias of the input gate"},
    {INSIDE(lambda), 1, {LORE_SIDE_RECURRENT}, "logit of the RG-LRU's decay a"},
    {INSIDE(output),
     2,
     {LORE_SIDE_RECURRENT, LORE_SIDE_WIDTH},
     "map from the gated state to the residual stream"},
    {INSIDE(output_bias), 1, {LORE_SIDE_WIDTH}, "bias of the recurrent block's output"},
};

static const role mlp[] = {
    {INSIDE(mlp_norm), 1, {LORE_SIDE_WIDTH}, "gain of the norm before the MLP"},
    {INSIDE(mlp_norm_bias), 1, {LORE_SIDE_WIDTH}, "bias of the norm before the MLP"},
    {INSIDE(up), 2, {LORE_SIDE_WIDTH, LORE_SIDE_HIDDEN}, "map to the hidden units of the MLP"},
    {INSIDE(up_bias), 1, {LORE_SIDE_HIDDEN}, "biases of the hidden units of the MLP"},
    {INSIDE(down),
     2,
     {LORE_SIDE_HIDDEN, LORE_SIDE_WIDTH},
     "map from the hidden units to the residual stream"},
    {INSIDE(down_bias), 1, {LORE_SIDE_WIDTH}, "bias of the MLP's output"},
};

const char *lore_side_name(lore_side side) {
  static const char *const names[] = {"vocabulary", "context",  "width",     "qkv",   "attention",
                                      "hidden",     "branches", "recurrent", "block", "lag"};
  return names[side];
}

int64_t lore_side_length(const lore_model *model, lore_side side) {
  const lore_model_config *c = &model->config;
  const int64_t lengths[] = {[LORE_SIDE_VOCABULARY] = model->vocabulary,
                             [LORE_SIDE_CONTEXT] = model->context,
                             [LORE_SIDE_WIDTH] = c->width,
                             [LORE_SIDE_QKV] = 3 * c->width,
                             [LORE_SIDE_ATTENTION] = c->width,
                             [LORE_SIDE_HIDDEN] = c->hidden,
                             [LORE_SIDE_BRANCHES] = 2 * c->recurrent_width,
                             [LORE_SIDE_RECURRENT] = c->recurrent_width,
                             [LORE_SIDE_BLOCK] = c->recurrent_width / c->heads,
                             [LORE_SIDE_LAG] = LORE_CONVOLUTION_WIDTH};
  return lengths[side];
}

/* The role whose index, in the struct at `table`, is `index`; NULL if there is none. */
static const role *find(const role *roles, size_t count, const void *table, int index) {
  for (size_t i = 0; i < count; i++)
    if (*(const int *)((const char *)table + roles[i].offset) == index)
      return &roles[i];
  return NULL;
}

#define FIND(roles, table, index) find(roles, sizeof roles / sizeof *roles, table, index)

/* Of tensor `index` in a layer. */
static const role *find_inside(const lore_model *model, int layer, int index) {
  const lore_layer_tensors *table = &model->layer[layer];
  const role *r = model->config.mixer == LORE_MIXER_ATTENTION ? FIND(attention, table, index)
                                                              : FIND(recurrent, table, index);
  return r ? r : FIND(mlp, table, index);
}

/* Names the variable: tensor "layer_1/mlp/up" of the first moment is first_moment_layer_1_mlp_up.
 */
static void put_names(const lore_tensor *tensor, const char *long_name, bool in_layer,
                      lore_vector vector, lore_variable_layout *layout) {
  static const char *const prefixes[LORE_VECTORS] = {"", "first_moment_", "second_moment_"};
  static const char *const moments[LORE_VECTORS] = {"", "AdamW's mean of the gradient of ",
                                                    "AdamW's mean of the squared gradient of "};
  char layer[24] = "";
  if (in_layer)
    snprintf(layer, sizeof layer, "layer %d: ", tensor->layer + 1);
  snprintf(layout->long_name, sizeof layout->long_name, "%s%s%s", moments[vector], layer,
           long_name);
  snprintf(layout->name, sizeof layout->name, "%s%s", prefixes[vector], tensor->name);
  for (char *c = layout->name; *c; c++)
    if (*c == '/')
      *c = '_';
}

lore_variable_layout lore_checkpoint_variable(const lore_model *model, lore_vector vector,
                                              int index) {
  const lore_tensor *tensor = &model->tensor[index];
  lore_variable_layout layout = {0};
  int layer = tensor->layer;
  bool in_layer = layer >= 0 && layer < model->config.layers;
  const role *r = in_layer ? find_inside(model, layer, index) : FIND(outside, model, index);
  assert(r && (r->rank == 2 || tensor->rows == 1));
  layout.rank = r->rank;
  memcpy(layout.side, r->side, sizeof layout.side);
  assert(tensor->columns == lore_side_length(model, r->side[r->rank - 1]));
  assert(r->rank == 1 || tensor->rows == lore_side_length(model, r->side[0]));
  put_names(tensor, r->long_name, in_layer, vector, &layout);
  return layout;
}

int lore_checkpoint_settings(const lore_model *model,
                             lore_checkpoint_setting setting[LORE_CHECKPOINT_SETTINGS_MAX]) {
  static const char *const mixers[] = {
      [LORE_MIXER_ATTENTION] = "attention", [LORE_MIXER_RG_LRU] = "rg_lru"};
  static const char *const norms[] = {[LORE_NORM_RMS] = "rms", [LORE_NORM_LAYER] = "layer"};
  static const char *const positions[] = {[LORE_POSITIONS_ROTARY] = "rotary",
                                          [LORE_POSITIONS_LEARNED] = "learned",
                                          [LORE_POSITIONS_NONE] = "none"};
  static const char *const activations[] = {
      [LORE_ACTIVATION_GELU] = "gelu", [LORE_ACTIVATION_RELU] = "relu"};
  const lore_model_config *c = &model->config;
  const lore_checkpoint_setting all[LORE_CHECKPOINT_SETTINGS_MAX] = {
      {"model_mixer", mixers[c->mixer], 0, false},
      {"model_layers", NULL, c->layers, true},
      {"model_width", NULL, c->width, true},
      {"model_heads", NULL, c->heads, true},
      {"model_hidden", NULL, c->hidden, true},
      {"model_norm", norms[c->norm], 0, false},
      {"model_positions", positions[c->positions], 0, false},
      {"model_activation", activations[c->activation], 0, false},
      {"model_bias", NULL, c->bias, true},
      {"model_tied_embedding", NULL, c->tied_embedding, true},
      {"model_rotary_base", NULL, c->rotary_base, false},
      {"model_norm_epsilon", NULL, c->norm_epsilon, false},
      {"model_recurrent_width", NULL, c->recurrent_width, true},
  };
  memcpy(setting, all, sizeof all);
  return LORE_CHECKPOINT_SETTINGS_MAX - (c->mixer == LORE_MIXER_ATTENTION);
}
