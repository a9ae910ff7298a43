/* Least squares by QR or LQ factorisation (pdgels). */
#include <assert.h>
#include <float.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "diagonal.h"
#include "lore/linalg/linalg.h"
#include "scalapack.h"

static const int one = 1;

typedef struct {
  int rows, columns, targets;
} least_squares_problem;

/* At least what pdgels asks for, as all matrices start on the same rank. */
static size_t workspace(lore_grid_shape shape, int block, int rows, int columns, int targets) {
  size_t b = (size_t)block;
  int longer = rows > columns ? rows : columns;
  size_t mp = (size_t)lore_cyclic_count(longer, block, 0, shape.rows);
  size_t nq = (size_t)lore_cyclic_count(longer, block, 0, shape.columns);
  size_t tq = (size_t)lore_cyclic_count(targets, block, 0, shape.columns);
  size_t factor = b * (mp + nq + b);
  size_t apply = b * b + b * (tq + nq + 2 * mp + b);
  return 2 * (factor + apply);
}

size_t lore_least_squares_bytes(lore_grid_shape shape, int block, int rows, int columns,
                                int targets) {
  if (lore_matrix_bytes(shape, block, rows, columns) == SIZE_MAX)
    return SIZE_MAX;
  size_t reals = workspace(shape, block, rows, columns, targets);
  return lore_arena_mapped(bytes_piece(reals, sizeof(double)));
}

static size_t least_squares_bytes(const void *problem, lore_grid_shape shape, int block) {
  const least_squares_problem *p = problem;
  return lore_least_squares_bytes(shape, block, p->rows, p->columns, p->targets);
}

/* pdgels does not look at the diagonal of the triangle that it divides by. */
static lore_status check_rank(const lore_matrix *a) {
  int longer = a->rows < a->columns ? a->columns : a->rows;
  if (lore_diagonal_ratio(a) > longer * DBL_EPSILON)
    return LORE_OK;
  return lore_fail(LORE_NUMERICS, "least squares: the %d x %d matrix has not full rank", a->rows,
                   a->columns);
}

/* The first rows of b lie on the same ranks as the solution's, with another stride; below them the
 * squares of what is left. */
static void split(const lore_matrix *b, lore_matrix *solution, double *residual) {
  const lore_grid *grid = b->grid;
  memset(residual, 0, sizeof *residual * (size_t)b->columns);
  for (int j = 0; j < b->local_columns; j++) {
    const double *x = b->element + (size_t)j * (size_t)b->stride;
    double sum = 0;
    memcpy(solution->element + (size_t)j * (size_t)solution->stride, x,
           sizeof *x * (size_t)solution->local_rows);
    for (int i = solution->local_rows; i < b->local_rows; i++)
      sum += x[i] * x[i];
    residual[lore_cyclic_global(j, grid->block, grid->column, grid->shape.columns)] = sum;
  }
  MPI_Allreduce(MPI_IN_PLACE, residual, b->columns, MPI_DOUBLE, MPI_SUM, grid->team.comm);
}

static int solve(lore_matrix *a, lore_matrix *b, double *work, int reals) {
  int info = 0;
  pdgels_("N", &a->rows, &a->columns, &b->columns, a->element, &one, &one, a->descriptor,
          b->element, &one, &one, b->descriptor, work, &reals, &info, 1);
  return info;
}

lore_status lore_least_squares(lore_matrix *a, lore_matrix *b, lore_matrix *solution,
                               double *residual) {
  const lore_grid *grid = a->grid;
  const least_squares_problem problem = {a->rows, a->columns, b->columns};
  assert(b->rows == (a->rows > a->columns ? a->rows : a->columns));
  assert(solution->rows == a->columns && solution->columns == b->columns);
  size_t reals = workspace(grid->shape, grid->block, a->rows, a->columns, b->columns);
  int info = 0;
  lore_arena memory = {0};
  LORE_TRY(lore_grid_afford(grid, "least squares", least_squares_bytes, &problem));
  lore_status status =
      lore_team_agree(grid->team, lore_arena_create(&memory, bytes_piece(reals, sizeof(double))));
  if (status == LORE_OK) {
    double *work = lore_arena_take(&memory, reals, sizeof *work);
    if (grid->row >= 0)
      info = solve(a, b, work, (int)reals);
    status = lore_grid_info(grid, "pdgels", info, "diagonal element %d is zero");
  }
  lore_arena_destroy(&memory);
  if (status == LORE_OK)
    status = check_rank(a);
  if (status == LORE_OK)
    split(b, solution, residual);
  return status;
}
