/* Ridge regression by normal equations: the Gram matrix is formed once for all penalties. */
#include <assert.h>
#include <float.h>
#include <string.h>

#include "bytes.h"
#include "diagonal.h"
#include "lore/linalg/linalg.h"
#include "multiply.h"
#include "scalapack.h"

static const int one = 1;

typedef struct {
  int inputs, outputs;
} ridge_problem;

size_t lore_ridge_bytes(lore_grid_shape shape, int block, int inputs, int outputs) {
  size_t square = lore_matrix_bytes(shape, block, inputs, inputs);
  size_t tall = lore_matrix_bytes(shape, block, inputs, outputs);
  size_t vectors = lore_arena_mapped(bytes_sum(bytes_piece((size_t)inputs, sizeof(double)),
                                               2 * bytes_piece((size_t)outputs, sizeof(double))));
  return bytes_sum(vectors, bytes_sum(bytes_sum(square, square), bytes_sum(tall, tall)));
}

static size_t ridge_bytes(const void *problem, lore_grid_shape shape, int block) {
  const ridge_problem *p = problem;
  return lore_ridge_bytes(shape, block, p->inputs, p->outputs);
}

static void take_vectors(lore_ridge *ridge, int inputs, int outputs) {
  ridge->input_mean = lore_arena_take(&ridge->memory, (size_t)inputs, sizeof(double));
  ridge->output_mean = lore_arena_take(&ridge->memory, (size_t)outputs, sizeof(double));
  ridge->intercept = lore_arena_take(&ridge->memory, (size_t)outputs, sizeof(double));
}

static lore_status allocate(const lore_grid *grid, int inputs, int outputs, lore_ridge *ridge) {
  const ridge_problem problem = {inputs, outputs};
  LORE_TRY(lore_grid_afford(grid, "ridge regression", ridge_bytes, &problem));
  LORE_TRY(lore_matrix_create(grid, inputs, inputs, &ridge->gram));
  LORE_TRY(lore_matrix_create(grid, inputs, inputs, &ridge->factor));
  LORE_TRY(lore_matrix_create(grid, inputs, outputs, &ridge->cross));
  LORE_TRY(lore_matrix_create(grid, inputs, outputs, &ridge->weights));
  take_vectors(ridge, inputs, outputs);
  size_t bytes = ridge->memory.used;
  LORE_TRY_TOGETHER(grid->team, lore_arena_create(&ridge->memory, bytes));
  take_vectors(ridge, inputs, outputs);
  return LORE_OK;
}

static double mean_diagonal(const lore_matrix *matrix) {
  double sum = 0;
  for (int j = 0; j < matrix->local_columns; j++) {
    const double *element = lore_diagonal_element(matrix, j);
    sum += element ? *element : 0;
  }
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, matrix->grid->team.comm);
  return sum / matrix->rows;
}

lore_status lore_ridge_create(lore_matrix *x, lore_matrix *y, lore_ridge *ridge) {
  assert(x->grid == y->grid && x->rows == y->rows);
  *ridge = (lore_ridge){0};
  lore_status status = allocate(x->grid, x->columns, y->columns, ridge);
  if (status != LORE_OK) {
    lore_ridge_destroy(ridge);
    return status;
  }
  lore_matrix_centre(x, ridge->input_mean);
  lore_matrix_centre(y, ridge->output_mean);
  lore_matrix_gram(1, x, &ridge->gram);
  lore_matrix_cross(x, y, &ridge->cross);
  ridge->scale = mean_diagonal(&ridge->gram);
  if (ridge->scale == 0)
    ridge->scale = 1;
  return LORE_OK;
}

void lore_ridge_destroy(lore_ridge *ridge) {
  lore_matrix_destroy(&ridge->gram);
  lore_matrix_destroy(&ridge->factor);
  lore_matrix_destroy(&ridge->cross);
  lore_matrix_destroy(&ridge->weights);
  lore_arena_destroy(&ridge->memory);
  *ridge = (lore_ridge){0};
}

static void copy(const lore_matrix *from, lore_matrix *to) {
  memcpy(to->element, from->element,
         sizeof(double) * (size_t)from->stride * (size_t)from->local_columns);
}

/* intercept = output mean - input mean * weights. */
static void make_intercept(lore_ridge *ridge) {
  const lore_matrix *w = &ridge->weights;
  const lore_grid *grid = w->grid;
  memset(ridge->intercept, 0, sizeof(double) * (size_t)w->columns);
  for (int j = 0; j < w->local_columns; j++) {
    double sum = 0;
    for (int i = 0; i < w->local_rows; i++) {
      int input = lore_cyclic_global(i, grid->block, grid->row, grid->shape.rows);
      sum += ridge->input_mean[input] * w->element[(size_t)j * (size_t)w->stride + (size_t)i];
    }
    ridge->intercept[lore_cyclic_global(j, grid->block, grid->column, grid->shape.columns)] = sum;
  }
  MPI_Allreduce(MPI_IN_PLACE, ridge->intercept, w->columns, MPI_DOUBLE, MPI_SUM, grid->team.comm);
  for (int j = 0; j < w->columns; j++)
    ridge->intercept[j] = ridge->output_mean[j] - ridge->intercept[j];
}

/* A pivot that rounding left above 0 divides as badly as 0. */
static lore_status factorise(lore_matrix *factor) {
  int info = 0;
  if (factor->grid->row >= 0)
    pdpotrf_("L", &factor->rows, factor->element, &one, &one, factor->descriptor, &info, 1);
  LORE_TRY(lore_grid_info(factor->grid, "pdpotrf", info,
                          "the normal equations are not positive definite at input %d; use a "
                          "larger ridge strength"));
  double ratio = lore_diagonal_ratio(factor);
  if (ratio * ratio > factor->rows * DBL_EPSILON)
    return LORE_OK;
  return lore_fail(LORE_NUMERICS, "ridge regression: the normal equations are singular to working "
                                  "precision; use a larger ridge strength");
}

lore_status lore_ridge_solve(lore_ridge *ridge, double strength) {
  assert(strength >= 0);
  lore_matrix *factor = &ridge->factor, *weights = &ridge->weights;
  const lore_grid *grid = factor->grid;
  int info = 0, targets = weights->columns;
  copy(&ridge->gram, factor);
  copy(&ridge->cross, weights);
  for (int j = 0; j < factor->local_columns; j++) {
    double *element = lore_diagonal_element(factor, j);
    if (element)
      *element += strength * ridge->scale;
  }
  LORE_TRY(factorise(factor));
  if (grid->row >= 0)
    pdpotrs_("L", &factor->rows, &targets, factor->element, &one, &one, factor->descriptor,
             weights->element, &one, &one, weights->descriptor, &info, 1);
  LORE_TRY(lore_grid_info(grid, "pdpotrs", info, "error %d"));
  make_intercept(ridge);
  return LORE_OK;
}

void lore_ridge_predict(const lore_ridge *ridge, const lore_matrix *x, lore_matrix *out) {
  assert(x->columns == ridge->weights.rows && out->rows == x->rows &&
         out->columns == ridge->weights.columns);
  lore_matrix_product(x, &ridge->weights, out);
  lore_matrix_add_row(out, 1, ridge->intercept);
}

lore_status lore_ridge_path(lore_ridge *ridge, const lore_matrix *x, const lore_matrix *y,
                            int strengths, const double *strength, int groups,
                            const lore_classes *group, lore_matrix *predicted,
                            lore_class_score *score) {
  for (int s = 0; s < strengths; s++) {
    LORE_TRY(lore_ridge_solve(ridge, strength[s]));
    lore_ridge_predict(ridge, x, predicted);
    for (int g = 0; g < groups; g++)
      LORE_TRY(lore_class_compare(predicted, y, group[g], &score[s * groups + g]));
  }
  return LORE_OK;
}
