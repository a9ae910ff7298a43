/* Singular values by pdgesvd, without vectors. */
#include <stdint.h>

#include "bytes.h"
#include "lore/linalg/linalg.h"
#include "scalapack.h"

static const int one = 1;

typedef struct {
  int rows, columns;
} singular_problem;

/* At least what pdgesvd asks for: its terms for the bidiagonal reduction and its redistribution. */
static size_t workspace(lore_grid_shape shape, int block, int rows, int columns) {
  size_t b = (size_t)block, longer = (size_t)(rows > columns ? rows : columns);
  size_t mp = (size_t)lore_cyclic_count(rows, block, 0, shape.rows);
  size_t nq = (size_t)lore_cyclic_count(columns, block, 0, shape.columns);
  return 1 + 6 * longer + b * (mp + nq + 2) + mp + nq + 4 * longer;
}

size_t lore_singular_bytes(lore_grid_shape shape, int block, int rows, int columns) {
  if (lore_matrix_bytes(shape, block, rows, columns) == SIZE_MAX)
    return SIZE_MAX;
  return lore_arena_mapped(bytes_piece(workspace(shape, block, rows, columns), sizeof(double)));
}

static size_t singular_bytes(const void *problem, lore_grid_shape shape, int block) {
  const singular_problem *p = problem;
  return lore_singular_bytes(shape, block, p->rows, p->columns);
}

static int solve(lore_matrix *a, double *value, double *work, int reals) {
  int info = 0;
  pdgesvd_("N", "N", &a->rows, &a->columns, a->element, &one, &one, a->descriptor, value, NULL,
           &one, &one, a->descriptor, NULL, &one, &one, a->descriptor, work, &reals, &info, 1, 1);
  return info;
}

lore_status lore_singular_values(lore_matrix *matrix, double *value) {
  const lore_grid *grid = matrix->grid;
  const singular_problem problem = {matrix->rows, matrix->columns};
  int count = matrix->rows < matrix->columns ? matrix->rows : matrix->columns, info = 0;
  size_t reals = workspace(grid->shape, grid->block, matrix->rows, matrix->columns);
  lore_arena memory = {0};
  LORE_TRY(lore_grid_afford(grid, "singular values", singular_bytes, &problem));
  lore_status status =
      lore_team_agree(grid->team, lore_arena_create(&memory, bytes_piece(reals, sizeof(double))));
  if (status == LORE_OK) {
    double *work = lore_arena_take(&memory, reals, sizeof *work);
    if (grid->row >= 0)
      info = solve(matrix, value, work, (int)reals);
    status = lore_grid_info(grid, "pdgesvd", info,
                            "singular values did not converge, or differed between unlike "
                            "processors (%d)");
  }
  lore_arena_destroy(&memory);
  if (status == LORE_OK)
    MPI_Bcast(value, count, MPI_DOUBLE, 0, grid->team.comm);
  return status;
}
