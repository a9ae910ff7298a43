/* Eigenvalues of symmetric matrices by divide and conquer (pdsyevd, which also wants the memory of
 * the eigenvectors). */
#include <assert.h>
#include <stdint.h>

#include "bytes.h"
#include "lore/linalg/linalg.h"
#include "multiply.h"
#include "scalapack.h"

static const int one = 1;

/* What the documentation of pdsyevd asks for, on the fullest rank; or what pdormtr asks
 * for, which it calls with what two vectors leave: more than that for matrices of few blocks. */
static void workspace(lore_grid_shape shape, int block, int order, size_t *reals,
                      size_t *integers) {
  size_t n = (size_t)order, b = (size_t)block;
  size_t rows = (size_t)lore_cyclic_count(order, block, 0, shape.rows);
  size_t columns = (size_t)lore_cyclic_count(order, block, 0, shape.columns);
  size_t panel = b * (rows + 1) > 3 * b ? b * (rows + 1) : 3 * b;
  size_t solve = 1 + 6 * n + 2 * rows * columns;
  size_t sides = rows + columns > b / 2 ? rows + columns : b / 2;
  size_t apply = b * sides + b * b;
  size_t most = solve > 3 * n + panel ? solve : 3 * n + panel;
  *reals = 2 * n + (most > apply ? most : apply);
  *integers = 7 * n + 8 * (size_t)shape.columns + 2;
}

size_t lore_symmetric_bytes(lore_grid_shape shape, int block, int order) {
  size_t reals, integers;
  workspace(shape, block, order, &reals, &integers);
  size_t vectors = lore_matrix_bytes(shape, block, order, order);
  if (vectors == SIZE_MAX)
    return SIZE_MAX;
  return vectors +
         lore_arena_mapped(bytes_piece(reals, sizeof(double)) + bytes_piece(integers, sizeof(int)));
}

static size_t symmetric_bytes(const void *order, lore_grid_shape shape, int block) {
  return lore_symmetric_bytes(shape, block, *(const int *)order);
}

static int solve(lore_matrix *a, lore_matrix *z, double *value, double *work, int reals, int *iwork,
                 int integers) {
  int info = 0;
  pdsyevd_("V", "L", &a->rows, a->element, &one, &one, a->descriptor, value, z->element, &one, &one,
           z->descriptor, work, &reals, iwork, &integers, &info, 1, 1);
  return info;
}

static void reverse(int count, double *value) {
  for (int i = 0; i < count / 2; i++) {
    double x = value[i];
    value[i] = value[count - 1 - i];
    value[count - 1 - i] = x;
  }
}

static lore_status eigenvalues(lore_matrix *matrix, lore_matrix *vectors, lore_arena *memory,
                               double *value) {
  const lore_grid *grid = matrix->grid;
  int order = matrix->rows, info = 0;
  size_t reals, integers;
  workspace(grid->shape, grid->block, order, &reals, &integers);
  LORE_TRY(lore_matrix_create(grid, order, order, vectors));
  LORE_TRY_TOGETHER(grid->team, lore_arena_create(memory, bytes_piece(reals, sizeof(double)) +
                                                              bytes_piece(integers, sizeof(int))));
  double *work = lore_arena_take(memory, reals, sizeof *work);
  int *iwork = lore_arena_take(memory, integers, sizeof *iwork);
  if (grid->row >= 0)
    info = solve(matrix, vectors, value, work, (int)reals, iwork, (int)integers);
  LORE_TRY(lore_grid_info(grid, "pdsyevd", info, "eigenvalue %d did not converge"));
  MPI_Bcast(value, order, MPI_DOUBLE, 0, grid->team.comm);
  reverse(order, value);
  return LORE_OK;
}

lore_status lore_symmetric_eigenvalues(lore_matrix *matrix, double *value) {
  assert(matrix->rows == matrix->columns);
  lore_matrix vectors = {0};
  lore_arena memory = {0};
  LORE_TRY(lore_grid_afford(matrix->grid, "eigenvalues", symmetric_bytes, &matrix->rows));
  lore_status status = eigenvalues(matrix, &vectors, &memory, value);
  lore_matrix_destroy(&vectors);
  lore_arena_destroy(&memory);
  return status;
}

size_t lore_covariance_bytes(lore_grid_shape shape, int block, int columns) {
  return bytes_sum(lore_matrix_bytes(shape, block, columns, columns),
                   lore_symmetric_bytes(shape, block, columns));
}

static size_t covariance_bytes(const void *columns, lore_grid_shape shape, int block) {
  return lore_covariance_bytes(shape, block, *(const int *)columns);
}

lore_status lore_covariance_eigenvalues(lore_matrix *x, double *value) {
  lore_matrix covariance;
  LORE_TRY(lore_grid_afford(x->grid, "a spectrum", covariance_bytes, &x->columns));
  LORE_TRY(lore_matrix_create(x->grid, x->columns, x->columns, &covariance));
  lore_matrix_centre(x, value); /* value serves as space for the means */
  lore_matrix_gram(1.0 / x->rows, x, &covariance);
  lore_status status = lore_symmetric_eigenvalues(&covariance, value);
  lore_matrix_destroy(&covariance);
  return status;
}
