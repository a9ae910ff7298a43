/* The mixer "rg_lru": Hawk's recurrent block (De et al. 2024, figure 2): branches, convolution,
 * gates, RG-LRU. Maps take all tokens of a shard at once; convolution and RG-LRU begin anew with
 * every sequence. w is the recurrent width. */
#include <math.h>
#include <string.h>

#include "lore/model/gemm.h"
#include "lore/model/kernels.h"
#include "mixer.h"
#include "pass.h"

/* Numbers in lore_layer_tensors.mixer. */
enum {
  BRANCHES,
  BRANCHES_BIAS,
  CONVOLUTION,
  CONVOLUTION_BIAS,
  RECURRENCE_GATE,
  RECURRENCE_GATE_BIAS,
  INPUT_GATE,
  INPUT_GATE_BIAS,
  LAMBDA
};

/* Numbers in lore_layer_state.mixer and, without the last, in lore_workspace.dmixer. */
enum {
  STATE_BRANCHES,  /* T x 2w: gating branch, recurrent branch */
  STATE_CONVOLVED, /* T x w, the recurrent branch after its convolution */
  STATE_RECURRENCE,
  STATE_INPUT, /* T x w, gates */
  STATE_H      /* T x w */
};

/* Numbers in lore_workspace.scratch: w reals each. */
enum { RATE, CARRY };

#define AT(member) .index = offsetof(lore_layer_tensors, member)

/* a = logistic(Lambda) with a^8 uniform in [0.9, 0.999] (De et al. 2024, section 2.4); Lambda =
 * ln(a / (1 - a)). The same bits on every processor. */
static real draw_lambda(lore_random *stream) {
  double log_a = log(fma(0.099, lore_random_uniform(stream), 0.9)) / LORE_RG_LRU_POWER;
  return (real)(log_a - log(-expm1(log_a)));
}

/* Gates have biases whatever the settings say: they are a part of the RG-LRU's definition. Their
 * weights begin as in De et al. (2024, section 2.4); the deviation of the convolution is a choice
 * of ours. */
static const lore_tensor_row rows[] = {
    {"recurrent/norm",
     "gain of the norm before the recurrent block",
     {LORE_SIDE_WIDTH},
     LORE_GAIN,
     AT(mixer_norm)},
    {"recurrent/norm_bias",
     "bias of the norm before the recurrent block",
     {LORE_SIDE_WIDTH},
     LORE_BIAS,
     .condition = LORE_WITH_NORM_BIAS,
     AT(mixer_norm_bias)},
    {"recurrent/branches",
     "maps to the gating and the recurrent branch, side by side",
     {LORE_SIDE_WIDTH, LORE_SIDE_BRANCHES},
     LORE_WEIGHT,
     AT(mixer[BRANCHES])},
    {"recurrent/branches_bias",
     "biases of both branches",
     {LORE_SIDE_BRANCHES},
     LORE_BIAS,
     .condition = LORE_WITH_BIAS,
     AT(mixer[BRANCHES_BIAS])},
    {"recurrent/convolution",
     "convolution over time, the current token first",
     {LORE_SIDE_LAG, LORE_SIDE_RECURRENT},
     LORE_WEIGHT,
     .deviation = LORE_DEVIATION_FIXED,
     .fixed_deviation = 0.05,
     AT(mixer[CONVOLUTION])},
    {"recurrent/convolution_bias",
     "bias of the convolution",
     {LORE_SIDE_RECURRENT},
     LORE_BIAS,
     .condition = LORE_WITH_BIAS,
     AT(mixer[CONVOLUTION_BIAS])},
    {"recurrent/recurrence_gate",
     "map to the recurrence gate, blocks of the diagonal one below the other",
     {LORE_SIDE_RECURRENT, LORE_SIDE_BLOCK},
     LORE_WEIGHT,
     .deviation = LORE_DEVIATION_COLUMNS,
     AT(mixer[RECURRENCE_GATE])},
    {"recurrent/recurrence_gate_bias",
     "bias of the recurrence gate",
     {LORE_SIDE_RECURRENT},
     LORE_BIAS,
     AT(mixer[RECURRENCE_GATE_BIAS])},
    {"recurrent/input_gate",
     "map to the input gate, blocks of the diagonal one below the other",
     {LORE_SIDE_RECURRENT, LORE_SIDE_BLOCK},
     LORE_WEIGHT,
     .deviation = LORE_DEVIATION_COLUMNS,
     AT(mixer[INPUT_GATE])},
    {"recurrent/input_gate_bias",
     "bias of the input gate",
     {LORE_SIDE_RECURRENT},
     LORE_BIAS,
     AT(mixer[INPUT_GATE_BIAS])},
    {"recurrent/lambda",
     "logit of the RG-LRU's decay a",
     {LORE_SIDE_RECURRENT},
     LORE_DRAWN,
     .draw = draw_lambda,
     AT(mixer[LAMBDA])},
    {"recurrent/output",
     "map from the gated state to the residual stream",
     {LORE_SIDE_RECURRENT, LORE_SIDE_WIDTH},
     LORE_WEIGHT,
     .deviation = LORE_DEVIATION_RESIDUAL,
     AT(output)},
    {"recurrent/output_bias",
     "bias of the recurrent block's output",
     {LORE_SIDE_WIDTH},
     LORE_BIAS,
     .condition = LORE_WITH_BIAS,
     AT(output_bias)},
};

static void recurrent_measure(const lore_model_config *c, int64_t length[LORE_SIDES]) {
  length[LORE_SIDE_BRANCHES] = 2 * c->recurrent_width;
  length[LORE_SIDE_RECURRENT] = c->recurrent_width;
  length[LORE_SIDE_BLOCK] = c->recurrent_width / c->heads;
  length[LORE_SIDE_LAG] = LORE_CONVOLUTION_WIDTH;
}

/* The multiple of 16 and of `heads` that is nearest to 4/3 of `width`: with it the block has about
 * as many parameters as attention (De et al. 2024, section 2). */
static int recurrent_default_width(int width, int heads) {
  int unit = heads;
  while (unit % 16)
    unit += heads;
  int units = (8 * width + 3 * unit) / (6 * unit); /* 4/3 of the width, rounded */
  return unit * (units > 0 ? units : 1);
}

static lore_status recurrent_check(const lore_model_config *c) {
  if (c->recurrent_width < 1 || c->recurrent_width % c->heads)
    return lore_fail(LORE_USER, "model.recurrent_width %d is not a multiple of model.heads %d",
                     c->recurrent_width, c->heads);
  return LORE_OK;
}

static double recurrent_products(const lore_model_config *c) {
  double d = c->width, w = c->recurrent_width;
  return 3 * d * w + 2 * w * w / c->heads;
}

static lore_gemm_shape *recurrent_gemm_shapes(const lore_model_config *c, int tokens,
                                              lore_gemm_shape *shape) {
  int w = c->recurrent_width, block = w / c->heads;
  shape = lore_linear_shapes(shape, tokens, c->width, 2 * w, c->layers);
  shape = lore_linear_shapes(shape, tokens, block, block, 2 * c->heads * c->layers);
  return lore_linear_shapes(shape, tokens, w, c->width, c->layers);
}

static void take_activations(real **mixer, lore_arena *arena, const lore_model *model, int tokens) {
  int w = model->config.recurrent_width;
  mixer[STATE_BRANCHES] = lore_workspace_reals(arena, tokens, 2 * w);
  mixer[STATE_CONVOLVED] = lore_workspace_reals(arena, tokens, w);
  mixer[STATE_RECURRENCE] = lore_workspace_reals(arena, tokens, w);
  mixer[STATE_INPUT] = lore_workspace_reals(arena, tokens, w);
}

static void recurrent_take_state(lore_layer_state *state, lore_arena *arena,
                                 const lore_model *model, int tokens) {
  take_activations(state->mixer, arena, model, tokens);
  state->mixer[STATE_H] = lore_workspace_reals(arena, tokens, model->config.recurrent_width);
}

static void recurrent_take_scratch(real **scratch, lore_arena *arena, const lore_model *model) {
  scratch[RATE] = lore_workspace_reals(arena, 1, model->config.recurrent_width);
  scratch[CARRY] = lore_workspace_reals(arena, 1, model->config.recurrent_width);
}

static void recurrent_take_gradients(lore_workspace *w, lore_arena *arena, const lore_model *model,
                                     int tokens) {
  take_activations(w->dmixer, arena, model, tokens);
}

/* Beginning with token `at`. */
static lore_recurrent state_at(const lore_workspace *w, int l, int width, size_t at) {
  real *const *s = w->layer[l].mixer;
  size_t from = at * (size_t)width;
  return (lore_recurrent){.rate = w->scratch[RATE],
                          .gate = s[STATE_BRANCHES] + 2 * from,
                          .x = s[STATE_CONVOLVED] + from,
                          .recurrence = s[STATE_RECURRENCE] + from,
                          .input = s[STATE_INPUT] + from,
                          .h = s[STATE_H] + from,
                          .mixed = w->layer[l].mixed + from,
                          .stride = 2 * width};
}

static lore_recurrent_slopes slopes_at(const lore_workspace *w, int width, size_t at, real *rate) {
  real *const *d = w->dmixer;
  size_t from = at * (size_t)width;
  return (lore_recurrent_slopes){.mixed = w->dmixed + from,
                                 .gate = d[STATE_BRANCHES] + 2 * from,
                                 .x = d[STATE_CONVOLVED] + from,
                                 .recurrence = d[STATE_RECURRENCE] + from,
                                 .input = d[STATE_INPUT] + from,
                                 .rate = rate,
                                 .carry = w->scratch[CARRY],
                                 .stride = 2 * width};
}

/* A map from the convolved branch to the logits of a gate, of the member's own rows. */
static void gate_forward(const lore_pass *pass, int l, int weight, int bias, real *gate) {
  const lore_model_config *c = &pass->model->config;
  const lore_layer_tensors *t = &pass->model->layer[l];
  int w = c->recurrent_width;
  lore_kernels()->blocks_forward(
      c->precision, pass->rows, w, c->heads,
      lore_pass_rows(pass, pass->workspace->layer[l].mixer[STATE_CONVOLVED], w),
      lore_pass_weight(pass, t->mixer[weight]), lore_pass_weight(pass, t->mixer[bias]),
      lore_pass_rows(pass, gate, w));
}

static void recurrent_block_forward(const lore_pass *pass, int l) {
  const lore_model *model = pass->model;
  const lore_batch *shard = pass->shard;
  lore_workspace *w = pass->workspace;
  const lore_layer_tensors *t = &model->layer[l];
  real *const *s = w->layer[l].mixer;
  int width = model->config.recurrent_width;
  lore_pass_linear(pass, model->config.width, 2 * width, w->layer[l].normed, t->mixer[BRANCHES],
                   t->mixer[BRANCHES_BIAS], NULL, s[STATE_BRANCHES]);
  for (int i = pass->first_sequence; i < pass->last_sequence; i++) {
    size_t from = (size_t)shard->offset[i] * (size_t)width;
    lore_kernels()->convolution_forward(
        w->length[i], width, 2 * width, s[STATE_BRANCHES] + 2 * from + width,
        lore_pass_weight(pass, t->mixer[CONVOLUTION]),
        lore_pass_weight(pass, t->mixer[CONVOLUTION_BIAS]), s[STATE_CONVOLVED] + from);
  }
  gate_forward(pass, l, RECURRENCE_GATE, RECURRENCE_GATE_BIAS, s[STATE_RECURRENCE]);
  gate_forward(pass, l, INPUT_GATE, INPUT_GATE_BIAS, s[STATE_INPUT]);
  lore_kernels()->recurrent_rate(width, lore_pass_weight(pass, t->mixer[LAMBDA]), w->scratch[RATE]);
  for (int i = pass->first_sequence; i < pass->last_sequence; i++) {
    lore_recurrent state = state_at(w, l, width, (size_t)shard->offset[i]);
    lore_kernels()->recurrent_forward(w->length[i], width, &state);
  }
}

/* The member's channels: they are independent, and each sums its decay's slope over all sequences.
 */
static lore_part own_channels(const lore_pass *pass) {
  return lore_pass_part(pass, pass->model->config.recurrent_width, LORE_LINE);
}

/* The RG-LRU of all sequences, by channels. */
static void scan_backward(const lore_pass *pass, int l) {
  const lore_model *model = pass->model;
  const lore_batch *shard = pass->shard;
  lore_workspace *w = pass->workspace;
  int tensor = model->layer[l].mixer[LAMBDA], width = model->config.recurrent_width;
  const lore_part own = own_channels(pass);
  int count = own.last - own.first;
  const real *lambda = lore_pass_weight(pass, tensor) + own.first;
  real *dlambda = lore_pass_slope(pass, tensor);
  memset(dlambda + own.first, 0, sizeof(real) * (size_t)count);
  lore_kernels()->recurrent_rate(count, lambda, w->scratch[RATE] + own.first);
  for (int i = 0; i < shard->sequences; i++) {
    size_t at = (size_t)shard->offset[i];
    lore_recurrent state = state_at(w, l, width, at);
    lore_recurrent_slopes slopes = slopes_at(w, width, at, dlambda);
    lore_kernels()->recurrent_backward(w->length[i], width, own.first, own.last, &state, &slopes);
  }
  lore_kernels()->recurrent_rate_backward(count, lambda, dlambda + own.first);
}

/* Adds to the gradient of the convolved branch, of the member's own rows. */
static void gate_backward(const lore_pass *pass, int l, int weight, real *dgate) {
  const lore_model_config *c = &pass->model->config;
  lore_workspace *w = pass->workspace;
  int width = c->recurrent_width;
  lore_kernels()->blocks_backward(c->precision, pass->rows, width, c->heads,
                                  lore_pass_weight(pass, pass->model->layer[l].mixer[weight]),
                                  lore_pass_rows(pass, dgate, width),
                                  lore_pass_rows(pass, w->dmixer[STATE_CONVOLVED], width));
}

/* The member's part of a gate's map: rows of the blocks, one below the other. */
static void gate_slopes(const lore_pass *pass, int l, int weight, int bias, const real *dgate) {
  const lore_model_config *c = &pass->model->config;
  const lore_layer_tensors *t = &pass->model->layer[l];
  int width = c->recurrent_width;
  const lore_part own = own_channels(pass);
  lore_kernels()->blocks_slopes(c->precision, pass->shard->tokens, width, c->heads, own.first,
                                own.last, pass->workspace->layer[l].mixer[STATE_CONVOLVED], dgate,
                                lore_pass_slope(pass, t->mixer[weight]));
  lore_pass_bias_slopes(pass, width, dgate, lore_pass_slope(pass, t->mixer[bias]));
}

/* Clears the member's channels of the convolution's gradients. */
static void clear_convolution(const lore_pass *pass, int l) {
  const lore_layer_tensors *t = &pass->model->layer[l];
  const lore_part own = own_channels(pass);
  size_t width = (size_t)pass->model->config.recurrent_width;
  size_t bytes = sizeof(real) * (size_t)(own.last - own.first);
  real *dbias = lore_pass_slope(pass, t->mixer[CONVOLUTION_BIAS]);
  for (size_t k = 0; k < LORE_CONVOLUTION_WIDTH; k++)
    memset(lore_pass_slope(pass, t->mixer[CONVOLUTION]) + k * width + own.first, 0, bytes);
  if (dbias)
    memset(dbias + own.first, 0, bytes);
}

/* Of the member's own sequences; a thread alone sums the slopes in the same sweep. */
static void convolution_backward(const lore_pass *pass, int l) {
  const lore_batch *shard = pass->shard;
  lore_workspace *w = pass->workspace;
  const lore_layer_tensors *t = &pass->model->layer[l];
  size_t width = (size_t)pass->model->config.recurrent_width;
  int stride = 2 * (int)width;
  bool alone = pass->members == 1;
  if (alone)
    clear_convolution(pass, l);
  for (int i = pass->first_sequence; i < pass->last_sequence; i++) {
    size_t from = (size_t)shard->offset[i] * width;
    lore_kernels()->convolution_backward(
        w->length[i], (int)width, stride, w->layer[l].mixer[STATE_BRANCHES] + 2 * from + width,
        lore_pass_weight(pass, t->mixer[CONVOLUTION]), w->dmixer[STATE_CONVOLVED] + from, stride,
        w->dmixer[STATE_BRANCHES] + 2 * from + width,
        alone ? lore_pass_slope(pass, t->mixer[CONVOLUTION]) : NULL,
        alone ? lore_pass_slope(pass, t->mixer[CONVOLUTION_BIAS]) : NULL);
  }
}

static void convolution_slopes(const lore_pass *pass, int l) {
  const lore_batch *shard = pass->shard;
  const lore_workspace *w = pass->workspace;
  const lore_layer_tensors *t = &pass->model->layer[l];
  const lore_part own = own_channels(pass);
  int width = pass->model->config.recurrent_width;
  real *dbias = lore_pass_slope(pass, t->mixer[CONVOLUTION_BIAS]);
  if (pass->members == 1)
    return;
  clear_convolution(pass, l);
  for (int i = 0; i < shard->sequences; i++) {
    size_t from = (size_t)shard->offset[i] * (size_t)width;
    lore_kernels()->convolution_slopes(
        w->length[i], own.last - own.first, width, 2 * width,
        w->layer[l].mixer[STATE_BRANCHES] + 2 * from + width + own.first,
        w->dmixer[STATE_CONVOLVED] + from + own.first,
        lore_pass_slope(pass, t->mixer[CONVOLUTION]) + own.first, dbias ? dbias + own.first : NULL);
  }
}

static void recurrent_block_backward(const lore_pass *pass, int l) {
  const lore_model_config *c = &pass->model->config;
  lore_workspace *w = pass->workspace;
  real *const *d = w->dmixer;
  lore_pass_meet(pass);
  scan_backward(pass, l);
  lore_pass_meet(pass);
  gate_backward(pass, l, RECURRENCE_GATE, d[STATE_RECURRENCE]);
  gate_backward(pass, l, INPUT_GATE, d[STATE_INPUT]);
  convolution_backward(pass, l);
  lore_pass_linear_backward(pass, c->width, 2 * c->recurrent_width,
                            pass->model->layer[l].mixer[BRANCHES], d[STATE_BRANCHES], w->dnormed);
}

static void recurrent_block_slopes(const lore_pass *pass, int l) {
  const lore_model_config *c = &pass->model->config;
  const lore_layer_tensors *t = &pass->model->layer[l];
  const lore_workspace *w = pass->workspace;
  real *const *d = w->dmixer;
  gate_slopes(pass, l, RECURRENCE_GATE, RECURRENCE_GATE_BIAS, d[STATE_RECURRENCE]);
  gate_slopes(pass, l, INPUT_GATE, INPUT_GATE_BIAS, d[STATE_INPUT]);
  convolution_slopes(pass, l);
  lore_pass_linear_slopes(pass, c->width, 2 * c->recurrent_width, w->layer[l].normed,
                          d[STATE_BRANCHES], t->mixer[BRANCHES], t->mixer[BRANCHES_BIAS]);
}

const lore_mixer_ops lore_recurrent_mixer = {
    .tensors = sizeof rows / sizeof *rows,
    .tensor = rows,
    .measure = recurrent_measure,
    .default_width = recurrent_default_width,
    .check = recurrent_check,
    .products = recurrent_products,
    .gemm_shapes = recurrent_gemm_shapes,
    .take_state = recurrent_take_state,
    .take_scratch = recurrent_take_scratch,
    .take_gradients = recurrent_take_gradients,
    .forward = recurrent_block_forward,
    .backward = recurrent_block_backward,
    .slopes = recurrent_block_slopes,
};
