/* What is needed to compute a shard: activations of every layer and temporaries of the backward
 * pass. A thread has its own, or several threads, a crew, share one and compute a shard together.
 */
#ifndef LORE_MODEL_WORKSPACE_H
#define LORE_MODEL_WORKSPACE_H

#include "lore/base/arena.h"
#include "lore/model/model.h"

typedef struct lore_workspace lore_workspace;

typedef enum { LORE_FORWARD_ONLY, LORE_FORWARD_BACKWARD } lore_workspace_use;

/* Cuts a workspace for shards of at most `tokens` tokens and `sequences` sequences out of `arena`;
 * NULL while counting. */
lore_workspace *lore_workspace_layout(lore_arena *arena, const lore_model *model, int tokens,
                                      int sequences, lore_workspace_use use);

/* The same for a crew. Returns the workspace of its first member, which leads. */
lore_workspace *lore_workspace_layout_crew(lore_arena *arena, const lore_model *model, int tokens,
                                           int sequences, lore_workspace_use use, int members);

/* The workspace of another member: a handle of its own on the same memory. */
lore_workspace *lore_workspace_member(lore_workspace *first, int member);

/* Attention patching (science.md section 6): from now on passes in `workspace` (each member's) use
 * the probabilities that the last pass in `patterns` (lore_decoder_attend of another model of the
 * same shape, over the same shard) has left, in place of their own. No gradient flows into them,
 * and queries and keys get gradient 0. NULL ends it. */
void lore_workspace_patch(lore_workspace *workspace, const lore_workspace *patterns);

#endif
