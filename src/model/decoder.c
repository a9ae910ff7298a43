/* The decoder: wiring of the layers, forward and backward, by a thread or a crew (pass.h). */
#include "lore/model/decoder.h"

#include <assert.h>
#include <string.h>

#include "lore/model/gemm.h"
#include "lore/model/kernels.h"
#include "mixer.h"
#include "pass.h"

/* When all members have finished the range. */
static void report_range(const lore_pass *pass, int range) {
  if (pass->watch)
    pass->watch->ready(pass->watch->context, range, pass->member, pass->members);
}

/* A moment in between, at which communication can continue. */
static void report_progress(const lore_pass *pass) {
  report_range(pass, -1);
}

static void await_range(const lore_pass *pass, int range) {
  if (pass->watch)
    pass->watch->needed(pass->watch->context, range);
}

static const lore_mixer_ops *mixer_of(const lore_pass *pass) {
  return lore_mixer_ops_of(pass->model->config.mixer);
}

/* One of the norms: its tensors, input, output and what it keeps. */
typedef struct {
  int gain, bias;
  real *x, *y, *mean, *scale;
} decoder_norm;

static decoder_norm mixer_norm(const lore_pass *pass, int l) {
  const lore_layer_tensors *t = &pass->model->layer[l];
  const lore_layer_state *s = &pass->workspace->layer[l];
  return (decoder_norm){t->mixer_norm, t->mixer_norm_bias, s->x, s->normed, s->mean, s->scale};
}

static decoder_norm mlp_norm(const lore_pass *pass, int l) {
  const lore_layer_tensors *t = &pass->model->layer[l];
  const lore_layer_state *s = &pass->workspace->layer[l];
  return (decoder_norm){t->mlp_norm,   t->mlp_norm_bias, s->x_middle,
                        s->mlp_normed, s->mlp_mean,      s->mlp_scale};
}

static decoder_norm final_norm(const lore_pass *pass) {
  const lore_model *model = pass->model;
  const lore_workspace *w = pass->workspace;
  return (decoder_norm){model->final_norm, model->final_norm_bias, w->x,
                        w->final_normed,   w->final_mean,          w->final_scale};
}

static void norm_forward(const lore_pass *pass, decoder_norm n) {
  const lore_model_config *c = &pass->model->config;
  int d = c->width, row = pass->first_row;
  lore_kernels()->norm_forward(c->norm, pass->rows, d, c->norm_epsilon,
                               lore_pass_rows(pass, n.x, d), lore_pass_weight(pass, n.gain),
                               lore_pass_weight(pass, n.bias), lore_pass_rows(pass, n.y, d),
                               n.mean + row, n.scale + row);
}

/* Of a crew: a thread alone sums them in the same sweep over its rows, in norm_backward. */
static void norm_slopes(const lore_pass *pass, decoder_norm n) {
  int d = pass->model->config.width;
  lore_part part = lore_pass_part(pass, d, LORE_LINE);
  real *dbias = lore_pass_slope(pass, n.bias);
  if (pass->members > 1)
    lore_kernels()->norm_slopes(
        pass->model->config.norm, pass->shard->tokens, part.last - part.first, d, n.x + part.first,
        n.mean, n.scale, pass->workspace->dnormed + part.first,
        lore_pass_slope(pass, n.gain) + part.first, dbias ? dbias + part.first : NULL);
}

static void norm_backward(const lore_pass *pass, decoder_norm n) {
  const lore_workspace *w = pass->workspace;
  int d = pass->model->config.width, row = pass->first_row;
  bool alone = pass->members == 1;
  lore_kernels()->norm_backward(
      pass->model->config.norm, pass->rows, d, lore_pass_rows(pass, n.x, d),
      lore_pass_weight(pass, n.gain), n.mean + row, n.scale + row,
      lore_pass_rows(pass, w->dnormed, d), lore_pass_rows(pass, w->dx, d),
      alone ? lore_pass_slope(pass, n.gain) : NULL, alone ? lore_pass_slope(pass, n.bias) : NULL);
}

/* The stream on entry is state->x; the stream on exit goes to `out`. */
static void layer_forward(const lore_pass *pass, int l, real *out) {
  const lore_model_config *c = &pass->model->config;
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_layer_state *s = &pass->workspace->layer[l];
  int d = c->width, hidden = c->hidden, mixed = lore_workspace_mixed_width(pass->model);
  norm_forward(pass, mixer_norm(pass, l));
  mixer_of(pass)->forward(pass, l);
  report_progress(pass);
  lore_pass_linear(pass, mixed, d, s->mixed, t->output, t->output_bias, s->x, s->x_middle);
  norm_forward(pass, mlp_norm(pass, l));
  lore_pass_linear(pass, d, hidden, s->mlp_normed, t->up, t->up_bias, NULL, s->up);
  report_progress(pass);
  lore_kernels()->activation_forward(c->activation, (size_t)pass->rows * (size_t)hidden,
                                     lore_pass_rows(pass, s->up, hidden),
                                     lore_pass_rows(pass, s->activated, hidden));
  lore_pass_linear(pass, hidden, d, s->activated, t->down, t->down_bias, s->x_middle, out);
}

/* The MLP's part of a layer: gradients of its tensors, and the stream's as far as its norm. */
static void mlp_backward(const lore_pass *pass, int l) {
  const lore_model_config *c = &pass->model->config;
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_workspace *w = pass->workspace;
  lore_layer_state *s = &w->layer[l];
  int d = c->width, hidden = c->hidden;
  lore_pass_linear_backward(pass, hidden, d, t->down, w->dx, w->dup);
  real *dup = lore_pass_rows(pass, w->dup, hidden);
  lore_kernels()->activation_backward(c->activation, (size_t)pass->rows * (size_t)hidden,
                                      lore_pass_rows(pass, s->up, hidden), dup, dup);
  lore_pass_linear_backward(pass, d, hidden, t->up, w->dup, w->dnormed);
  report_progress(pass);
  lore_pass_meet(pass);
  lore_pass_linear_slopes(pass, hidden, d, s->activated, w->dx, t->down, t->down_bias);
  lore_pass_linear_slopes(pass, d, hidden, s->mlp_normed, w->dup, t->up, t->up_bias);
  norm_slopes(pass, mlp_norm(pass, l));
  report_progress(pass);
  lore_pass_meet(pass);
}

static void mixer_backward(const lore_pass *pass, int l) {
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_workspace *w = pass->workspace;
  int d = pass->model->config.width, mixed = lore_workspace_mixed_width(pass->model);
  lore_pass_linear_backward(pass, mixed, d, t->output, w->dx, w->dmixed);
  mixer_of(pass)->backward(pass, l);
  report_progress(pass);
  lore_pass_meet(pass);
  lore_pass_linear_slopes(pass, mixed, d, w->layer[l].mixed, w->dx, t->output, t->output_bias);
  mixer_of(pass)->slopes(pass, l);
  norm_slopes(pass, mixer_norm(pass, l));
  lore_pass_meet(pass);
}

/* Turns the gradient of the stream on exit (workspace->dx) into that on entry. Members change their
 * own rows of what others read for their sums only after these. */
static void layer_backward(const lore_pass *pass, int l) {
  mlp_backward(pass, l);
  norm_backward(pass, mlp_norm(pass, l));
  mixer_backward(pass, l);
  norm_backward(pass, mixer_norm(pass, l));
}

static void embed_shard(const lore_pass *pass) {
  const lore_batch *shard = pass->shard;
  lore_kernels()->embedding_forward(
      pass->last_sequence - pass->first_sequence, shard->offset + pass->first_sequence,
      shard->token, pass->model->config.width, lore_pass_weight(pass, pass->model->embedding),
      lore_pass_weight(pass, pass->model->position_embedding), pass->workspace->layer[0].x);
}

static void report_level(const lore_stream_watch *watch, int level, const real *stream) {
  if (watch)
    watch->level(watch->context, level, stream);
}

/* Embedding and all layers; the final stream is in workspace->x. `watch` may be NULL. */
static void stream_forward(const lore_pass *pass, const lore_stream_watch *watch) {
  lore_workspace *w = pass->workspace;
  int layers = pass->model->config.layers;
  int range = pass->model->head != pass->model->embedding ? layers + 1 : layers;
  await_range(pass, range);
  embed_shard(pass);
  report_level(watch, 0, w->layer[0].x);
  for (int l = 0; l < layers; l++) {
    real *out = l + 1 < layers ? w->layer[l + 1].x : w->x;
    await_range(pass, --range);
    layer_forward(pass, l, out);
    report_level(watch, l + 1, out);
  }
}

void lore_decoder_attend(const lore_model *model, const real *parameters, const lore_batch *shard,
                         lore_workspace *w) {
  lore_pass pass = {.model = model, .parameters = parameters, .shard = shard, .workspace = w};
  int last = model->config.layers - 1;
  assert(!w->patterns && mixer_of(&pass)->attend);
  if (!lore_pass_begin(&pass))
    return;
  embed_shard(&pass);
  for (int l = 0; l < last; l++)
    layer_forward(&pass, l, w->layer[l + 1].x);
  norm_forward(&pass, mixer_norm(&pass, last));
  mixer_of(&pass)->attend(&pass, last);
}

/* Clears columns of a gradient. */
static void clear_columns(int rows, int columns, lore_part part, real *gradient) {
  for (int r = 0; r < rows; r++)
    memset(gradient + (size_t)r * (size_t)columns + part.first, 0,
           sizeof(real) * (size_t)(part.last - part.first));
}

/* The member's columns of the embedding. */
static void embedding_backward(const lore_pass *pass) {
  const lore_model *model = pass->model;
  const lore_batch *shard = pass->shard;
  real *dembedding = lore_pass_slope(pass, model->embedding);
  real *dposition = lore_pass_slope(pass, model->position_embedding);
  int d = model->config.width;
  lore_part part = lore_pass_part(pass, d, LORE_LINE);
  if (model->head != model->embedding) /* else the head has written it already */
    clear_columns(model->vocabulary, d, part, dembedding);
  if (dposition)
    clear_columns(model->context, d, part, dposition);
  lore_kernels()->embedding_backward(shard->sequences, shard->offset, shard->token, d, part.first,
                                     part.last, pass->workspace->dx, dembedding, dposition);
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

/* Chunk by chunk: each member computes some rows, then some words of the weights' gradient. Returns
 * the sum of the cross-entropies, to the member that leads. */
static double head_train(const lore_pass *pass, double scale) {
  enum { WORDS = 32 /* whole cache lines */ };
  const lore_model *model = pass->model;
  const lore_workspace *w = pass->workspace;
  const lore_head head = {model->config.precision, model->config.width, model->vocabulary,
                          lore_pass_weight(pass, model->head),
                          lore_pass_weight(pass, model->head_bias)};
  const lore_part words = lore_pass_part(pass, model->vocabulary, WORDS);
  double loss = 0;
  lore_kernels()->head_pack(&head, true, pass->member, pass->members, w->head);
  lore_pass_meet(pass);
  for (int t = 0; t < pass->shard->tokens; t += LORE_HEAD_ROWS) {
    int rows = pass->shard->tokens - t < LORE_HEAD_ROWS ? pass->shard->tokens - t : LORE_HEAD_ROWS;
    const lore_part own = lore_pass_part(pass, rows, 1);
    size_t chunk = (size_t)t * (size_t)head.width;
    size_t at = chunk + (size_t)own.first * (size_t)head.width;
    lore_kernels()->head_rows(&head, own.first, own.last - own.first, w->final_normed + at,
                              pass->shard->target + t + own.first, scale, w->row_loss + own.first,
                              w->dnormed + at, w->head);
    lore_pass_meet(pass);
    lore_kernels()->head_slopes(&head, rows, words.first, words.last, w->final_normed + chunk,
                                t > 0, lore_pass_slope(pass, model->head),
                                lore_pass_slope(pass, model->head_bias), w->head);
    for (int r = 0; r < rows && pass->member == 0; r++)
      loss += w->row_loss[r];
    lore_pass_meet(pass);
  }
  return loss;
}

double lore_decoder_train(const lore_model *model, const real *parameters, const lore_batch *shard,
                          double scale, lore_workspace *w, real *gradient,
                          const lore_train_watch *watch) {
  lore_pass pass = {.model = model,
                    .parameters = parameters,
                    .gradient = gradient,
                    .shard = shard,
                    .workspace = w,
                    .watch = watch};
  int range = 0, d = model->config.width;
  assert(w->use == LORE_FORWARD_BACKWARD);
  if (!lore_pass_begin(&pass))
    return 0;
  stream_forward(&pass, NULL);
  await_range(&pass, 0);
  norm_forward(&pass, final_norm(&pass));
  double loss = head_train(&pass, scale);
  norm_slopes(&pass, final_norm(&pass));
  memset(lore_pass_rows(&pass, w->dx, d), 0, sizeof(real) * (size_t)pass.rows * (size_t)d);
  norm_backward(&pass, final_norm(&pass));
  lore_pass_meet(&pass);
  if (model->head != model->embedding)
    report_range(&pass, range++);
  for (int l = model->config.layers - 1; l >= 0; l--) {
    layer_backward(&pass, l);
    report_range(&pass, range++);
  }
  lore_pass_meet(&pass);
  embedding_backward(&pass);
  lore_pass_meet(&pass);
  report_range(&pass, range);
  return loss;
}

/* Norm and head of scores->count rows of `x`, whose targets are in workspace->target. */
static void score_rows(lore_pass *pass, real *x, lore_scores *scores) {
  const lore_model *model = pass->model;
  const lore_model_config *c = &model->config;
  lore_workspace *w = pass->workspace;
  decoder_norm norm = final_norm(pass);
  norm.x = x;
  pass->first_row = 0;
  pass->rows = scores->count;
  norm_forward(pass, norm);
  lore_kernels()->head_score(c->precision, scores->count, c->width, model->vocabulary,
                             w->final_normed, lore_pass_weight(pass, model->head),
                             lore_pass_weight(pass, model->head_bias), w->target, scores->loss,
                             scores->correct, scores->top, scores->entropy, w->head);
}

void lore_decoder_score(const lore_model *model, const real *parameters, const lore_batch *shard,
                        lore_workspace *w, const lore_stream_watch *watch, lore_scores *scores) {
  lore_pass pass = {.model = model, .parameters = parameters, .shard = shard, .workspace = w};
  size_t d = (size_t)model->config.width;
  assert(w->members == 1);
  lore_pass_begin(&pass);
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
  lore_pass pass = {.model = model, .parameters = parameters, .workspace = w};
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
