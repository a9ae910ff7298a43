/* Wiring of the recurrent block: branches, convolution, gates, RG-LRU. Maps take all tokens of a
 * shard at once; convolution and RG-LRU begin anew with every sequence. */
#include <string.h>

#include "layers.h"
#include "pass.h"

/* Beginning with token `at`. */
static lore_recurrent state_at(const lore_workspace *w, int l, int width, size_t at) {
  const lore_recurrent_state *s = &w->layer[l].recurrent;
  size_t from = at * (size_t)width;
  return (lore_recurrent){.rate = w->rate,
                          .gate = s->branches + 2 * from,
                          .x = s->convolved + from,
                          .recurrence = s->recurrence + from,
                          .input = s->input + from,
                          .h = s->h + from,
                          .mixed = w->layer[l].mixed + from,
                          .stride = 2 * width};
}

static lore_recurrent_slopes slopes_at(const lore_workspace *w, int width, size_t at, real *rate) {
  const lore_recurrent_state *d = &w->drecurrent;
  size_t from = at * (size_t)width;
  return (lore_recurrent_slopes){.mixed = w->dmixed + from,
                                 .gate = d->branches + 2 * from,
                                 .x = d->convolved + from,
                                 .recurrence = d->recurrence + from,
                                 .input = d->input + from,
                                 .rate = rate,
                                 .carry = w->carry,
                                 .stride = 2 * width};
}

void lore_recurrent_block_forward(const lore_pass *pass, int l) {
  const lore_model *model = pass->model;
  const lore_batch *shard = pass->shard;
  lore_workspace *w = pass->workspace;
  const lore_layer_tensors *t = &model->layer[l];
  const lore_recurrent_state *s = &w->layer[l].recurrent;
  int tokens = shard->tokens, heads = model->config.heads, width = model->config.recurrent_width;
  lore_linear_forward(tokens, model->config.width, 2 * width, w->layer[l].normed,
                      lore_pass_weight(pass, t->branches), lore_pass_weight(pass, t->branches_bias),
                      NULL, s->branches);
  for (int i = 0; i < shard->sequences; i++) {
    size_t from = (size_t)shard->offset[i] * (size_t)width;
    lore_convolution_forward(w->length[i], width, 2 * width, s->branches + 2 * from + width,
                             lore_pass_weight(pass, t->convolution),
                             lore_pass_weight(pass, t->convolution_bias), s->convolved + from);
  }
  lore_blocks_forward(tokens, width, heads, s->convolved,
                      lore_pass_weight(pass, t->recurrence_gate),
                      lore_pass_weight(pass, t->recurrence_gate_bias), s->recurrence);
  lore_blocks_forward(tokens, width, heads, s->convolved, lore_pass_weight(pass, t->input_gate),
                      lore_pass_weight(pass, t->input_gate_bias), s->input);
  lore_recurrent_rate(width, lore_pass_weight(pass, t->lambda), w->rate);
  for (int i = 0; i < shard->sequences; i++) {
    lore_recurrent state = state_at(w, l, width, (size_t)shard->offset[i]);
    lore_recurrent_forward(w->length[i], width, &state);
  }
}

/* The RG-LRU of all sequences. */
static void scan_backward(const lore_pass *pass, int l) {
  const lore_model *model = pass->model;
  const lore_batch *shard = pass->shard;
  lore_workspace *w = pass->workspace;
  int tensor = model->layer[l].lambda, width = model->config.recurrent_width;
  const real *lambda = lore_pass_weight(pass, tensor);
  real *dlambda = lore_pass_slope(pass, tensor);
  memset(dlambda, 0, sizeof(real) * (size_t)width);
  lore_recurrent_rate(width, lambda, w->rate);
  for (int i = 0; i < shard->sequences; i++) {
    size_t at = (size_t)shard->offset[i];
    lore_recurrent state = state_at(w, l, width, at);
    lore_recurrent_slopes slopes = slopes_at(w, width, at, dlambda);
    lore_recurrent_backward(w->length[i], width, &state, &slopes);
  }
  lore_recurrent_rate_backward(width, lambda, dlambda);
}

static void convolution_backward(const lore_pass *pass, int l) {
  const lore_model *model = pass->model;
  const lore_batch *shard = pass->shard;
  lore_workspace *w = pass->workspace;
  const lore_layer_tensors *t = &model->layer[l];
  size_t width = (size_t)model->config.recurrent_width;
  int stride = 2 * (int)width;
  real *dweight = lore_pass_slope(pass, t->convolution);
  real *dbias = lore_pass_slope(pass, t->convolution_bias);
  memset(dweight, 0, sizeof(real) * LORE_CONVOLUTION_WIDTH * width);
  if (dbias)
    memset(dbias, 0, sizeof(real) * width);
  for (int i = 0; i < shard->sequences; i++) {
    size_t from = (size_t)shard->offset[i] * width;
    lore_convolution_backward(
        w->length[i], (int)width, stride, w->layer[l].recurrent.branches + 2 * from + width,
        lore_pass_weight(pass, t->convolution), w->drecurrent.convolved + from, stride,
        w->drecurrent.branches + 2 * from + width, dweight, dbias);
  }
}

void lore_recurrent_block_backward(const lore_pass *pass, int l) {
  const lore_model *model = pass->model;
  const lore_batch *shard = pass->shard;
  lore_workspace *w = pass->workspace;
  const lore_layer_tensors *t = &model->layer[l];
  const lore_recurrent_state *s = &w->layer[l].recurrent, *d = &w->drecurrent;
  int tokens = shard->tokens, heads = model->config.heads, width = model->config.recurrent_width;
  scan_backward(pass, l);
  lore_blocks_backward(tokens, width, heads, s->convolved,
                       lore_pass_weight(pass, t->recurrence_gate), d->recurrence, d->convolved,
                       lore_pass_slope(pass, t->recurrence_gate),
                       lore_pass_slope(pass, t->recurrence_gate_bias));
  lore_blocks_backward(tokens, width, heads, s->convolved, lore_pass_weight(pass, t->input_gate),
                       d->input, d->convolved, lore_pass_slope(pass, t->input_gate),
                       lore_pass_slope(pass, t->input_gate_bias));
  convolution_backward(pass, l);
  lore_linear_backward(tokens, model->config.width, 2 * width, w->layer[l].normed,
                       lore_pass_weight(pass, t->branches), d->branches, w->dnormed,
                       lore_pass_slope(pass, t->branches), lore_pass_slope(pass, t->branches_bias));
}
