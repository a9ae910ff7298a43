/* Ridge regression by normal equations, whose Gram matrix is formed once for all penalties; scores
 * of classes; least squares by QR or LQ factorisation (pdgels). */
#include "lore/linalg/regression.h"

#include <assert.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "lore/base/mpi.h"
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

static void layout_vectors(lore_ridge *ridge, int inputs, int outputs) {
  ridge->input_mean = lore_arena_take(&ridge->memory, (size_t)inputs, sizeof(double));
  ridge->output_mean = lore_arena_take(&ridge->memory, (size_t)outputs, sizeof(double));
  ridge->intercept = lore_arena_take(&ridge->memory, (size_t)outputs, sizeof(double));
}

static lore_status allocate_ridge(const lore_grid *grid, int inputs, int outputs,
                                  lore_ridge *ridge) {
  const ridge_problem problem = {inputs, outputs};
  LORE_TRY(lore_grid_afford(grid, "ridge regression", ridge_bytes, &problem));
  LORE_TRY(lore_matrix_create(grid, inputs, inputs, &ridge->gram));
  LORE_TRY(lore_matrix_create(grid, inputs, inputs, &ridge->factor));
  LORE_TRY(lore_matrix_create(grid, inputs, outputs, &ridge->cross));
  LORE_TRY(lore_matrix_create(grid, inputs, outputs, &ridge->weights));
  layout_vectors(ridge, inputs, outputs);
  size_t bytes = ridge->memory.used;
  LORE_TRY_TOGETHER(grid->team, lore_arena_create(&ridge->memory, bytes));
  layout_vectors(ridge, inputs, outputs);
  return LORE_OK;
}

static lore_status mean_diagonal(const lore_matrix *matrix, double *mean) {
  double sum = 0;
  for (int j = 0; j < matrix->local_columns; j++) {
    const double *element = lore_matrix_diagonal(matrix, j);
    sum += element ? *element : 0;
  }
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, matrix->grid->team.comm));
  *mean = sum / matrix->rows;
  return LORE_OK;
}

static lore_status form_equations(lore_matrix *x, lore_matrix *y, lore_ridge *ridge) {
  LORE_TRY(allocate_ridge(x->grid, x->columns, y->columns, ridge));
  LORE_TRY(lore_matrix_centre(x, ridge->input_mean));
  LORE_TRY(lore_matrix_centre(y, ridge->output_mean));
  lore_matrix_gram(1, x, &ridge->gram);
  lore_matrix_cross(x, y, &ridge->cross);
  LORE_TRY(mean_diagonal(&ridge->gram, &ridge->scale));
  if (ridge->scale == 0)
    ridge->scale = 1;
  return LORE_OK;
}

lore_status lore_ridge_create(lore_matrix *x, lore_matrix *y, lore_ridge *ridge) {
  assert(x->grid == y->grid && x->rows == y->rows);
  *ridge = (lore_ridge){0};
  lore_status status = form_equations(x, y, ridge);
  if (status != LORE_OK)
    lore_ridge_destroy(ridge);
  return status;
}

void lore_ridge_destroy(lore_ridge *ridge) {
  lore_matrix_destroy(&ridge->gram);
  lore_matrix_destroy(&ridge->factor);
  lore_matrix_destroy(&ridge->cross);
  lore_matrix_destroy(&ridge->weights);
  lore_arena_destroy(&ridge->memory);
  *ridge = (lore_ridge){0};
}

static void copy_elements(const lore_matrix *from, lore_matrix *to) {
  memcpy(to->element, from->element,
         sizeof(double) * (size_t)from->stride * (size_t)from->local_columns);
}

/* intercept = output mean - input mean * weights. */
static lore_status find_intercept(lore_ridge *ridge) {
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
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, ridge->intercept, w->columns, MPI_DOUBLE, MPI_SUM,
                             grid->team.comm));
  for (int j = 0; j < w->columns; j++)
    ridge->intercept[j] = ridge->output_mean[j] - ridge->intercept[j];
  return LORE_OK;
}

/* A pivot that rounding left above 0 divides as badly as 0. */
static lore_status factorise_gram(lore_matrix *factor) {
  int info = 0;
  if (factor->grid->row >= 0)
    pdpotrf_("L", &factor->rows, factor->element, &one, &one, factor->descriptor, &info, 1);
  LORE_TRY(lore_grid_info(factor->grid, "pdpotrf", info,
                          "the normal equations are not positive definite at input %d; use a "
                          "larger ridge strength"));
  double ratio;
  LORE_TRY(lore_matrix_diagonal_ratio(factor, &ratio));
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
  copy_elements(&ridge->gram, factor);
  copy_elements(&ridge->cross, weights);
  for (int j = 0; j < factor->local_columns; j++) {
    double *element = lore_matrix_diagonal(factor, j);
    if (element)
      *element += strength * ridge->scale;
  }
  LORE_TRY(factorise_gram(factor));
  if (grid->row >= 0)
    pdpotrs_("L", &factor->rows, &targets, factor->element, &one, &one, factor->descriptor,
             weights->element, &one, &one, weights->descriptor, &info, 1);
  LORE_TRY(lore_grid_info(grid, "pdpotrs", info, "error %d"));
  return find_intercept(ridge);
}

void lore_ridge_predict(const lore_ridge *ridge, const lore_matrix *x, lore_matrix *out) {
  assert(x->columns == ridge->weights.rows && out->rows == x->rows &&
         out->columns == ridge->weights.columns);
  lore_matrix_product(x, &ridge->weights, out);
  lore_matrix_add_row(out, 1, ridge->intercept);
}

/* Scores of classes are of the order of one. Sums of another number of ranks have other last bits:
 * scores this near to each other are the same. */
static const double same_score = 1e-7;

/* Calls `look` for each local score of `classes`. */
typedef void look_at_score(int row, int column, double score, double *largest, int *first);

static void look_at_scores(const lore_matrix *matrix, lore_classes classes, look_at_score *look,
                           double *largest, int *first) {
  const lore_grid *grid = matrix->grid;
  for (int j = 0; j < matrix->local_columns; j++) {
    const double *x = matrix->element + (size_t)j * (size_t)matrix->stride;
    int column = lore_cyclic_global(j, grid->block, grid->column, grid->shape.columns);
    if (column >= classes.first && column < classes.first + classes.count)
      for (int i = 0; i < matrix->local_rows; i++)
        look(i, column, x[i], largest, first);
  }
}

static void look_for_largest(int row, int column, double score, double *largest, int *first) {
  (void)column;
  (void)first;
  if (score > largest[row])
    largest[row] = score;
}

static void look_for_first(int row, int column, double score, double *largest, int *first) {
  if (score >= largest[row] - same_score && column < first[row])
    first[row] = column;
}

/* The column with the largest score of `classes` in each local row; among equals the first one. */
static lore_status find_largest(const lore_matrix *matrix, lore_classes classes, double *largest,
                                int *first) {
  for (int i = 0; i < matrix->local_rows; i++) {
    largest[i] = -INFINITY;
    first[i] = INT_MAX;
  }
  look_at_scores(matrix, classes, look_for_largest, largest, first);
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, largest, matrix->local_rows, MPI_DOUBLE, MPI_MAX,
                             matrix->grid->in_row));
  look_at_scores(matrix, classes, look_for_first, largest, first);
  return LORE_MPI_DO(MPI_Allreduce(MPI_IN_PLACE, first, matrix->local_rows, MPI_INT, MPI_MIN,
                                   matrix->grid->in_row));
}

static double squared_error(const lore_matrix *a, const lore_matrix *b, lore_classes classes) {
  const lore_grid *grid = a->grid;
  double sum = 0;
  for (int j = 0; j < a->local_columns; j++) {
    const double *x = a->element + (size_t)j * (size_t)a->stride;
    const double *y = b->element + (size_t)j * (size_t)b->stride;
    int column = lore_cyclic_global(j, grid->block, grid->column, grid->shape.columns);
    if (column >= classes.first && column < classes.first + classes.count)
      for (int i = 0; i < a->local_rows; i++)
        sum += (x[i] - y[i]) * (x[i] - y[i]);
  }
  return sum;
}

/* This rank's part of the rows whose largest scores agree. `memory` has room for both. */
static lore_status count_agreeing(const lore_matrix *predicted, const lore_matrix *truth,
                                  lore_classes classes, lore_arena *memory, double *agreeing) {
  size_t rows = (size_t)truth->local_rows;
  double *largest = lore_arena_take(memory, rows, sizeof *largest);
  int *got = lore_arena_take(memory, rows, sizeof *got);
  int *want = lore_arena_take(memory, rows, sizeof *want);
  LORE_TRY(find_largest(predicted, classes, largest, got));
  LORE_TRY(find_largest(truth, classes, largest, want));
  for (size_t i = 0; i < rows && truth->grid->column == 0; i++)
    *agreeing += got[i] == want[i];
  return LORE_OK;
}

lore_status lore_class_compare(const lore_matrix *predicted, const lore_matrix *truth,
                               lore_classes classes, lore_class_score *score) {
  const lore_grid *grid = truth->grid;
  assert(predicted->rows == truth->rows && predicted->columns == truth->columns);
  assert(classes.first >= 0 && classes.count >= 1 &&
         classes.first + classes.count <= truth->columns);
  double sum[2] = {0, 0}; /* rows that agree; squared error */
  size_t rows = (size_t)truth->local_rows;
  lore_arena memory = {0};
  LORE_TRY_TOGETHER(
      grid->team,
      lore_arena_create(&memory, rows * (sizeof(double) + 2 * sizeof(int)) + 3 * LORE_ALIGNMENT));
  lore_status status = LORE_OK;
  if (grid->row >= 0) {
    status = count_agreeing(predicted, truth, classes, &memory, &sum[0]);
    sum[1] = squared_error(predicted, truth, classes);
  }
  lore_arena_destroy(&memory);
  LORE_TRY(status);
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, grid->team.comm));
  *score = (lore_class_score){sum[0] / truth->rows, sum[1] / truth->rows};
  return LORE_OK;
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

typedef struct {
  int rows, columns, targets;
} least_squares_problem;

/* At least what pdgels asks for, as all matrices start on the same rank. */
static size_t least_squares_workspace(lore_grid_shape shape, int block, int rows, int columns,
                                      int targets) {
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
  size_t reals = least_squares_workspace(shape, block, rows, columns, targets);
  return lore_arena_mapped(bytes_piece(reals, sizeof(double)));
}

static size_t least_squares_bytes(const void *problem, lore_grid_shape shape, int block) {
  const least_squares_problem *p = problem;
  return lore_least_squares_bytes(shape, block, p->rows, p->columns, p->targets);
}

/* pdgels does not look at the diagonal of the triangle that it divides by. */
static lore_status check_full_rank(const lore_matrix *a) {
  int longer = a->rows < a->columns ? a->columns : a->rows;
  double ratio;
  LORE_TRY(lore_matrix_diagonal_ratio(a, &ratio));
  if (ratio > longer * DBL_EPSILON)
    return LORE_OK;
  return lore_fail(LORE_NUMERICS, "least squares: the %d x %d matrix has not full rank", a->rows,
                   a->columns);
}

/* The first rows of b lie on the same ranks as the solution's, with another stride; below them the
 * squares of what is left. */
static lore_status split_solution(const lore_matrix *b, lore_matrix *solution, double *residual) {
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
  return LORE_MPI_DO(
      MPI_Allreduce(MPI_IN_PLACE, residual, b->columns, MPI_DOUBLE, MPI_SUM, grid->team.comm));
}

static int call_pdgels(lore_matrix *a, lore_matrix *b, double *work, int reals) {
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
  size_t reals = least_squares_workspace(grid->shape, grid->block, a->rows, a->columns, b->columns);
  int info = 0;
  lore_arena memory = {0};
  LORE_TRY(lore_grid_afford(grid, "least squares", least_squares_bytes, &problem));
  lore_status status =
      lore_team_agree(grid->team, lore_arena_create(&memory, bytes_piece(reals, sizeof(double))));
  if (status == LORE_OK) {
    double *work = lore_arena_take(&memory, reals, sizeof *work);
    if (grid->row >= 0)
      info = call_pdgels(a, b, work, (int)reals);
    status = lore_grid_info(grid, "pdgels", info, "diagonal element %d is zero");
  }
  lore_arena_destroy(&memory);
  if (status == LORE_OK)
    status = check_full_rank(a);
  if (status == LORE_OK)
    status = split_solution(b, solution, residual);
  return status;
}
