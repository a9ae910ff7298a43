/* Scores of classes that lie on several ranks. */
#include <assert.h>
#include <limits.h>
#include <math.h>

#include "lore/linalg/linalg.h"

/* As MPI_DOUBLE_INT. */
typedef struct {
  double value;
  int column;
} largest;

/* The largest of `classes` in each local row; among equals the first column. */
static void find_largest(const lore_matrix *matrix, lore_classes classes, largest *best) {
  const lore_grid *grid = matrix->grid;
  for (int i = 0; i < matrix->local_rows; i++)
    best[i] = (largest){-INFINITY, INT_MAX};
  for (int j = 0; j < matrix->local_columns; j++) {
    const double *x = matrix->element + (size_t)j * (size_t)matrix->stride;
    int column = lore_cyclic_global(j, grid->block, grid->column, grid->shape.columns);
    if (column < classes.first || column >= classes.first + classes.count)
      continue;
    for (int i = 0; i < matrix->local_rows; i++)
      if (x[i] > best[i].value)
        best[i] = (largest){x[i], column};
  }
  MPI_Allreduce(MPI_IN_PLACE, best, matrix->local_rows, MPI_DOUBLE_INT, MPI_MAXLOC, grid->in_row);
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

lore_status lore_class_compare(const lore_matrix *predicted, const lore_matrix *truth,
                               lore_classes classes, lore_class_score *score) {
  const lore_grid *grid = truth->grid;
  assert(predicted->rows == truth->rows && predicted->columns == truth->columns);
  assert(classes.first >= 0 && classes.count >= 1 &&
         classes.first + classes.count <= truth->columns);
  double sum[2] = {0, 0}; /* rows that agree; squared error */
  size_t rows = (size_t)truth->local_rows;
  lore_arena memory = {0};
  LORE_TRY_TOGETHER(grid->team, lore_arena_create(&memory, 2 * rows * sizeof(largest) + 128));
  if (grid->row >= 0) {
    largest *got = lore_arena_take(&memory, rows, sizeof *got);
    largest *want = lore_arena_take(&memory, rows, sizeof *want);
    find_largest(predicted, classes, got);
    find_largest(truth, classes, want);
    for (size_t i = 0; i < rows && grid->column == 0; i++)
      sum[0] += got[i].column == want[i].column;
    sum[1] = squared_error(predicted, truth, classes);
  }
  lore_arena_destroy(&memory);
  MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, grid->team.comm);
  *score = (lore_class_score){sum[0] / truth->rows, sum[1] / truth->rows};
  return LORE_OK;
}
