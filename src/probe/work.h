/* What lives while a snapshot is probed, and what probing costs, from shapes alone. */
#ifndef LORE_PROBE_WORK_H
#define LORE_PROBE_WORK_H

#include "codes.h"
#include "reader.h"
#include "result.h"

typedef struct {
  const lore_probe_problem *problem;
  const lore_grid *grid;
  lore_probe_sizes sizes;
  lore_probe_reader reader;
  lore_probe_shuffle shuffle;
  int64_t *individual; /* [persons] */
  lore_probe_result *result;
  int first_level, levels; /* of this pass */
  int cells;               /* levels * positions * attributes */
  lore_ridge *ridge;       /* [cells], in the order of lore_probe_read */
  lore_matrix *x;          /* [cells], activations that are being worked on */
} lore_probe_work;

/* Cuts (or counts) all arrays out of `arena`; problem, sizes and cells are set. */
void lore_probe_work_layout(lore_probe_work *work, lore_arena *arena);

/* Bytes of what is not a matrix: the reader's workspaces, orders, lists. */
size_t lore_probe_work_bytes(const lore_probe_problem *problem);

/* `count` matrices of rows x columns; free with lore_probe_matrices_destroy, also after a failure.
 */
lore_status lore_probe_matrices_create(const lore_grid *grid, int count, int rows, int columns,
                                       lore_matrix *matrix);
void lore_probe_matrices_destroy(int count, lore_matrix *matrix);

/* Rows and columns of a block for matrices of `width` columns on so many ranks: small enough that
 * every column of the grid gets its share, as block columns are not divided. */
int lore_probe_block(int width, int ranks);

/* Bytes that a rank needs at the most, all levels at once and one level at a time. */
lore_bytes_function lore_probe_bytes, lore_probe_bytes_least; /* of a lore_probe_problem */

/* Floating-point operations for one snapshot, over all ranks. */
typedef struct {
  double forward; /* the model's, in its own precision; with all levels at once */
  double algebra; /* in double precision */
} lore_probe_operations;

lore_probe_operations lore_probe_count(const lore_probe_problem *problem);

/* *levels: the most that can be probed at a time on this grid, at least 1. All ranks. LORE_MPI. */
lore_status lore_probe_levels_affordable(const lore_probe_problem *problem, const lore_grid *grid,
                                         int *levels);

#endif
