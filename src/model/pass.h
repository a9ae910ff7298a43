/* A pass over one shard: what the parts of the decoder share. */
#ifndef LORE_MODEL_PASS_H
#define LORE_MODEL_PASS_H

#include "workspace.h"

typedef struct {
  const lore_model *model;
  const real *parameters;
  real *gradient; /* NULL in a forward-only pass */
  const lore_batch *shard;
  lore_workspace *workspace;
  const lore_gradient_watch *watch; /* may be NULL */
} lore_pass;

/* Where tensor `tensor` and its gradient are; NULL if the model has none (-1). */
static inline const real *lore_pass_weight(const lore_pass *pass, int tensor) {
  return tensor < 0 ? NULL : pass->parameters + pass->model->tensor[tensor].offset;
}

static inline real *lore_pass_slope(const lore_pass *pass, int tensor) {
  return tensor < 0 ? NULL : pass->gradient + pass->model->tensor[tensor].offset;
}

/* Attention probabilities of one head and sequence. */
real *lore_workspace_probability(const lore_workspace *workspace, int layer, int head,
                                 int sequence);

/* -- patched.c: attention with the patterns of workspace->patterns; in place of projection and
 *    mixing, from the normed stream to the mixed one and back -- */

void lore_patched_forward(const lore_pass *pass, int layer);
void lore_patched_backward(const lore_pass *pass, int layer);

/* -- recurrent_block.c: Hawk's recurrent block (De et al. 2024, figure 2) in place of attention,
 *    from the normed stream to the mixed one and back -- */

void lore_recurrent_block_forward(const lore_pass *pass, int layer);
void lore_recurrent_block_backward(const lore_pass *pass, int layer);

#endif
