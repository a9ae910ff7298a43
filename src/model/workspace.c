/* Layout of a workspace in an arena. */
#include "workspace.h"

#include <assert.h>

#include "mixer.h"

static void take_layer(lore_layer_state *state, lore_arena *arena, const lore_model *model, int t,
                       int sequences) {
  const lore_mixer_ops *mixer = lore_mixer_ops_of(model->config.mixer);
  int d = model->config.width, hidden = model->config.hidden;
  *state = (lore_layer_state){0};
  state->x = lore_workspace_reals(arena, t, d);
  state->normed = lore_workspace_reals(arena, t, d);
  state->mean = lore_workspace_reals(arena, t, 1);
  state->scale = lore_workspace_reals(arena, t, 1);
  mixer->take_state(state, arena, model, t);
  state->mixed = lore_workspace_reals(arena, t, lore_workspace_mixed_width(model));
  state->x_middle = lore_workspace_reals(arena, t, d);
  state->mlp_normed = lore_workspace_reals(arena, t, d);
  state->mlp_mean = lore_workspace_reals(arena, t, 1);
  state->mlp_scale = lore_workspace_reals(arena, t, 1);
  state->up = lore_workspace_reals(arena, t, hidden);
  state->activated = lore_workspace_reals(arena, t, hidden);
  if (mixer->take_own)
    mixer->take_own(state, arena, model, t, sequences);
}

/* Without a backward pass one set of activations serves all layers, but for what the mixer keeps of
 * each: attention probabilities. */
static void share_layer(lore_layer_state *state, const lore_layer_state *first, lore_arena *arena,
                        const lore_model *model, int t, int sequences) {
  const lore_mixer_ops *mixer = lore_mixer_ops_of(model->config.mixer);
  *state = *first;
  if (mixer->take_own)
    mixer->take_own(state, arena, model, t, sequences);
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

static void take_gradients(lore_workspace *w, lore_arena *arena, const lore_model *model, int t) {
  int d = model->config.width;
  w->dx = lore_workspace_reals(arena, t, d);
  w->dnormed = lore_workspace_reals(arena, t, d);
  w->dmixed = lore_workspace_reals(arena, t, lore_workspace_mixed_width(model));
  lore_mixer_ops_of(model->config.mixer)->take_gradients(w, arena, model, t);
  w->dup = lore_workspace_reals(arena, t, model->config.hidden);
}

static void take_shared(lore_workspace *w, lore_arena *arena, const lore_model *model, int tokens,
                        int sequences, lore_workspace_use use) {
  const lore_model_config *c = &model->config;
  const lore_mixer_ops *mixer = lore_mixer_ops_of(c->mixer);
  w->barrier = lore_arena_take(arena, 1, sizeof *w->barrier);
  if (w->barrier)
    *w->barrier = (lore_barrier)LORE_BARRIER_NEW;
  w->layer = lore_arena_take(arena, (size_t)c->layers, sizeof *w->layer);
  w->length = lore_arena_take(arena, (size_t)sequences, sizeof *w->length);
  w->probability_at = lore_arena_take(arena, (size_t)sequences, sizeof *w->probability_at);
  take_layers(w, arena, model, tokens, sequences, use);
  w->x = lore_workspace_reals(arena, tokens, c->width);
  w->final_normed = lore_workspace_reals(arena, tokens, c->width);
  w->final_mean = lore_workspace_reals(arena, tokens, 1);
  w->final_scale = lore_workspace_reals(arena, tokens, 1);
  w->head = lore_arena_take(
      arena, lore_kernels()->head_scratch(c->precision, c->width, model->vocabulary), sizeof(real));
  w->row_loss = lore_arena_take(arena, LORE_HEAD_ROWS, sizeof *w->row_loss);
  if (mixer->take_tables)
    mixer->take_tables(w->table, arena, model);
  if (use == LORE_FORWARD_BACKWARD)
    take_gradients(w, arena, model, tokens);
  w->target = lore_arena_take(arena, (size_t)tokens, sizeof *w->target);
}

lore_workspace *lore_workspace_layout_crew(lore_arena *arena, const lore_model *model, int tokens,
                                           int sequences, lore_workspace_use use, int members) {
  const lore_mixer_ops *mixer = lore_mixer_ops_of(model->config.mixer);
  lore_workspace shared = {
      .use = use, .members = members, .tokens = tokens, .sequences = sequences};
  lore_workspace counting, *first = lore_arena_take(arena, (size_t)members, sizeof *first);
  take_shared(&shared, arena, model, tokens, sequences, use);
  for (int m = 0; m < members; m++) {
    lore_workspace *w = first ? &first[m] : &counting;
    *w = shared;
    w->member = m;
    mixer->take_scratch(w->scratch, arena, model);
  }
  return first;
}

lore_workspace *lore_workspace_layout(lore_arena *arena, const lore_model *model, int tokens,
                                      int sequences, lore_workspace_use use) {
  return lore_workspace_layout_crew(arena, model, tokens, sequences, use, 1);
}

lore_workspace *lore_workspace_member(lore_workspace *first, int member) {
  assert(first->member == 0 && member < first->members);
  return first + member;
}

void lore_workspace_patch(lore_workspace *workspace, const lore_workspace *patterns) {
  workspace->patterns = patterns;
}
