/* The metrics of a toy memory on groups of pairs. */
#ifndef LORE_EVAL_PAIR_SCORES_H
#define LORE_EVAL_PAIR_SCORES_H

#include "lore/eval/evaluate.h"
#include "lore/model/memory.h"

enum { LORE_PAIR_GROUPS_MAX = 3 };

/* The groups that there are: known, held_out, new. Returns how many. */
int lore_pair_groups(const lore_memory_config *config, lore_group group[LORE_PAIR_GROUPS_MAX]);

/* Scores all pairs of `group`, `rows` (the capacity of the workspace) at a time; a value counts as
 * an attribute of one token. Metrics by attribute are NAN. */
void lore_pair_scores(const lore_pairs *pairs, const lore_group *group, const real *parameters,
                      int rows, lore_memory_workspace *workspace, lore_group_metrics *metrics);

#endif
