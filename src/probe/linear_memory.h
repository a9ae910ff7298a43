/* The best linear associative memory, in closed form: what a toy memory without hidden units could
 * hold at best in the sense of least squares (paper, appendix F.4). */
#ifndef LORE_PROBE_LINEAR_MEMORY_H
#define LORE_PROBE_LINEAR_MEMORY_H

#include "lore/base/enum.h"
#include "lore/eval/pair_scores.h"
#include "lore/linalg/grid.h"

/* How the map is told what a key's value is, and how its answer is read. vectors: targets are the
 * values' vectors; the largest product with one wins, as in the toy memory. one_hot: targets are
 * one-hot codes, with a constant input; the largest wins. */
#define LORE_LINEAR_CODE_LIST(X)                                                                   \
  X(LORE_LINEAR_VECTORS, "vectors")                                                                \
  X(LORE_LINEAR_ONE_HOT, "one_hot")

typedef enum { LORE_LINEAR_CODE_LIST(LORE_ENUM_VALUE) LORE_LINEAR_CODES } lore_linear_code;

/* [code][group], groups as lore_pair_groups: shares of right answers. [code]: mean squared length
 * of what the map leaves of the known pairs' targets. */
typedef struct {
  double accuracy[LORE_LINEAR_CODES][LORE_PAIR_GROUPS_MAX];
  double residual[LORE_LINEAR_CODES];
} lore_linear_memory;

/* Fits the known pairs by pdgels. All ranks of the grid call it, with the same pairs, and get the
 * same. LORE_MEMORY, LORE_NUMERICS,
 * LORE_MPI as lore_least_squares. */
lore_status lore_linear_memory_fit(const lore_pairs *pairs, const lore_grid *grid,
                                   lore_linear_memory *memory);

#endif
