/* Nearest rows of distributed matrices.
 *
 * All calls are for all ranks of the grid's team. Memory is predicted before it is allocated
 * (LORE_MEMORY tells how many ranks would do); what ScaLAPACK reports is LORE_NUMERICS on all
 * ranks; LORE_MPI. Vectors of results are the same on all ranks. Matrices of one call share one
 * grid. */
#ifndef LORE_LINALG_NEAREST_H
#define LORE_LINALG_NEAREST_H

#include "lore/linalg/matrix.h"

/* For each row of `query` the nearest row of `reference` (of the same columns) and its Euclidean
 * distance; query may be reference, then a row is not its own neighbour. distance[rows of query],
 * nearest[rows of query] (-1 and INFINITY if there is none). Candidates are found by inner
 * products, their distance is computed from differences. Subtracts reference's column means from
 * both in place. */
lore_status lore_nearest_rows(lore_matrix *query, lore_matrix *reference, double *distance,
                              int *nearest);

size_t lore_nearest_bytes(lore_grid_shape shape, int block, int queries, int references,
                          int columns);

#endif
