/* The decoder: wiring of the layers, forward and backward. */
#include "lore/model/decoder.h"

#include <assert.h>
#include <string.h>

#include "lore/model/gemm.h"
#include "lore/model/kernels.h"
#include "mixer.h"
#include "pass.h"

static void report_range(const lore_train_watch *watch, int range) {
  if (watch)
    watch->ready(watch->context, range);
}

static void await_range(const lore_train_watch *watch, int range) {
  if (watch)
    watch->needed(watch->context, range);
}

static const lore_mixer_ops *mixer_of(const lore_pass *pass) {
  return lore_mixer_ops_of(pass->model->config.mixer);
}

/* Where each sequence's probabilities begin; the same in every layer. */
static void place_sequences(lore_workspace *w, const lore_model *model, const lore_batch *shard) {
  assert(shard->tokens <= w->tokens && shard->sequences <= w->sequences);
  size_t at = 0;
  w->sequences_used = shard->sequences;
  for (int s = 0; s < shard->sequences; s++) {
    w->length[s] = shard->offset[s + 1] - shard->offset[s];
    assert(w->length[s] <= model->context);
    w->probability_at[s] = at;
    at += (size_t)w->length[s] * (size_t)lore_kernels()->attention_stride(w->length[s]) *
          (size_t)model->config.heads;
  }
}

static void norm_mixer_input(const lore_pass *pass, int l) {
  const lore_model_config *c = &pass->model->config;
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_layer_state *s = &pass->workspace->layer[l];
  lore_kernels()->norm_forward(c->norm, pass->shard->tokens, c->width, c->norm_epsilon, s->x,
                               lore_pass_weight(pass, t->mixer_norm),
                               lore_pass_weight(pass, t->mixer_norm_bias), s->normed, s->mean,
                               s->scale);
}

/* The stream on entry is state->x; the stream on exit goes to `out`. */
static void layer_forward(const lore_pass *pass, int l, const lore_train_watch *watch, real *out) {
  const lore_model_config *c = &pass->model->config;
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_layer_state *s = &pass->workspace->layer[l];
  int tokens = pass->shard->tokens, d = c->width;
  norm_mixer_input(pass, l);
  mixer_of(pass)->forward(pass, l);
  report_range(watch, -1);
  lore_kernels()->linear_forward(c->precision, tokens, lore_workspace_mixed_width(pass->model), d,
                                 s->mixed, lore_pass_weight(pass, t->output),
                                 lore_pass_weight(pass, t->output_bias), s->x, s->x_middle);
  lore_kernels()->norm_forward(
      c->norm, tokens, d, c->norm_epsilon, s->x_middle, lore_pass_weight(pass, t->mlp_norm),
      lore_pass_weight(pass, t->mlp_norm_bias), s->mlp_normed, s->mlp_mean, s->mlp_scale);
  lore_kernels()->linear_forward(c->precision, tokens, d, c->hidden, s->mlp_normed,
                                 lore_pass_weight(pass, t->up), lore_pass_weight(pass, t->up_bias),
                                 NULL, s->up);
  report_range(watch, -1);
  lore_kernels()->activation_forward(c->activation, (size_t)tokens * (size_t)c->hidden, s->up,
                                     s->activated);
  lore_kernels()->linear_forward(c->precision, tokens, c->hidden, d, s->activated,
                                 lore_pass_weight(pass, t->down),
                                 lore_pass_weight(pass, t->down_bias), s->x_middle, out);
}

/* Turns the gradient of the stream on exit (workspace->dx) into that on entry. */
static void layer_backward(const lore_pass *pass, int l, const lore_train_watch *watch) {
  const lore_model_config *c = &pass->model->config;
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_workspace *w = pass->workspace;
  lore_layer_state *s = &w->layer[l];
  int tokens = pass->shard->tokens, d = c->width;
  lore_kernels()->linear_backward(
      c->precision, tokens, c->hidden, d, s->activated, lore_pass_weight(pass, t->down), w->dx,
      w->dup, lore_pass_slope(pass, t->down), lore_pass_slope(pass, t->down_bias));
  report_range(watch, -1);
  lore_kernels()->activation_backward(c->activation, (size_t)tokens * (size_t)c->hidden, s->up,
                                      w->dup, w->dup);
  lore_kernels()->linear_backward(c->precision, tokens, d, c->hidden, s->mlp_normed,
                                  lore_pass_weight(pass, t->up), w->dup, w->dnormed,
                                  lore_pass_slope(pass, t->up), lore_pass_slope(pass, t->up_bias));
  lore_kernels()->norm_backward(c->norm, tokens, d, s->x_middle,
                                lore_pass_weight(pass, t->mlp_norm), s->mlp_mean, s->mlp_scale,
                                w->dnormed, w->dx, lore_pass_slope(pass, t->mlp_norm),
                                lore_pass_slope(pass, t->mlp_norm_bias));
  report_range(watch, -1);
  lore_kernels()->linear_backward(c->precision, tokens, lore_workspace_mixed_width(pass->model), d,
                                  s->mixed, lore_pass_weight(pass, t->output), w->dx, w->dmixed,
                                  lore_pass_slope(pass, t->output),
                                  lore_pass_slope(pass, t->output_bias));
  report_range(watch, -1);
  mixer_of(pass)->backward(pass, l);
  lore_kernels()->norm_backward(c->norm, tokens, d, s->x, lore_pass_weight(pass, t->mixer_norm),
                                s->mean, s->scale, w->dnormed, w->dx,
                                lore_pass_slope(pass, t->mixer_norm),
                                lore_pass_slope(pass, t->mixer_norm_bias));
}

static void embed_shard(const lore_pass *pass) {
  const lore_batch *shard = pass->shard;
  place_sequences(pass->workspace, pass->model, shard);
  lore_kernels()->embedding_forward(
      shard->sequences, shard->offset, shard->token, pass->model->config.width,
      lore_pass_weight(pass, pass->model->embedding),
      lore_pass_weight(pass, pass->model->position_embedding), pass->workspace->layer[0].x);
}

static void report_level(const lore_stream_watch *watch, int level, const real *stream) {
  if (watch)
    watch->level(watch->context, level, stream);
}

/* Embedding and all layers; the final stream is in workspace->x. Each watch may be NULL. */
static void stream_forward(const lore_pass *pass, const lore_stream_watch *watch,
                           const lore_train_watch *train) {
  lore_workspace *w = pass->workspace;
  int layers = pass->model->config.layers;
  int range = pass->model->head != pass->model->embedding ? layers + 1 : layers;
  await_range(train, range);
  embed_shard(pass);
  report_level(watch, 0, w->layer[0].x);
  for (int l = 0; l < layers; l++) {
    real *out = l + 1 < layers ? w->layer[l + 1].x : w->x;
    await_range(train, --range);
    layer_forward(pass, l, train, out);
    report_level(watch, l + 1, out);
  }
}

void lore_decoder_attend(const lore_model *model, const real *parameters, const lore_batch *shard,
                         lore_workspace *w) {
  const lore_pass pass = {model, parameters, NULL, shard, w};
  int last = model->config.layers - 1;
  assert(!w->patterns && mixer_of(&pass)->attend);
  embed_shard(&pass);
  for (int l = 0; l < last; l++)
    layer_forward(&pass, l, NULL, w->layer[l + 1].x);
  norm_mixer_input(&pass, last);
  mixer_of(&pass)->attend(&pass, last);
}

static void embedding_backward(const lore_pass *pass) {
  const lore_model *model = pass->model;
  const lore_batch *shard = pass->shard;
  real *dembedding = lore_pass_slope(pass, model->embedding);
  real *dposition = lore_pass_slope(pass, model->position_embedding);
  size_t row = sizeof(real) * (size_t)model->config.width;
  if (model->head != model->embedding) /* else the head has written it already */
    memset(dembedding, 0, row * (size_t)model->vocabulary);
  if (dposition)
    memset(dposition, 0, row * (size_t)model->context);
  lore_kernels()->embedding_backward(shard->sequences, shard->offset, shard->token,
                                     model->config.width, pass->workspace->dx, dembedding,
                                     dposition);
}

int lore_decoder_ranges(const lore_model *model, int64_t *bound) {
  int ranges = 0;
  bound[0] = model->elements;
  if (model->head != model->embedding) /* else only a norm, which goes with the last layer */
    bound[++ranges] = model->tensor[model->final_norm].offset;
  for (int l = model->config.layers - 1; l >= 0; l--)
    bound[++ranges] = model->tensor[model->layer[l].mixer_norm].offset;
  bound[++ranges] = 0;
  return ranges;
}

double lore_decoder_train(const lore_model *model, const real *parameters, const lore_batch *shard,
                          double scale, lore_workspace *w, real *gradient,
                          const lore_train_watch *watch) {
  const lore_pass pass = {model, parameters, gradient, shard, w};
  const lore_model_config *c = &model->config;
  assert(w->use == LORE_FORWARD_BACKWARD);
  stream_forward(&pass, NULL, watch);
  await_range(watch, 0);
  lore_kernels()->norm_forward(c->norm, shard->tokens, c->width, c->norm_epsilon, w->x,
                               lore_pass_weight(&pass, model->final_norm),
                               lore_pass_weight(&pass, model->final_norm_bias), w->final_normed,
                               w->final_mean, w->final_scale);
  double loss = lore_kernels()->head_train(c->precision, shard->tokens, c->width, model->vocabulary,
                                           w->final_normed, lore_pass_weight(&pass, model->head),
                                           lore_pass_weight(&pass, model->head_bias), shard->target,
                                           scale, w->dnormed, lore_pass_slope(&pass, model->head),
                                           lore_pass_slope(&pass, model->head_bias), w->head);
  memset(w->dx, 0, sizeof(real) * (size_t)shard->tokens * (size_t)c->width);
  lore_kernels()->norm_backward(
      c->norm, shard->tokens, c->width, w->x, lore_pass_weight(&pass, model->final_norm),
      w->final_mean, w->final_scale, w->dnormed, w->dx, lore_pass_slope(&pass, model->final_norm),
      lore_pass_slope(&pass, model->final_norm_bias));
  int range = 0;
  if (model->head != model->embedding)
    report_range(watch, range++);
  for (int l = c->layers - 1; l >= 0; l--) {
    layer_backward(&pass, l, watch);
    report_range(watch, range++);
  }
  embedding_backward(&pass);
  report_range(watch, range);
  return loss;
}

/* Norm and head of scores->count rows of `x`, whose targets are in workspace->target. */
static void score_rows(const lore_pass *pass, const real *x, lore_scores *scores) {
  const lore_model *model = pass->model;
  const lore_model_config *c = &model->config;
  lore_workspace *w = pass->workspace;
  lore_kernels()->norm_forward(c->norm, scores->count, c->width, c->norm_epsilon, x,
                               lore_pass_weight(pass, model->final_norm),
                               lore_pass_weight(pass, model->final_norm_bias), w->final_normed,
                               w->final_mean, w->final_scale);
  lore_kernels()->head_score(c->precision, scores->count, c->width, model->vocabulary,
                             w->final_normed, lore_pass_weight(pass, model->head),
                             lore_pass_weight(pass, model->head_bias), w->target, scores->loss,
                             scores->correct, scores->top, scores->entropy, w->head);
}

void lore_decoder_score(const lore_model *model, const real *parameters, const lore_batch *shard,
                        lore_workspace *w, const lore_stream_watch *watch, lore_scores *scores) {
  const lore_pass pass = {model, parameters, NULL, shard, w};
  size_t d = (size_t)model->config.width;
  stream_forward(&pass, watch, NULL);
  /* Positions ascend, so rows can be gathered in place. */
  for (int i = 0; i < scores->count; i++) {
    memmove(w->x + (size_t)i * d, w->x + (size_t)scores->position[i] * d, sizeof(real) * d);
    w->target[i] = shard->target[scores->position[i]];
  }
  score_rows(&pass, w->x, scores);
}

void lore_decoder_lens(const lore_model *model, const real *parameters, const real *stream,
                       const uint16_t *target, lore_workspace *w, lore_scores *scores) {
  const lore_pass pass = {model, parameters, NULL, NULL, w};
  const size_t d = (size_t)model->config.width;
  real *rows = w->layer[0].normed; /* free between layers, as no backward pass will read it */
  assert(scores->count <= w->tokens && w->use == LORE_FORWARD_ONLY);
  for (int i = 0; i < scores->count; i++) {
    memcpy(rows + (size_t)i * d, stream + (size_t)scores->position[i] * d, sizeof(real) * d);
    w->target[i] = target[i];
  }
  score_rows(&pass, rows, scores);
}

const real *lore_decoder_attention(const lore_workspace *w, int layer, int head, int sequence,
                                   int *stride) {
  assert(sequence < w->sequences_used && w->layer[layer].probability);
  *stride = lore_kernels()->attention_stride(w->length[sequence]);
  return lore_workspace_probability(w->patterns ? w->patterns : w, layer, head, sequence);
}

int lore_decoder_gemm_shapes(const lore_model *model, int tokens, lore_gemm_shape *shape) {
  const lore_model_config *c = &model->config;
  int d = c->width, v = model->vocabulary, rows = tokens < LORE_HEAD_ROWS ? tokens : LORE_HEAD_ROWS;
  int chunks = (tokens + rows - 1) / rows;
  lore_gemm_shape *first = shape;
  shape = lore_mixer_ops_of(c->mixer)->gemm_shapes(c, tokens, shape);
  shape = lore_linear_shapes(shape, tokens, d, c->hidden, c->layers);
  shape = lore_linear_shapes(shape, tokens, c->hidden, d, c->layers);
  rows = (tokens + chunks - 1) / chunks;
  *shape++ = (lore_gemm_shape){LORE_PLAIN, LORE_TRANSPOSED, rows, v, d, chunks};
  *shape++ = (lore_gemm_shape){LORE_PLAIN, LORE_PLAIN, rows, d, v, chunks};
  *shape++ = (lore_gemm_shape){LORE_TRANSPOSED, LORE_PLAIN, v, d, rows, chunks};
  assert(shape - first <= LORE_GEMM_SHAPES_MAX);
  return (int)(shape - first);
}
