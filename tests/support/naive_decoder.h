/* The whole decoder for one sequence, in double, put together from naive.h, with operands of linear
 * maps and the head rounded as the model's precision says. Finds its tensors by name. */
#ifndef LORE_TESTS_NAIVE_DECODER_H
#define LORE_TESTS_NAIVE_DECODER_H

#include <stdarg.h>
#include <stdio.h>

#include "lore/model/model.h"
#include "naive.h"
#include "numbers.h"

/* What a layer has computed, T rows each: what a gradient needs. */
typedef struct {
  double *x, *normed; /* the residual stream on entry */
  double *maps;       /* queries, keys and values of all heads, or the branches of an RG-LRU */
  double *convolved, *recurrence, *input, *h; /* of an RG-LRU; gates as logits */
  double *mixed;
  double *middle, *mlp_normed, *up, *activated; /* the residual stream before the MLP */
} naive_values;

typedef struct {
  const lore_model *model;
  const real *parameters;
  int tokens;
  double *x; /* T x d, the residual stream */
  naive_values *layer;
  double *final;     /* T x d, after the last norm */
  double *attention; /* (layer * heads + head) * T * T + query * T + key */
  double *logits;    /* T x V */
} naive_pass;

/* The tensor called `format`, or NULL where the settings leave it out. */
static inline const double *naive_tensor(const naive_pass *pass, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline const double *naive_tensor(const naive_pass *pass, const char *format, ...) {
  char name[2 * LORE_TENSOR_NAME_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(name, sizeof name, format, arguments);
  va_end(arguments);
  int index = lore_model_find(pass->model, name);
  if (index < 0)
    return NULL;
  const lore_tensor *t = &pass->model->tensor[index];
  return numbers_wide(pass->parameters + t->offset, (size_t)t->rows * (size_t)t->columns);
}

static inline double *naive_normed(const naive_pass *pass, const double *gain, const double *bias) {
  const lore_model_config *c = &pass->model->config;
  double *y = numbers_zero((size_t)pass->tokens * (size_t)c->width);
  naive_norm(c->norm, pass->tokens, c->width, c->norm_epsilon, pass->x, gain, bias, y);
  return y;
}

/* The residual stream as it is now. */
static inline double *naive_stream(const naive_pass *pass) {
  size_t count = (size_t)pass->tokens * (size_t)pass->model->config.width;
  return memcpy(numbers_zero(count), pass->x, count * sizeof *pass->x);
}

static inline double *naive_mapped(const naive_pass *pass, int in, int out, const double *x,
                                   const double *weight, const double *bias) {
  lore_precision precision = pass->model->config.precision;
  double *y = numbers_zero((size_t)pass->tokens * (size_t)out);
  naive_linear(pass->tokens, in, out,
               naive_operands(precision, (size_t)pass->tokens * (size_t)in, x),
               naive_operands(precision, (size_t)in * (size_t)out, weight), bias, y);
  return y;
}

static inline void naive_add(const naive_pass *pass, const double *y) {
  for (int i = 0; i < pass->tokens * pass->model->config.width; i++)
    pass->x[i] += y[i];
}

/* Columns [from, from + size) of the T x 3d matrix `qkv`, rotated if `rotate`. */
static inline double *naive_part(const naive_pass *pass, const double *qkv, int from, int rotate) {
  const lore_model_config *c = &pass->model->config;
  int size = c->width / c->heads;
  double *part = numbers_zero((size_t)pass->tokens * (size_t)size);
  for (int t = 0; t < pass->tokens; t++) {
    for (int i = 0; i < size; i++)
      part[t * size + i] = qkv[t * 3 * c->width + from + i];
    if (rotate)
      naive_rotate(t, size, c->rotary_base, 0, part + t * size);
  }
  return part;
}

static inline double *naive_mixed(const naive_pass *pass, int layer, const double *qkv) {
  const lore_model_config *c = &pass->model->config;
  int t = pass->tokens, d = c->width, size = d / c->heads;
  int rotate = c->positions == LORE_POSITIONS_ROTARY;
  double *mixed = numbers_zero((size_t)t * (size_t)d);
  double *out = numbers_zero((size_t)t * (size_t)size);
  for (int h = 0; h < c->heads; h++) {
    const double *q = naive_part(pass, qkv, h * size, rotate);
    const double *k = naive_part(pass, qkv, d + h * size, rotate);
    const double *v = naive_part(pass, qkv, 2 * d + h * size, 0);
    naive_attention(t, size, q, k, v, pass->attention + (layer * c->heads + h) * t * t, out);
    for (int i = 0; i < t * size; i++)
      mixed[i / size * d + h * size + i % size] = out[i];
  }
  return mixed;
}

static inline void naive_attention_block(const naive_pass *pass, int layer) {
  int d = pass->model->config.width, l = layer + 1; /* names count from 1 */
  naive_values *v = &pass->layer[layer];
  v->normed = naive_normed(pass, naive_tensor(pass, "layer_%d/attention/norm", l),
                           naive_tensor(pass, "layer_%d/attention/norm_bias", l));
  v->maps = naive_mapped(pass, d, 3 * d, v->normed, naive_tensor(pass, "layer_%d/attention/qkv", l),
                         naive_tensor(pass, "layer_%d/attention/qkv_bias", l));
  v->mixed = naive_mixed(pass, layer, v->maps);
  naive_add(pass,
            naive_mapped(pass, d, d, v->mixed, naive_tensor(pass, "layer_%d/attention/output", l),
                         naive_tensor(pass, "layer_%d/attention/output_bias", l)));
}

/* One of the gates, as logits. */
static inline double *naive_gate(const naive_pass *pass, int l, const char *gate, const double *x) {
  const lore_model_config *c = &pass->model->config;
  size_t width = (size_t)c->recurrent_width, size = (size_t)pass->tokens * width;
  const double *weight = naive_tensor(pass, "layer_%d/recurrent/%s_gate", l, gate);
  double *y = numbers_zero(size);
  naive_blocks(pass->tokens, c->recurrent_width, c->heads, naive_operands(c->precision, size, x),
               naive_operands(c->precision, width * width / (size_t)c->heads, weight),
               naive_tensor(pass, "layer_%d/recurrent/%s_gate_bias", l, gate), y);
  return y;
}

static inline void naive_recurrent_block(const naive_pass *pass, int layer) {
  const lore_model_config *c = &pass->model->config;
  int d = c->width, w = c->recurrent_width, t = pass->tokens, l = layer + 1;
  size_t size = (size_t)t * (size_t)w;
  naive_values *v = &pass->layer[layer];
  v->normed = naive_normed(pass, naive_tensor(pass, "layer_%d/recurrent/norm", l),
                           naive_tensor(pass, "layer_%d/recurrent/norm_bias", l));
  v->maps =
      naive_mapped(pass, d, 2 * w, v->normed, naive_tensor(pass, "layer_%d/recurrent/branches", l),
                   naive_tensor(pass, "layer_%d/recurrent/branches_bias", l));
  double *in = numbers_zero(size);
  v->convolved = numbers_zero(size);
  v->h = numbers_zero(size);
  v->mixed = numbers_zero(size);
  for (int i = 0; i < t * w; i++)
    in[i] = v->maps[i / w * 2 * w + w + i % w];
  naive_convolution(t, w, in, naive_tensor(pass, "layer_%d/recurrent/convolution", l),
                    naive_tensor(pass, "layer_%d/recurrent/convolution_bias", l), v->convolved);
  v->recurrence = naive_gate(pass, l, "recurrence", v->convolved);
  v->input = naive_gate(pass, l, "input", v->convolved);
  naive_rg_lru(t, w, naive_tensor(pass, "layer_%d/recurrent/lambda", l), v->recurrence, v->input,
               v->convolved, v->h);
  for (int i = 0; i < t * w; i++)
    v->mixed[i] = v->h[i] * naive_activation(LORE_ACTIVATION_GELU, v->maps[i / w * 2 * w + i % w]);
  naive_add(pass,
            naive_mapped(pass, w, d, v->mixed, naive_tensor(pass, "layer_%d/recurrent/output", l),
                         naive_tensor(pass, "layer_%d/recurrent/output_bias", l)));
}

static inline void naive_layer(const naive_pass *pass, int layer) {
  const lore_model_config *c = &pass->model->config;
  int d = c->width, l = layer + 1;
  naive_values *v = &pass->layer[layer];
  v->x = naive_stream(pass);
  if (c->mixer == LORE_MIXER_ATTENTION)
    naive_attention_block(pass, layer);
  else
    naive_recurrent_block(pass, layer);
  v->middle = naive_stream(pass);
  v->mlp_normed = naive_normed(pass, naive_tensor(pass, "layer_%d/mlp/norm", l),
                               naive_tensor(pass, "layer_%d/mlp/norm_bias", l));
  v->up = naive_mapped(pass, d, c->hidden, v->mlp_normed, naive_tensor(pass, "layer_%d/mlp/up", l),
                       naive_tensor(pass, "layer_%d/mlp/up_bias", l));
  v->activated = numbers_zero((size_t)pass->tokens * (size_t)c->hidden);
  for (int i = 0; i < pass->tokens * c->hidden; i++)
    v->activated[i] = naive_activation(c->activation, v->up[i]);
  naive_add(pass, naive_mapped(pass, c->hidden, d, v->activated,
                               naive_tensor(pass, "layer_%d/mlp/down", l),
                               naive_tensor(pass, "layer_%d/mlp/down_bias", l)));
}

static inline void naive_embed(const naive_pass *pass, const uint16_t *token) {
  int d = pass->model->config.width;
  const double *embedding = naive_tensor(pass, "embedding");
  const double *position = naive_tensor(pass, "position_embedding");
  for (int i = 0; i < pass->tokens * d; i++)
    pass->x[i] = embedding[token[i / d] * d + i % d] + (position ? position[i] : 0);
}

/* The head's weights: V x d as they are stored. */
static inline const double *naive_head(const naive_pass *pass) {
  return naive_tensor(pass, pass->model->config.tied_embedding ? "embedding" : "head");
}

/* rows x columns, the other way round. */
static inline double *naive_transposed(int rows, int columns, const double *x) {
  double *y = numbers_zero((size_t)rows * (size_t)columns);
  for (int i = 0; i < rows * columns; i++)
    y[i % columns * rows + i / columns] = x[i];
  return y;
}

/* Logits and attention of the sequence `token`. */
static inline naive_pass naive_decoder(const lore_model *model, const real *parameters, int tokens,
                                       const uint16_t *token) {
  const lore_model_config *c = &model->config;
  int d = c->width, v = model->vocabulary;
  size_t t = (size_t)tokens;
  naive_pass pass = {model,
                     parameters,
                     tokens,
                     numbers_zero(t * (size_t)d),
                     numbers_take(sizeof(naive_values) * (size_t)c->layers),
                     NULL,
                     numbers_zero((size_t)(c->layers * c->heads) * t * t),
                     NULL};
  naive_embed(&pass, token);
  for (int l = 0; l < c->layers; l++)
    naive_layer(&pass, l);
  pass.final = naive_normed(&pass, naive_tensor(&pass, "final_norm"),
                            naive_tensor(&pass, "final_norm_bias"));
  pass.logits = naive_mapped(&pass, d, v, pass.final, naive_transposed(v, d, naive_head(&pass)),
                             naive_tensor(&pass, "head_bias"));
  return pass;
}

#endif
