/* Attention with another model's patterns: only values are projected, T x d and dense. */
#include <assert.h>
#include <string.h>

#include "layers.h"
#include "pass.h"

void lore_workspace_patch(lore_workspace *workspace, const lore_workspace *patterns) {
  workspace->patterns = patterns;
}

static void check_shard(const lore_pass *pass) {
  const lore_workspace *own = pass->workspace, *other = own->patterns;
  assert(other->sequences_used == own->sequences_used);
  for (int s = 0; s < own->sequences_used; s++)
    assert(other->length[s] == own->length[s]);
  (void)own;
  (void)other;
}

void lore_patched_forward(const lore_pass *pass, int l) {
  const lore_workspace *w = pass->workspace;
  const lore_layer_tensors *t = &pass->model->layer[l];
  lore_layer_state *state = &w->layer[l];
  int d = pass->model->config.width, heads = pass->model->config.heads, size = d / heads;
  int tokens = pass->shard->tokens;
  const real *bias = lore_pass_weight(pass, t->qkv_bias);
  check_shard(pass);
  lore_gemm(LORE_PLAIN, LORE_PLAIN, tokens, d, d, state->normed, d,
            lore_pass_weight(pass, t->qkv) + 2 * d, 3 * d, NULL, state->qkv, d);
  for (int i = 0; bias && i < tokens * d; i++)
    state->qkv[i] += bias[2 * d + i % d];
  for (int s = 0; s < pass->shard->sequences; s++)
    for (int h = 0; h < heads; h++) {
      size_t at = (size_t)pass->shard->offset[s] * (size_t)d + (size_t)h * (size_t)size;
      lore_attention_apply(w->length[s], size, d, state->qkv + at,
                           lore_workspace_probability(w->patterns, l, h, s), d, state->mixed + at,
                           w->attention);
    }
}

/* Gradients of the value columns; those of queries and keys are 0. */
static void weight_gradient(const lore_pass *pass, int l) {
  const lore_layer_tensors *t = &pass->model->layer[l];
  const real *dvalue = pass->workspace->dqkv;
  int d = pass->model->config.width, tokens = pass->shard->tokens;
  real *dweight = lore_pass_slope(pass, t->qkv), *dbias = lore_pass_slope(pass, t->qkv_bias);
  lore_gemm(LORE_TRANSPOSED, LORE_PLAIN, d, d, tokens, pass->workspace->layer[l].normed, d, dvalue,
            d, NULL, dweight + 2 * d, 3 * d);
  for (int row = 0; row < d; row++)
    memset(dweight + (size_t)row * 3 * (size_t)d, 0, sizeof(real) * 2 * (size_t)d);
  if (!dbias)
    return;
  memset(dbias, 0, sizeof(real) * 3 * (size_t)d);
  for (int i = 0; i < tokens * d; i++)
    dbias[2 * d + i % d] += dvalue[i];
}

void lore_patched_backward(const lore_pass *pass, int l) {
  lore_workspace *w = pass->workspace;
  int d = pass->model->config.width, heads = pass->model->config.heads, size = d / heads;
  for (int s = 0; s < pass->shard->sequences; s++)
    for (int h = 0; h < heads; h++) {
      size_t at = (size_t)pass->shard->offset[s] * (size_t)d + (size_t)h * (size_t)size;
      lore_attention_apply_backward(w->length[s], size,
                                    lore_workspace_probability(w->patterns, l, h, s), d,
                                    w->dmixed + at, d, w->dqkv + at, w->attention);
    }
  lore_gemm(LORE_PLAIN, LORE_TRANSPOSED, pass->shard->tokens, d, d, w->dqkv, d,
            lore_pass_weight(pass, pass->model->layer[l].qkv) + 2 * d, 3 * d, NULL, w->dnormed, d);
  weight_gradient(pass, l);
}
