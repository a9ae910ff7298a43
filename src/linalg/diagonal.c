/* Diagonals: each rank looks at its own part. */
#include "diagonal.h"

#include <math.h>

double *lore_diagonal_element(const lore_matrix *matrix, int j) {
  const lore_grid *grid = matrix->grid;
  int global = lore_cyclic_global(j, grid->block, grid->column, grid->shape.columns);
  if (global >= matrix->rows ||
      lore_cyclic_place(global, grid->block, grid->shape.rows) != grid->row)
    return NULL;
  return matrix->element + (size_t)j * (size_t)matrix->stride +
         lore_cyclic_local(global, grid->block, grid->shape.rows);
}

double lore_diagonal_ratio(const lore_matrix *matrix) {
  double extreme[2] = {0, -INFINITY}; /* the largest, and the smallest times -1 */
  for (int j = 0; j < matrix->local_columns; j++) {
    const double *element = lore_diagonal_element(matrix, j);
    if (!element)
      continue;
    extreme[0] = fmax(extreme[0], fabs(*element));
    extreme[1] = fmax(extreme[1], -fabs(*element));
  }
  MPI_Allreduce(MPI_IN_PLACE, extreme, 2, MPI_DOUBLE, MPI_MAX, matrix->grid->team.comm);
  return extreme[0] > 0 ? -extreme[1] / extreme[0] : 0;
}
