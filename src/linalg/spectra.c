/* Eigenvalues of symmetric matrices by divide and conquer (pdsyevd, which also wants the memory of
 * the eigenvectors), singular values without vectors (pdgesvd), and a spectrum in a few numbers. */
#include "lore/linalg/spectra.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdint.h>

#include "bytes.h"
#include "lore/base/mpi.h"
#include "scalapack.h"

static const int one = 1;

static double clip_negative(double value) {
  return value > 0 ? value : 0;
}

lore_spectrum lore_spectrum_of(int count, const double *value) {
  lore_spectrum spectrum = {.condition = INFINITY};
  double largest = 0, smallest = INFINITY, squares = 0, entropy = 0;
  for (int i = 0; i < count; i++) {
    double x = clip_negative(value[i]);
    spectrum.total += x;
    squares += x * x;
    largest = fmax(largest, x);
    smallest = fmin(smallest, x);
  }
  if (spectrum.total == 0)
    return spectrum;
  for (int i = 0; i < count; i++) {
    double p = clip_negative(value[i]) / spectrum.total;
    entropy -= p > 0 ? p * log(p) : 0;
    spectrum.rank += value[i] > largest * count * DBL_EPSILON;
  }
  spectrum.effective_rank = exp(entropy);
  spectrum.participation = spectrum.total * spectrum.total / squares;
  if (spectrum.rank == count)
    spectrum.condition = largest / smallest;
  return spectrum;
}

/* What the documentation of pdsyevd asks for, on the fullest rank; or what pdormtr asks
 * for, which it calls with what two vectors leave: more than that for matrices of few blocks. */
static void symmetric_workspace(lore_grid_shape shape, int block, int order, size_t *reals,
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
  symmetric_workspace(shape, block, order, &reals, &integers);
  size_t vectors = lore_matrix_bytes(shape, block, order, order);
  if (vectors == SIZE_MAX)
    return SIZE_MAX;
  return vectors +
         lore_arena_mapped(bytes_piece(reals, sizeof(double)) + bytes_piece(integers, sizeof(int)));
}

static size_t symmetric_bytes(const void *order, lore_grid_shape shape, int block) {
  return lore_symmetric_bytes(shape, block, *(const int *)order);
}

static int call_pdsyevd(lore_matrix *a, lore_matrix *z, double *value, double *work, int reals,
                        int *iwork, int integers) {
  int info = 0;
  pdsyevd_("V", "L", &a->rows, a->element, &one, &one, a->descriptor, value, z->element, &one, &one,
           z->descriptor, work, &reals, iwork, &integers, &info, 1, 1);
  return info;
}

static void reverse_order(int count, double *value) {
  for (int i = 0; i < count / 2; i++) {
    double x = value[i];
    value[i] = value[count - 1 - i];
    value[count - 1 - i] = x;
  }
}

static lore_status find_eigenvalues(lore_matrix *matrix, lore_matrix *vectors, lore_arena *memory,
                                    double *value) {
  const lore_grid *grid = matrix->grid;
  int order = matrix->rows, info = 0;
  size_t reals, integers;
  symmetric_workspace(grid->shape, grid->block, order, &reals, &integers);
  LORE_TRY(lore_matrix_create(grid, order, order, vectors));
  LORE_TRY_TOGETHER(grid->team, lore_arena_create(memory, bytes_piece(reals, sizeof(double)) +
                                                              bytes_piece(integers, sizeof(int))));
  double *work = lore_arena_take(memory, reals, sizeof *work);
  int *iwork = lore_arena_take(memory, integers, sizeof *iwork);
  if (grid->row >= 0)
    info = call_pdsyevd(matrix, vectors, value, work, (int)reals, iwork, (int)integers);
  LORE_TRY(lore_grid_info(grid, "pdsyevd", info, "eigenvalue %d did not converge"));
  LORE_TRY_MPI(MPI_Bcast(value, order, MPI_DOUBLE, 0, grid->team.comm));
  reverse_order(order, value);
  return LORE_OK;
}

lore_status lore_symmetric_eigenvalues(lore_matrix *matrix, double *value) {
  assert(matrix->rows == matrix->columns);
  lore_matrix vectors = {0};
  lore_arena memory = {0};
  LORE_TRY(lore_grid_afford(matrix->grid, "eigenvalues", symmetric_bytes, &matrix->rows));
  lore_status status = find_eigenvalues(matrix, &vectors, &memory, value);
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
  lore_status status = lore_matrix_centre(x, value); /* value serves as space for the means */
  if (status == LORE_OK) {
    lore_matrix_gram(1.0 / x->rows, x, &covariance);
    status = lore_symmetric_eigenvalues(&covariance, value);
  }
  lore_matrix_destroy(&covariance);
  return status;
}

typedef struct {
  int rows, columns;
} singular_problem;

/* At least what pdgesvd asks for: its terms for the bidiagonal reduction and its redistribution. */
static size_t singular_workspace(lore_grid_shape shape, int block, int rows, int columns) {
  size_t b = (size_t)block, longer = (size_t)(rows > columns ? rows : columns);
  size_t mp = (size_t)lore_cyclic_count(rows, block, 0, shape.rows);
  size_t nq = (size_t)lore_cyclic_count(columns, block, 0, shape.columns);
  return 1 + 6 * longer + b * (mp + nq + 2) + mp + nq + 4 * longer;
}

size_t lore_singular_bytes(lore_grid_shape shape, int block, int rows, int columns) {
  if (lore_matrix_bytes(shape, block, rows, columns) == SIZE_MAX)
    return SIZE_MAX;
  return lore_arena_mapped(
      bytes_piece(singular_workspace(shape, block, rows, columns), sizeof(double)));
}

static size_t singular_bytes(const void *problem, lore_grid_shape shape, int block) {
  const singular_problem *p = problem;
  return lore_singular_bytes(shape, block, p->rows, p->columns);
}

static int call_pdgesvd(lore_matrix *a, double *value, double *work, int reals) {
  int info = 0;
  pdgesvd_("N", "N", &a->rows, &a->columns, a->element, &one, &one, a->descriptor, value, NULL,
           &one, &one, a->descriptor, NULL, &one, &one, a->descriptor, work, &reals, &info, 1, 1);
  return info;
}

lore_status lore_singular_values(lore_matrix *matrix, double *value) {
  const lore_grid *grid = matrix->grid;
  const singular_problem problem = {matrix->rows, matrix->columns};
  int count = matrix->rows < matrix->columns ? matrix->rows : matrix->columns, info = 0;
  size_t reals = singular_workspace(grid->shape, grid->block, matrix->rows, matrix->columns);
  lore_arena memory = {0};
  LORE_TRY(lore_grid_afford(grid, "singular values", singular_bytes, &problem));
  lore_status status =
      lore_team_agree(grid->team, lore_arena_create(&memory, bytes_piece(reals, sizeof(double))));
  if (status == LORE_OK) {
    double *work = lore_arena_take(&memory, reals, sizeof *work);
    if (grid->row >= 0)
      info = call_pdgesvd(matrix, value, work, (int)reals);
    status = lore_grid_info(grid, "pdgesvd", info,
                            "singular values did not converge, or differed between unlike "
                            "processors (%d)");
  }
  lore_arena_destroy(&memory);
  LORE_TRY(status);
  return LORE_MPI_DO(MPI_Bcast(value, count, MPI_DOUBLE, 0, grid->team.comm));
}
