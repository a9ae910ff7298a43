/* The gradient of the whole decoder for one sequence, in double, put together from naive.h.
 * Operands of the products of linear maps and the head are rounded by hand as the model's precision
 * says: input and weights as in the forward pass, and the slopes of outputs, but not where these
 * are summed for biases or go through a norm, an activation, attention or a recurrence. */
#ifndef LORE_TESTS_NAIVE_BACKWARD_H
#define LORE_TESTS_NAIVE_BACKWARD_H

#include "naive_decoder.h"

typedef struct {
  const naive_pass *pass;
  double *x;        /* T x d, slopes of the residual stream */
  double *gradient; /* laid out as the parameters; added to */
} naive_slopes;

/* The slopes of tensor `name``suffix` of layer l, or outside of layers if l is 0; NULL where the
 * settings leave it out. */
static inline double *naive_slope_of(const naive_slopes *s, int l, const char *name,
                                     const char *suffix) {
  char layer[LORE_TENSOR_NAME_MAX] = "", whole[3 * LORE_TENSOR_NAME_MAX];
  if (l)
    snprintf(layer, sizeof layer, "layer_%d/", l);
  snprintf(whole, sizeof whole, "%s%s%s", layer, name, suffix);
  int index = lore_model_find(s->pass->model, whole);
  return index < 0 ? NULL : s->gradient + s->pass->model->tensor[index].offset;
}

static inline double *naive_slope(const naive_slopes *s, int l, const char *name) {
  return naive_slope_of(s, l, name, "");
}

static inline double *naive_slope_of_bias(const naive_slopes *s, int l, const char *name) {
  return naive_slope_of(s, l, name, "_bias");
}

static inline void naive_sum_rows(int tokens, int width, const double *dy, double *dbias) {
  for (int i = 0; dbias && i < tokens * width; i++)
    dbias[i % width] += dy[i];
}

/* Of y = x W + b: returns dx, adds to dweight. */
static inline double *naive_product_backward(const naive_slopes *s, int in, int out,
                                             const double *x, const double *weight,
                                             const double *dy, double *dweight) {
  lore_precision precision = s->pass->model->config.precision;
  size_t t = (size_t)s->pass->tokens;
  double *dx = numbers_zero(t * (size_t)in);
  naive_linear_backward(s->pass->tokens, in, out, naive_operands(precision, t * (size_t)in, x),
                        naive_operands(precision, (size_t)in * (size_t)out, weight),
                        naive_operands(precision, t * (size_t)out, dy), dx, dweight, NULL);
  return dx;
}

/* Of the map `name` of layer l: returns dx. */
static inline double *naive_map_backward(const naive_slopes *s, int l, const char *name, int in,
                                         int out, const double *x, const double *dy) {
  naive_sum_rows(s->pass->tokens, out, dy, naive_slope_of_bias(s, l, name));
  return naive_product_backward(s, in, out, x, naive_tensor(s->pass, "layer_%d/%s", l, name), dy,
                                naive_slope(s, l, name));
}

/* Adds to the slopes of the residual stream x. */
static inline void naive_normed_backward(const naive_slopes *s, int l, const char *name,
                                         const double *x, const double *dy) {
  const lore_model_config *c = &s->pass->model->config;
  const double *gain = l ? naive_tensor(s->pass, "layer_%d/%s", l, name) //
                         : naive_tensor(s->pass, "%s", name);
  naive_norm_backward(c->norm, s->pass->tokens, c->width, c->norm_epsilon, x, gain, dy, s->x,
                      naive_slope(s, l, name), naive_slope_of_bias(s, l, name));
}

/* dqkv of dmixed. */
static inline double *naive_mixed_backward(const naive_slopes *s, int layer, const double *dmixed) {
  const naive_pass *pass = s->pass;
  const lore_model_config *c = &pass->model->config;
  int t = pass->tokens, d = c->width, size = d / c->heads;
  int rotate = c->positions == LORE_POSITIONS_ROTARY;
  const double *qkv = pass->layer[layer].maps;
  double *dqkv = numbers_zero((size_t)t * 3 * (size_t)d);
  for (int h = 0; h < c->heads; h++) {
    size_t count = (size_t)t * (size_t)size;
    const double *p = pass->attention + (layer * c->heads + h) * t * t;
    double *dout = numbers_zero(count), *dpart[3];
    for (int i = 0; i < t * size; i++)
      dout[i] = dmixed[i / size * d + h * size + i % size];
    for (int part = 0; part < 3; part++)
      dpart[part] = numbers_zero(count);
    naive_attention_backward(t, size, naive_part(pass, qkv, h * size, rotate),
                             naive_part(pass, qkv, d + h * size, rotate),
                             naive_part(pass, qkv, 2 * d + h * size, 0), p, dout, dpart[0],
                             dpart[1], dpart[2]);
    for (int i = 0; i < t && rotate; i++)
      for (int part = 0; part < 2; part++)
        naive_rotate(i, size, c->rotary_base, 1, dpart[part] + i * size);
    for (int i = 0; i < 3 * t * size; i++) {
      int part = i / (t * size), at = i % (t * size);
      dqkv[at / size * 3 * d + part * d + h * size + at % size] = dpart[part][at];
    }
  }
  return dqkv;
}

static inline void naive_attention_block_backward(const naive_slopes *s, int layer) {
  const naive_values *v = &s->pass->layer[layer];
  int d = s->pass->model->config.width, l = layer + 1;
  const double *dmixed = naive_map_backward(s, l, "attention/output", d, d, v->mixed, s->x);
  naive_normed_backward(s, l, "attention/norm", v->x,
                        naive_map_backward(s, l, "attention/qkv", d, 3 * d, v->normed,
                                           naive_mixed_backward(s, layer, dmixed)));
}

/* Adds to dx. */
static inline void naive_gate_backward(const naive_slopes *s, int l, const char *name,
                                       const double *x, const double *dy, double *dx) {
  const lore_model_config *c = &s->pass->model->config;
  size_t width = (size_t)c->recurrent_width, size = (size_t)s->pass->tokens * width;
  naive_sum_rows(s->pass->tokens, c->recurrent_width, dy, naive_slope_of_bias(s, l, name));
  naive_blocks_backward(s->pass->tokens, c->recurrent_width, c->heads,
                        naive_operands(c->precision, size, x),
                        naive_operands(c->precision, width * width / (size_t)c->heads,
                                       naive_tensor(s->pass, "layer_%d/%s", l, name)),
                        naive_operands(c->precision, size, dy), dx, naive_slope(s, l, name));
}

/* The slopes of both branches: of the gating one's and of the state's product, `mixed`. */
static inline double *naive_branches_backward(const naive_slopes *s, int layer,
                                              const double *dmixed) {
  const naive_values *v = &s->pass->layer[layer];
  int w = s->pass->model->config.recurrent_width, t = s->pass->tokens, l = layer + 1;
  size_t size = (size_t)t * (size_t)w;
  double *dmaps = numbers_zero(2 * size), *in = numbers_zero(size), *din = numbers_zero(size);
  double *dh = numbers_zero(size), *dr = numbers_zero(size), *di = numbers_zero(size);
  double *dx = numbers_zero(size);
  for (int i = 0; i < t * w; i++) {
    int at = i / w * 2 * w + i % w;
    in[i] = v->maps[at + w];
    dh[i] = dmixed[i] * naive_activation(LORE_ACTIVATION_GELU, v->maps[at]);
    dmaps[at] = dmixed[i] * v->h[i] * naive_activation_slope(LORE_ACTIVATION_GELU, v->maps[at]);
  }
  naive_rg_lru_backward(t, w, naive_tensor(s->pass, "layer_%d/recurrent/lambda", l), v->recurrence,
                        v->input, v->convolved, v->h, dh, naive_slope(s, l, "recurrent/lambda"), dr,
                        di, dx);
  naive_gate_backward(s, l, "recurrent/recurrence_gate", v->convolved, dr, dx);
  naive_gate_backward(s, l, "recurrent/input_gate", v->convolved, di, dx);
  naive_convolution_backward(t, w, in, naive_tensor(s->pass, "layer_%d/recurrent/convolution", l),
                             dx, din, naive_slope(s, l, "recurrent/convolution"),
                             naive_slope(s, l, "recurrent/convolution_bias"));
  for (int i = 0; i < t * w; i++)
    dmaps[i / w * 2 * w + w + i % w] = din[i];
  return dmaps;
}

static inline void naive_recurrent_block_backward(const naive_slopes *s, int layer) {
  const naive_values *v = &s->pass->layer[layer];
  int d = s->pass->model->config.width, w = s->pass->model->config.recurrent_width, l = layer + 1;
  const double *dmixed = naive_map_backward(s, l, "recurrent/output", w, d, v->mixed, s->x);
  naive_normed_backward(s, l, "recurrent/norm", v->x,
                        naive_map_backward(s, l, "recurrent/branches", d, 2 * w, v->normed,
                                           naive_branches_backward(s, layer, dmixed)));
}

static inline void naive_layer_backward(const naive_slopes *s, int layer) {
  const lore_model_config *c = &s->pass->model->config;
  const naive_values *v = &s->pass->layer[layer];
  int d = c->width, l = layer + 1;
  double *dup = naive_map_backward(s, l, "mlp/down", c->hidden, d, v->activated, s->x);
  for (int i = 0; i < s->pass->tokens * c->hidden; i++)
    dup[i] *= naive_activation_slope(c->activation, v->up[i]);
  naive_normed_backward(s, l, "mlp/norm", v->middle,
                        naive_map_backward(s, l, "mlp/up", d, c->hidden, v->mlp_normed, dup));
  if (c->mixer == LORE_MIXER_ATTENTION)
    naive_attention_block_backward(s, layer);
  else
    naive_recurrent_block_backward(s, layer);
}

/* The head, from the logits to the residual stream; returns the sum of cross-entropies. */
static inline double naive_head_backward(const naive_slopes *s, const uint16_t *target,
                                         double scale) {
  const naive_pass *pass = s->pass;
  int d = pass->model->config.width, v = pass->model->vocabulary, t = pass->tokens;
  double loss = 0, *dlogits = numbers_zero((size_t)t * (size_t)v);
  double *dacross = numbers_zero((size_t)d * (size_t)v);
  for (int i = 0; i < t; i++) {
    double *row = dlogits + i * v;
    loss += naive_softmax(v, pass->logits + i * v, row) - pass->logits[i * v + target[i]];
    row[target[i]] -= 1;
    for (int j = 0; j < v; j++)
      row[j] *= scale;
  }
  naive_sum_rows(t, v, dlogits, naive_slope(s, 0, "head_bias"));
  const double *dfinal = naive_product_backward(
      s, d, v, pass->final, naive_transposed(v, d, naive_head(pass)), dlogits, dacross);
  double *dhead = naive_slope(s, 0, pass->model->config.tied_embedding ? "embedding" : "head");
  for (int i = 0; i < v * d; i++)
    dhead[i] += dacross[i % d * v + i / d];
  naive_normed_backward(s, 0, "final_norm", pass->x, dfinal);
  return loss;
}

/* Adds the gradient of scale * the sum of the sequence's cross-entropies to `gradient`, which is
 * laid out as the parameters; returns the sum. `pass` is naive_decoder's of `token`. */
static inline double naive_backward(const naive_pass *pass, const uint16_t *token,
                                    const uint16_t *target, double scale, double *gradient) {
  int d = pass->model->config.width;
  const naive_slopes s = {pass, numbers_zero((size_t)(pass->tokens * d)), gradient};
  double loss = naive_head_backward(&s, target, scale);
  for (int l = pass->model->config.layers - 1; l >= 0; l--)
    naive_layer_backward(&s, l);
  double *dembedding = naive_slope(&s, 0, "embedding");
  double *dposition = naive_slope(&s, 0, "position_embedding");
  for (int i = 0; i < pass->tokens * d; i++) {
    dembedding[token[i / d] * d + i % d] += s.x[i];
    if (dposition)
      dposition[i] += s.x[i];
  }
  return loss;
}

#endif
