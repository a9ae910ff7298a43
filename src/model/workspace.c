/* Layout of a workspace in an arena. */
#include "pass.h"

#include "layers.h"

real *lore_workspace_probability(const lore_workspace *w, int layer, int head, int sequence) {
  int length = w->length[sequence];
  size_t matrix = (size_t)length * (size_t)lore_attention_stride(length);
  return w->layer[layer].probability + w->probability_at[sequence] + (size_t)head * matrix;
}

static real *take(lore_arena *arena, int rows, int columns) {
  return lore_arena_take(arena, (size_t)rows * (size_t)columns, sizeof(real));
}

/* Sequences have at most `context` tokens and together at most `tokens`: rows of probabilities are
 * widest when sequences are longest. */
static size_t probabilities(const lore_model *model, int tokens, int sequences) {
  int longest = model->context < tokens ? model->context : tokens;
  size_t rows = (size_t)tokens;
  if (rows > (size_t)sequences * (size_t)longest)
    rows = (size_t)sequences * (size_t)longest;
  return rows * (size_t)lore_attention_stride(longest) * (size_t)model->config.heads;
}

static void take_recurrent(lore_recurrent_state *state, lore_arena *arena, const lore_model *model,
                           int t, bool with_h) {
  int w = model->config.recurrent_width;
  state->branches = take(arena, t, 2 * w);
  state->convolved = take(arena, t, w);
  state->recurrence = take(arena, t, w);
  state->input = take(arena, t, w);
  state->h = with_h ? take(arena, t, w) : NULL;
}

static int mixed_width(const lore_model_config *c) {
  return c->mixer == LORE_MIXER_ATTENTION ? c->width : c->recurrent_width;
}

static void take_layer(lore_layer_state *state, lore_arena *arena, const lore_model *model, int t,
                       int sequences) {
  int d = model->config.width;
  bool attends = model->config.mixer == LORE_MIXER_ATTENTION;
  *state = (lore_layer_state){0};
  state->x = take(arena, t, d);
  state->normed = take(arena, t, d);
  state->mean = take(arena, t, 1);
  state->scale = take(arena, t, 1);
  if (attends)
    state->qkv = take(arena, t, 3 * d);
  else
    take_recurrent(&state->recurrent, arena, model, t, true);
  state->mixed = take(arena, t, mixed_width(&model->config));
  state->x_middle = take(arena, t, d);
  state->mlp_normed = take(arena, t, d);
  state->mlp_mean = take(arena, t, 1);
  state->mlp_scale = take(arena, t, 1);
  state->up = take(arena, t, model->config.hidden);
  state->activated = take(arena, t, model->config.hidden);
  if (attends)
    state->probability = lore_arena_take(arena, probabilities(model, t, sequences), sizeof(real));
}

/* Without a backward pass one set of activations serves all layers; only attention is kept. */
static void share_layer(lore_layer_state *state, const lore_layer_state *first, lore_arena *arena,
                        const lore_model *model, int t, int sequences) {
  *state = *first;
  if (model->config.mixer == LORE_MIXER_ATTENTION)
    state->probability = lore_arena_take(arena, probabilities(model, t, sequences), sizeof(real));
}

static void take_layers(lore_workspace *w, lore_arena *arena, const lore_model *model, int tokens,
                        int sequences, lore_workspace_use use) {
  lore_layer_state first;
  take_layer(&first, arena, model, tokens, sequences);
  if (w->layer)
    w->layer[0] = first;
  for (int l = 1; l < model->config.layers; l++) {
    lore_layer_state next;
    if (use == LORE_FORWARD_BACKWARD)
      take_layer(&next, arena, model, tokens, sequences);
    else
      share_layer(&next, &first, arena, model, tokens, sequences);
    if (w->layer)
      w->layer[l] = next;
  }
}

static void take_rotary(lore_workspace *w, lore_arena *arena, const lore_model *model) {
  const lore_model_config *c = &model->config;
  w->cosine = w->sine = NULL;
  if (c->positions != LORE_POSITIONS_ROTARY)
    return;
  int size = c->width / c->heads;
  w->cosine = take(arena, model->context, size / 2);
  w->sine = take(arena, model->context, size / 2);
  if (w->cosine)
    lore_rotary_table(model->context, size, c->rotary_base, w->cosine, w->sine);
}

static void take_mixer_scratch(lore_workspace *w, lore_arena *arena, const lore_model *model) {
  const lore_model_config *c = &model->config;
  w->attention = w->rate = w->carry = NULL;
  if (c->mixer == LORE_MIXER_ATTENTION) {
    w->attention = lore_arena_take(
        arena, lore_attention_scratch(model->context, c->width / c->heads), sizeof(real));
  } else {
    w->rate = take(arena, 1, c->recurrent_width);
    w->carry = take(arena, 1, c->recurrent_width);
  }
}

static void take_backward(lore_workspace *w, lore_arena *arena, const lore_model *model, int t) {
  int d = model->config.width;
  w->dx = take(arena, t, d);
  w->dnormed = take(arena, t, d);
  w->dmixed = take(arena, t, mixed_width(&model->config));
  if (model->config.mixer == LORE_MIXER_ATTENTION)
    w->dqkv = take(arena, t, 3 * d);
  else
    take_recurrent(&w->drecurrent, arena, model, t, false);
  w->dup = take(arena, t, model->config.hidden);
}

lore_workspace *lore_workspace_layout(lore_arena *arena, const lore_model *model, int tokens,
                                      int sequences, lore_workspace_use use) {
  const lore_model_config *c = &model->config;
  lore_workspace counting, *in_arena = lore_arena_take(arena, 1, sizeof *in_arena);
  lore_workspace *w = in_arena ? in_arena : &counting;
  w->use = use;
  w->tokens = tokens;
  w->sequences = sequences;
  w->sequences_used = 0;
  w->patterns = NULL;
  w->layer = lore_arena_take(arena, (size_t)c->layers, sizeof *w->layer);
  w->length = lore_arena_take(arena, (size_t)sequences, sizeof *w->length);
  w->probability_at = lore_arena_take(arena, (size_t)sequences, sizeof *w->probability_at);
  take_layers(w, arena, model, tokens, sequences, use);
  w->x = take(arena, tokens, c->width);
  w->final_normed = take(arena, tokens, c->width);
  w->final_mean = take(arena, tokens, 1);
  w->final_scale = take(arena, tokens, 1);
  take_rotary(w, arena, model);
  w->head = lore_arena_take(arena, lore_head_scratch(c->width, model->vocabulary), sizeof(real));
  take_mixer_scratch(w, arena, model);
  if (use == LORE_FORWARD_BACKWARD)
    take_backward(w, arena, model, tokens);
  w->target = lore_arena_take(arena, (size_t)tokens, sizeof *w->target);
  return in_arena;
}
