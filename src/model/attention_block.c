/* The mixer "attention": projection to queries, keys and values, rotation, attention by heads; or
 * with another model's patterns, when only values are projected, T x d and dense. */
#include <assert.h>
#include <string.h>

#include "lore/model/gemm.h"
#include "lore/model/kernels.h"
#include "mixer.h"
#include "pass.h"

/* Numbers in lore_layer_tensors.mixer, in lore_layer_state.mixer (and lore_workspace.dmixer), and
 * in lore_workspace.table and scratch. */
enum { QKV, QKV_BIAS };
enum { STATE_QKV /* T x 3d, after rotation */ };
enum { COSINE, SINE /* context x head size / 2; NULL: no rotary positions */ };
enum { SCRATCH /* of attention.c */ };

#define AT(member) .index = offsetof(lore_layer_tensors, member)

/* qkv: query, key, value side by side, heads contiguous inside each. */
static const lore_tensor_row rows[] = {
    {"attention/norm",
     "gain of the norm before attention",
     {LORE_SIDE_WIDTH},
     LORE_GAIN,
     AT(mixer_norm)},
    {"attention/norm_bias",
     "bias of the norm before attention",
     {LORE_SIDE_WIDTH},
     LORE_BIAS,
     .condition = LORE_WITH_NORM_BIAS,
     AT(mixer_norm_bias)},
    {"attention/qkv",
     "maps to queries, keys and values, side by side",
     {LORE_SIDE_WIDTH, LORE_SIDE_QKV},
     LORE_WEIGHT,
     AT(mixer[QKV])},
    {"attention/qkv_bias",
     "biases of queries, keys and values",
     {LORE_SIDE_QKV},
     LORE_BIAS,
     .condition = LORE_WITH_BIAS,
     AT(mixer[QKV_BIAS])},
    {"attention/output",
     "map from the joined heads to the residual stream",
     {LORE_SIDE_ATTENTION, LORE_SIDE_WIDTH},
     LORE_WEIGHT,
     .deviation = LORE_DEVIATION_RESIDUAL,
     AT(output)},
    {"attention/output_bias",
     "bias of attention's output",
     {LORE_SIDE_WIDTH},
     LORE_BIAS,
     .condition = LORE_WITH_BIAS,
     AT(output_bias)},
};

static void attention_measure(const lore_model_config *c, int64_t length[LORE_SIDES]) {
  length[LORE_SIDE_QKV] = 3 * c->width;
  length[LORE_SIDE_ATTENTION] = c->width;
}

static double attention_products(const lore_model_config *c) {
  double d = c->width;
  return 4 * d * d;
}

static lore_gemm_shape *attention_gemm_shapes(const lore_model_config *c, int tokens,
                                              lore_gemm_shape *shape) {
  shape = lore_linear_shapes(shape, tokens, c->width, 3 * c->width, c->layers);
  return lore_linear_shapes(shape, tokens, c->width, c->width, c->layers);
}

static void attention_take_state(lore_layer_state *state, lore_arena *arena,
                                 const lore_model *model, int tokens) {
  state->mixer[STATE_QKV] = lore_workspace_reals(arena, tokens, 3 * model->config.width);
}

/* Sequences have at most `context` tokens and together at most `tokens`: rows of probabilities are
 * widest when sequences are longest. */
static void attention_take_own(lore_layer_state *state, lore_arena *arena, const lore_model *model,
                               int tokens, int sequences) {
  int longest = model->context < tokens ? model->context : tokens;
  size_t count = (size_t)tokens;
  if (count > (size_t)sequences * (size_t)longest)
    count = (size_t)sequences * (size_t)longest;
  count *= (size_t)lore_kernels()->attention_stride(longest) * (size_t)model->config.heads;
  state->probability = lore_arena_take(arena, count, sizeof(real));
}

static void attention_take_tables(real **table, lore_arena *arena, const lore_model *model) {
  const lore_model_config *c = &model->config;
  int size = c->width / c->heads;
  if (c->positions != LORE_POSITIONS_ROTARY)
    return;
  table[COSINE] = lore_workspace_reals(arena, model->context, size / 2);
  table[SINE] = lore_workspace_reals(arena, model->context, size / 2);
  if (table[COSINE])
    lore_kernels()->rotary_table(model->context, size, c->rotary_base, table[COSINE], table[SINE]);
}

static void attention_take_scratch(real **scratch, lore_arena *arena, const lore_model *model) {
  int size = model->config.width / model->config.heads;
  scratch[SCRATCH] =
      lore_arena_take(arena, lore_kernels()->attention_scratch(model->context, size), sizeof(real));
}

static void attention_take_gradients(lore_workspace *w, lore_arena *arena, const lore_model *model,
                                     int tokens) {
  w->dmixer[STATE_QKV] = lore_workspace_reals(arena, tokens, 3 * model->config.width);
}

/* Queries, keys and values of a layer, queries and keys rotated. */
static void project_qkv(const lore_pass *pass, int l) {
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_workspace *w = pass->workspace;
  lore_layer_state *s = &w->layer[l];
  int d = pass->model->config.width, heads = pass->model->config.heads;
  lore_pass_linear(pass, d, 3 * d, s->normed, t->mixer[QKV], t->mixer[QKV_BIAS], NULL,
                   s->mixer[STATE_QKV]);
  if (!w->table[COSINE])
    return;
  for (int i = pass->first_sequence; i < pass->last_sequence; i++)
    lore_kernels()->rotary_apply(/* 2 * heads heads side by side */
                                 w->length[i], 2 * heads, d / heads, 3 * d, w->table[COSINE],
                                 w->table[SINE], 0,
                                 s->mixer[STATE_QKV] +
                                     (size_t)pass->shard->offset[i] * 3 * (size_t)d);
}

static void mix_forward(const lore_pass *pass, int l) {
  lore_workspace *w = pass->workspace;
  lore_layer_state *state = &w->layer[l];
  int d = pass->model->config.width, heads = pass->model->config.heads, size = d / heads;
  for (int s = pass->first_sequence; s < pass->last_sequence; s++) {
    size_t at = (size_t)pass->shard->offset[s];
    const real *qkv = state->mixer[STATE_QKV] + at * 3 * (size_t)d;
    for (int h = 0; h < heads; h++)
      lore_kernels()->attention_forward(
          w->length[s], size, 3 * d, qkv + h * size, qkv + d + h * size, qkv + 2 * d + h * size,
          lore_workspace_probability(w, l, h, s), d, state->mixed + at * (size_t)d + h * size,
          w->scratch[SCRATCH]);
  }
}

static void mix_backward(const lore_pass *pass, int l) {
  lore_workspace *w = pass->workspace;
  lore_layer_state *state = &w->layer[l];
  int d = pass->model->config.width, heads = pass->model->config.heads, size = d / heads;
  for (int s = pass->first_sequence; s < pass->last_sequence; s++) {
    size_t at = (size_t)pass->shard->offset[s];
    const real *qkv = state->mixer[STATE_QKV] + at * 3 * (size_t)d;
    real *dqkv = w->dmixer[STATE_QKV] + at * 3 * (size_t)d;
    for (int h = 0; h < heads; h++)
      lore_kernels()->attention_backward(
          w->length[s], size, 3 * d, qkv + h * size, qkv + d + h * size, qkv + 2 * d + h * size,
          lore_workspace_probability(w, l, h, s), d, w->dmixed + at * (size_t)d + h * size, 3 * d,
          dqkv + h * size, dqkv + d + h * size, dqkv + 2 * d + h * size, w->scratch[SCRATCH]);
    if (w->table[COSINE])
      lore_kernels()->rotary_apply(w->length[s], 2 * heads, size, 3 * d, w->table[COSINE],
                                   w->table[SINE], 1, dqkv);
  }
}

static void assert_same_shard(const lore_workspace *own, const lore_workspace *other) {
  assert(other->sequences_used == own->sequences_used);
  for (int s = 0; s < own->sequences_used; s++)
    assert(other->length[s] == own->length[s]);
  (void)own;
  (void)other;
}

static void patched_forward(const lore_pass *pass, int l) {
  const lore_workspace *w = pass->workspace;
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_layer_state *state = &w->layer[l];
  int d = pass->model->config.width, heads = pass->model->config.heads, size = d / heads;
  const real *bias = lore_pass_weight(pass, t->mixer[QKV_BIAS]);
  real *value = lore_pass_rows(pass, state->mixer[STATE_QKV], d);
  assert_same_shard(w, w->patterns);
  lore_gemm(pass->model->config.precision, LORE_PLAIN, LORE_PLAIN, pass->rows, d, d,
            lore_pass_rows(pass, state->normed, d), d,
            lore_pass_weight(pass, t->mixer[QKV]) + 2 * d, 3 * d, NULL, value, d);
  for (int i = 0; bias && i < pass->rows * d; i++)
    value[i] += bias[2 * d + i % d];
  for (int s = pass->first_sequence; s < pass->last_sequence; s++)
    for (int h = 0; h < heads; h++) {
      size_t at = (size_t)pass->shard->offset[s] * (size_t)d + (size_t)h * (size_t)size;
      lore_kernels()->attention_apply(w->length[s], size, d, state->mixer[STATE_QKV] + at,
                                      lore_workspace_probability(w->patterns, l, h, s), d,
                                      state->mixed + at, w->scratch[SCRATCH]);
    }
}

static void patched_backward(const lore_pass *pass, int l) {
  lore_workspace *w = pass->workspace;
  int d = pass->model->config.width, heads = pass->model->config.heads, size = d / heads;
  const real *weight = lore_pass_weight(pass, pass->model->layer[l].mixer[QKV]);
  real *dvalue = w->dmixer[STATE_QKV];
  for (int s = pass->first_sequence; s < pass->last_sequence; s++)
    for (int h = 0; h < heads; h++) {
      size_t at = (size_t)pass->shard->offset[s] * (size_t)d + (size_t)h * (size_t)size;
      lore_kernels()->attention_apply_backward(w->length[s], size,
                                               lore_workspace_probability(w->patterns, l, h, s), d,
                                               w->dmixed + at, d, dvalue + at, w->scratch[SCRATCH]);
    }
  lore_gemm(pass->model->config.precision, LORE_PLAIN, LORE_TRANSPOSED, pass->rows, d, d,
            lore_pass_rows(pass, dvalue, d), d, weight + 2 * d, 3 * d, NULL,
            lore_pass_rows(pass, w->dnormed, d), d);
}

/* Gradients of the value columns; those of queries and keys are 0. */
static void patched_slopes(const lore_pass *pass, int l) {
  const lore_layer_tensors *t = &pass->model->layer[l];
  const real *dvalue = pass->workspace->dmixer[STATE_QKV];
  int d = pass->model->config.width;
  real *dweight = lore_pass_slope(pass, t->mixer[QKV]);
  real *dbias = lore_pass_slope(pass, t->mixer[QKV_BIAS]);
  const lore_part rows = lore_pass_part(pass, d, 1);
  lore_pass_weight_slopes(pass, d, d, pass->workspace->layer[l].normed, dvalue, dweight + 2 * d,
                          3 * d);
  for (int row = rows.first; row < rows.last; row++)
    memset(dweight + (size_t)row * 3 * (size_t)d, 0, sizeof(real) * 2 * (size_t)d);
  if (!dbias)
    return;
  for (int i = rows.first; i < rows.last; i++)
    dbias[i] = dbias[d + i] = 0;
  lore_pass_bias_slopes(pass, d, dvalue, dbias + 2 * d);
}

static void attention_block_forward(const lore_pass *pass, int l) {
  if (pass->workspace->patterns) {
    patched_forward(pass, l);
  } else {
    project_qkv(pass, l);
    mix_forward(pass, l);
  }
}

static void attention_block_backward(const lore_pass *pass, int l) {
  lore_workspace *w = pass->workspace;
  int d = pass->model->config.width;
  if (w->patterns) {
    patched_backward(pass, l);
    return;
  }
  mix_backward(pass, l);
  lore_pass_linear_backward(pass, d, 3 * d, pass->model->layer[l].mixer[QKV], w->dmixer[STATE_QKV],
                            w->dnormed);
}

static void attention_block_slopes(const lore_pass *pass, int l) {
  const lore_layer_tensors *t = &pass->model->layer[l];
  const lore_workspace *w = pass->workspace;
  int d = pass->model->config.width;
  if (w->patterns)
    patched_slopes(pass, l);
  else
    lore_pass_linear_slopes(pass, d, 3 * d, w->layer[l].normed, w->dmixer[STATE_QKV], t->mixer[QKV],
                            t->mixer[QKV_BIAS]);
}

static void attention_block_attend(const lore_pass *pass, int l) {
  const lore_workspace *w = pass->workspace;
  int d = pass->model->config.width, heads = pass->model->config.heads, size = d / heads;
  project_qkv(pass, l);
  for (int s = pass->first_sequence; s < pass->last_sequence; s++)
    for (int h = 0; h < heads; h++) {
      const real *q = w->layer[l].mixer[STATE_QKV] +
                      (size_t)pass->shard->offset[s] * 3 * (size_t)d + (size_t)h * (size_t)size;
      lore_kernels()->attention_patterns(w->length[s], size, 3 * d, q, q + d,
                                         lore_workspace_probability(w, l, h, s),
                                         w->scratch[SCRATCH]);
    }
}

const lore_mixer_ops lore_attention_mixer = {
    .attends = true,
    .tensors = sizeof rows / sizeof *rows,
    .tensor = rows,
    .measure = attention_measure,
    .products = attention_products,
    .gemm_shapes = attention_gemm_shapes,
    .take_state = attention_take_state,
    .take_own = attention_take_own,
    .take_tables = attention_take_tables,
    .take_scratch = attention_take_scratch,
    .take_gradients = attention_take_gradients,
    .forward = attention_block_forward,
    .backward = attention_block_backward,
    .slopes = attention_block_slopes,
    .attend = attention_block_attend,
};
