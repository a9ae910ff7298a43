/* The decoder: wiring of the layers, forward and backward. */
#include "lore/model/decoder.h"

#include <assert.h>
#include <string.h>

#include "layers.h"
#include "pass.h"

static void tell(const lore_pass *pass, int range) {
  if (pass->watch)
    pass->watch->ready(pass->watch->context, range);
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
    at += (size_t)w->length[s] * (size_t)lore_attention_stride(w->length[s]) *
          (size_t)model->config.heads;
  }
}

/* Queries, keys and values of a layer, queries and keys rotated. */
static void project(const lore_pass *pass, int l) {
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_workspace *w = pass->workspace;
  lore_layer_state *s = &w->layer[l];
  int d = pass->model->config.width, heads = pass->model->config.heads;
  lore_linear_forward(pass->shard->tokens, d, 3 * d, s->normed, lore_pass_weight(pass, t->qkv),
                      lore_pass_weight(pass, t->qkv_bias), NULL, s->qkv);
  for (int i = 0; w->cosine && i < pass->shard->sequences; i++) /* 2 * heads heads side by side */
    lore_rotary_apply(w->length[i], 2 * heads, d / heads, 3 * d, w->cosine, w->sine, 0,
                      s->qkv + (size_t)pass->shard->offset[i] * 3 * (size_t)d);
}

static void mix_forward(const lore_pass *pass, int l) {
  lore_workspace *w = pass->workspace;
  lore_layer_state *state = &w->layer[l];
  int d = pass->model->config.width, heads = pass->model->config.heads, size = d / heads;
  for (int s = 0; s < pass->shard->sequences; s++) {
    size_t at = (size_t)pass->shard->offset[s];
    const real *qkv = state->qkv + at * 3 * (size_t)d;
    for (int h = 0; h < heads; h++)
      lore_attention_forward(w->length[s], size, 3 * d, qkv + h * size, qkv + d + h * size,
                             qkv + 2 * d + h * size, lore_workspace_probability(w, l, h, s), d,
                             state->mixed + at * (size_t)d + h * size, w->attention);
  }
}

static void mix_backward(const lore_pass *pass, int l) {
  lore_workspace *w = pass->workspace;
  lore_layer_state *state = &w->layer[l];
  int d = pass->model->config.width, heads = pass->model->config.heads, size = d / heads;
  for (int s = 0; s < pass->shard->sequences; s++) {
    size_t at = (size_t)pass->shard->offset[s];
    const real *qkv = state->qkv + at * 3 * (size_t)d;
    real *dqkv = w->dqkv + at * 3 * (size_t)d;
    for (int h = 0; h < heads; h++)
      lore_attention_backward(w->length[s], size, 3 * d, qkv + h * size, qkv + d + h * size,
                              qkv + 2 * d + h * size, lore_workspace_probability(w, l, h, s), d,
                              w->dmixed + at * (size_t)d + h * size, 3 * d, dqkv + h * size,
                              dqkv + d + h * size, dqkv + 2 * d + h * size, w->attention);
    if (w->cosine)
      lore_rotary_apply(w->length[s], 2 * heads, size, 3 * d, w->cosine, w->sine, 1, dqkv);
  }
}

/* Normed stream to mixed one, the linear map into the stream left out. */
static void mixer_forward(const lore_pass *pass, int l) {
  if (pass->model->config.mixer == LORE_MIXER_RG_LRU) {
    lore_recurrent_block_forward(pass, l);
  } else if (pass->workspace->patterns) {
    lore_patched_forward(pass, l);
  } else {
    project(pass, l);
    mix_forward(pass, l);
  }
}

/* workspace->dmixed to workspace->dnormed. */
static void mixer_backward(const lore_pass *pass, int l) {
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_workspace *w = pass->workspace;
  int d = pass->model->config.width;
  if (pass->model->config.mixer == LORE_MIXER_RG_LRU) {
    lore_recurrent_block_backward(pass, l);
  } else if (w->patterns) {
    lore_patched_backward(pass, l);
  } else {
    mix_backward(pass, l);
    lore_linear_backward(pass->shard->tokens, d, 3 * d, w->layer[l].normed,
                         lore_pass_weight(pass, t->qkv), w->dqkv, w->dnormed,
                         lore_pass_slope(pass, t->qkv), lore_pass_slope(pass, t->qkv_bias));
  }
}

/* Columns of `mixed`. */
static int mixed_width(const lore_model *model, int l) {
  return model->tensor[model->layer[l].output].rows;
}

static void mixer_input(const lore_pass *pass, int l) {
  const lore_model_config *c = &pass->model->config;
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_layer_state *s = &pass->workspace->layer[l];
  lore_norm_forward(c->norm, pass->shard->tokens, c->width, c->norm_epsilon, s->x,
                    lore_pass_weight(pass, t->mixer_norm),
                    lore_pass_weight(pass, t->mixer_norm_bias), s->normed, s->mean, s->scale);
}

/* The stream on entry is state->x; the stream on exit goes to `out`. */
static void layer_forward(const lore_pass *pass, int l, real *out) {
  const lore_model_config *c = &pass->model->config;
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_layer_state *s = &pass->workspace->layer[l];
  int tokens = pass->shard->tokens, d = c->width;
  mixer_input(pass, l);
  mixer_forward(pass, l);
  lore_linear_forward(tokens, mixed_width(pass->model, l), d, s->mixed,
                      lore_pass_weight(pass, t->output), lore_pass_weight(pass, t->output_bias),
                      s->x, s->x_middle);
  lore_norm_forward(c->norm, tokens, d, c->norm_epsilon, s->x_middle,
                    lore_pass_weight(pass, t->mlp_norm), lore_pass_weight(pass, t->mlp_norm_bias),
                    s->mlp_normed, s->mlp_mean, s->mlp_scale);
  lore_linear_forward(tokens, d, c->hidden, s->mlp_normed, lore_pass_weight(pass, t->up),
                      lore_pass_weight(pass, t->up_bias), NULL, s->up);
  lore_activation_forward(c->activation, (size_t)tokens * (size_t)c->hidden, s->up, s->activated);
  lore_linear_forward(tokens, c->hidden, d, s->activated, lore_pass_weight(pass, t->down),
                      lore_pass_weight(pass, t->down_bias), s->x_middle, out);
}

/* Turns the gradient of the stream on exit (workspace->dx) into that on entry. */
static void layer_backward(const lore_pass *pass, int l) {
  const lore_model_config *c = &pass->model->config;
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_workspace *w = pass->workspace;
  lore_layer_state *s = &w->layer[l];
  int tokens = pass->shard->tokens, d = c->width;
  lore_linear_backward(tokens, c->hidden, d, s->activated, lore_pass_weight(pass, t->down), w->dx,
                       w->dup, lore_pass_slope(pass, t->down), lore_pass_slope(pass, t->down_bias));
  tell(pass, -1);
  lore_activation_backward(c->activation, (size_t)tokens * (size_t)c->hidden, s->up, w->dup,
                           w->dup);
  lore_linear_backward(tokens, d, c->hidden, s->mlp_normed, lore_pass_weight(pass, t->up), w->dup,
                       w->dnormed, lore_pass_slope(pass, t->up), lore_pass_slope(pass, t->up_bias));
  lore_norm_backward(c->norm, tokens, d, s->x_middle, lore_pass_weight(pass, t->mlp_norm),
                     s->mlp_mean, s->mlp_scale, w->dnormed, w->dx,
                     lore_pass_slope(pass, t->mlp_norm), lore_pass_slope(pass, t->mlp_norm_bias));
  tell(pass, -1);
  lore_linear_backward(tokens, mixed_width(pass->model, l), d, s->mixed,
                       lore_pass_weight(pass, t->output), w->dx, w->dmixed,
                       lore_pass_slope(pass, t->output), lore_pass_slope(pass, t->output_bias));
  tell(pass, -1);
  mixer_backward(pass, l);
  lore_norm_backward(c->norm, tokens, d, s->x, lore_pass_weight(pass, t->mixer_norm), s->mean,
                     s->scale, w->dnormed, w->dx, lore_pass_slope(pass, t->mixer_norm),
                     lore_pass_slope(pass, t->mixer_norm_bias));
}

static void embed(const lore_pass *pass) {
  const lore_batch *shard = pass->shard;
  place_sequences(pass->workspace, pass->model, shard);
  lore_embedding_forward(shard->sequences, shard->offset, shard->token, pass->model->config.width,
                         lore_pass_weight(pass, pass->model->embedding),
                         lore_pass_weight(pass, pass->model->position_embedding),
                         pass->workspace->layer[0].x);
}

static void show(const lore_stream_watch *watch, int level, const real *stream) {
  if (watch)
    watch->level(watch->context, level, stream);
}

/* Embedding and all layers; the final stream is in workspace->x. `watch` may be NULL. */
static void stream_forward(const lore_pass *pass, const lore_stream_watch *watch) {
  lore_workspace *w = pass->workspace;
  int layers = pass->model->config.layers;
  embed(pass);
  show(watch, 0, w->layer[0].x);
  for (int l = 0; l < layers; l++) {
    real *out = l + 1 < layers ? w->layer[l + 1].x : w->x;
    layer_forward(pass, l, out);
    show(watch, l + 1, out);
  }
}

void lore_decoder_attend(const lore_model *model, const real *parameters, const lore_batch *shard,
                         lore_workspace *w) {
  const lore_pass pass = {model, parameters, NULL, shard, w, NULL};
  int last = model->config.layers - 1, d = model->config.width, heads = model->config.heads;
  assert(!w->patterns && w->attention);
  embed(&pass);
  for (int l = 0; l < last; l++)
    layer_forward(&pass, l, w->layer[l + 1].x);
  mixer_input(&pass, last);
  project(&pass, last);
  for (int s = 0; s < shard->sequences; s++)
    for (int h = 0; h < heads; h++) {
      const real *q = w->layer[last].qkv + (size_t)shard->offset[s] * 3 * (size_t)d +
                      (size_t)h * (size_t)(d / heads);
      lore_attention_patterns(w->length[s], d / heads, 3 * d, q, q + d,
                              lore_workspace_probability(w, last, h, s), w->attention);
    }
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
  lore_embedding_backward(shard->sequences, shard->offset, shard->token, model->config.width,
                          pass->workspace->dx, dembedding, dposition);
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
                          const lore_gradient_watch *watch) {
  const lore_pass pass = {model, parameters, gradient, shard, w, watch};
  const lore_model_config *c = &model->config;
  assert(w->use == LORE_FORWARD_BACKWARD);
  stream_forward(&pass, NULL);
  lore_norm_forward(c->norm, shard->tokens, c->width, c->norm_epsilon, w->x,
                    lore_pass_weight(&pass, model->final_norm),
                    lore_pass_weight(&pass, model->final_norm_bias), w->final_normed, w->final_mean,
                    w->final_scale);
  double loss = lore_head_train(shard->tokens, c->width, model->vocabulary, w->final_normed,
                                lore_pass_weight(&pass, model->head),
                                lore_pass_weight(&pass, model->head_bias), shard->target, scale,
                                w->dnormed, lore_pass_slope(&pass, model->head),
                                lore_pass_slope(&pass, model->head_bias), w->head);
  memset(w->dx, 0, sizeof(real) * (size_t)shard->tokens * (size_t)c->width);
  lore_norm_backward(c->norm, shard->tokens, c->width, w->x,
                     lore_pass_weight(&pass, model->final_norm), w->final_mean, w->final_scale,
                     w->dnormed, w->dx, lore_pass_slope(&pass, model->final_norm),
                     lore_pass_slope(&pass, model->final_norm_bias));
  int range = 0;
  if (model->head != model->embedding)
    tell(&pass, range++);
  for (int l = c->layers - 1; l >= 0; l--) {
    layer_backward(&pass, l);
    tell(&pass, range++);
  }
  embedding_backward(&pass);
  tell(&pass, range);
  return loss;
}

/* Norm and head of scores->count rows of `x`, whose targets are in workspace->target. */
static void score_rows(const lore_pass *pass, const real *x, lore_scores *scores) {
  const lore_model *model = pass->model;
  const lore_model_config *c = &model->config;
  lore_workspace *w = pass->workspace;
  lore_norm_forward(c->norm, scores->count, c->width, c->norm_epsilon, x,
                    lore_pass_weight(pass, model->final_norm),
                    lore_pass_weight(pass, model->final_norm_bias), w->final_normed, w->final_mean,
                    w->final_scale);
  lore_head_score(scores->count, c->width, model->vocabulary, w->final_normed,
                  lore_pass_weight(pass, model->head), lore_pass_weight(pass, model->head_bias),
                  w->target, scores->loss, scores->correct, scores->top, scores->entropy, w->head);
}

void lore_decoder_score(const lore_model *model, const real *parameters, const lore_batch *shard,
                        lore_workspace *w, const lore_stream_watch *watch, lore_scores *scores) {
  const lore_pass pass = {model, parameters, NULL, shard, w, NULL};
  size_t d = (size_t)model->config.width;
  stream_forward(&pass, watch);
  /* Positions ascend, so rows can be gathered in place. */
  for (int i = 0; i < scores->count; i++) {
    memmove(w->x + (size_t)i * d, w->x + (size_t)scores->position[i] * d, sizeof(real) * d);
    w->target[i] = shard->target[scores->position[i]];
  }
  score_rows(&pass, w->x, scores);
}

void lore_decoder_lens(const lore_model *model, const real *parameters, const real *stream,
                       const uint16_t *target, lore_workspace *w, lore_scores *scores) {
  const lore_pass pass = {model, parameters, NULL, NULL, w, NULL};
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
  assert(sequence < w->sequences_used && w->attention);
  *stride = lore_attention_stride(w->length[sequence]);
  return lore_workspace_probability(w->patterns ? w->patterns : w, layer, head, sequence);
}
