/* The whole decoder for one sequence, in double, put together from naive.h. Finds its tensors by
 * name. */
#ifndef LORE_TESTS_NAIVE_DECODER_H
#define LORE_TESTS_NAIVE_DECODER_H

#include <stdarg.h>
#include <stdio.h>

#include "lore/model/model.h"
#include "naive.h"
#include "numbers.h"

typedef struct {
  const lore_model *model;
  const real *parameters;
  int tokens;
  double *x;         /* T x d, the residual stream */
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

static inline double *naive_mapped(const naive_pass *pass, int in, int out, const double *x,
                                   const double *weight, const double *bias) {
  double *y = numbers_zero((size_t)pass->tokens * (size_t)out);
  naive_linear(pass->tokens, in, out, x, weight, bias, y);
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
  const double *normed = naive_normed(pass, naive_tensor(pass, "layer_%d/attention/norm", l),
                                      naive_tensor(pass, "layer_%d/attention/norm_bias", l));
  const double *qkv =
      naive_mapped(pass, d, 3 * d, normed, naive_tensor(pass, "layer_%d/attention/qkv", l),
                   naive_tensor(pass, "layer_%d/attention/qkv_bias", l));
  naive_add(pass, naive_mapped(pass, d, d, naive_mixed(pass, layer, qkv),
                               naive_tensor(pass, "layer_%d/attention/output", l),
                               naive_tensor(pass, "layer_%d/attention/output_bias", l)));
}

/* One of the gates, as logits. */
static inline double *naive_gate(const naive_pass *pass, int l, const char *gate, const double *x) {
  const lore_model_config *c = &pass->model->config;
  double *y = numbers_zero((size_t)pass->tokens * (size_t)c->recurrent_width);
  naive_blocks(pass->tokens, c->recurrent_width, c->heads, x,
               naive_tensor(pass, "layer_%d/recurrent/%s_gate", l, gate),
               naive_tensor(pass, "layer_%d/recurrent/%s_gate_bias", l, gate), y);
  return y;
}

static inline void naive_recurrent_block(const naive_pass *pass, int l) {
  const lore_model_config *c = &pass->model->config;
  int d = c->width, w = c->recurrent_width, t = pass->tokens;
  size_t size = (size_t)t * (size_t)w;
  const double *normed = naive_normed(pass, naive_tensor(pass, "layer_%d/recurrent/norm", l),
                                      naive_tensor(pass, "layer_%d/recurrent/norm_bias", l));
  const double *branches =
      naive_mapped(pass, d, 2 * w, normed, naive_tensor(pass, "layer_%d/recurrent/branches", l),
                   naive_tensor(pass, "layer_%d/recurrent/branches_bias", l));
  double *in = numbers_zero(size), *x = numbers_zero(size), *h = numbers_zero(size);
  for (int i = 0; i < t * w; i++)
    in[i] = branches[i / w * 2 * w + w + i % w];
  naive_convolution(t, w, in, naive_tensor(pass, "layer_%d/recurrent/convolution", l),
                    naive_tensor(pass, "layer_%d/recurrent/convolution_bias", l), x);
  naive_rg_lru(t, w, naive_tensor(pass, "layer_%d/recurrent/lambda", l),
               naive_gate(pass, l, "recurrence", x), naive_gate(pass, l, "input", x), x, h);
  for (int i = 0; i < t * w; i++)
    h[i] *= naive_activation(LORE_ACTIVATION_GELU, branches[i / w * 2 * w + i % w]);
  naive_add(pass, naive_mapped(pass, w, d, h, naive_tensor(pass, "layer_%d/recurrent/output", l),
                               naive_tensor(pass, "layer_%d/recurrent/output_bias", l)));
}

static inline void naive_layer(const naive_pass *pass, int layer) {
  const lore_model_config *c = &pass->model->config;
  int d = c->width, l = layer + 1;
  if (c->mixer == LORE_MIXER_ATTENTION)
    naive_attention_block(pass, layer);
  else
    naive_recurrent_block(pass, l);
  const double *normed = naive_normed(pass, naive_tensor(pass, "layer_%d/mlp/norm", l),
                                      naive_tensor(pass, "layer_%d/mlp/norm_bias", l));
  double *up = naive_mapped(pass, d, c->hidden, normed, naive_tensor(pass, "layer_%d/mlp/up", l),
                            naive_tensor(pass, "layer_%d/mlp/up_bias", l));
  for (int i = 0; i < pass->tokens * c->hidden; i++)
    up[i] = naive_activation(c->activation, up[i]);
  naive_add(pass, naive_mapped(pass, c->hidden, d, up, naive_tensor(pass, "layer_%d/mlp/down", l),
                               naive_tensor(pass, "layer_%d/mlp/down_bias", l)));
}

static inline void naive_embed(const naive_pass *pass, const uint16_t *token) {
  int d = pass->model->config.width;
  const double *embedding = naive_tensor(pass, "embedding");
  const double *position = naive_tensor(pass, "position_embedding");
  for (int i = 0; i < pass->tokens * d; i++)
    pass->x[i] = embedding[token[i / d] * d + i % d] + (position ? position[i] : 0);
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
                     numbers_zero((size_t)(c->layers * c->heads) * t * t),
                     NULL};
  naive_embed(&pass, token);
  for (int l = 0; l < c->layers; l++)
    naive_layer(&pass, l);
  const double *x = naive_normed(&pass, naive_tensor(&pass, "final_norm"),
                                 naive_tensor(&pass, "final_norm_bias"));
  const double *head = naive_tensor(&pass, c->tied_embedding ? "embedding" : "head");
  double *across = numbers_zero((size_t)d * (size_t)v);
  for (int i = 0; i < v * d; i++)
    across[i % d * v + i / d] = head[i];
  pass.logits = naive_mapped(&pass, d, v, x, across, naive_tensor(&pass, "head_bias"));
  return pass;
}

#endif
