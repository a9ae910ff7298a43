/* Block-cyclic matrices: memory and what needs no ScaLAPACK. */
#include "lore/linalg/matrix.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"

/* Local rows of a matrix without rows here; ScaLAPACK wants a stride of at least 1. */
static int stride_of(int local_rows) {
  return local_rows > 0 ? local_rows : 1;
}

size_t lore_matrix_bytes(lore_grid_shape shape, int block, int rows, int columns) {
  size_t stride = (size_t)stride_of(lore_cyclic_count(rows, block, 0, shape.rows));
  size_t elements = stride * (size_t)lore_cyclic_count(columns, block, 0, shape.columns);
  return elements > INT_MAX ? SIZE_MAX : lore_arena_mapped(elements * sizeof(double));
}

static size_t matrix_bytes(const void *problem, lore_grid_shape shape, int block) {
  const lore_matrix *matrix = problem;
  return lore_matrix_bytes(shape, block, matrix->rows, matrix->columns);
}

static void describe(lore_matrix *matrix) {
  enum { DENSE = 1 };
  const lore_grid *grid = matrix->grid;
  const int descriptor[] = {
      DENSE, grid->context, matrix->rows, matrix->columns, grid->block, grid->block, 0,
      0,     matrix->stride};
  memcpy(matrix->descriptor, descriptor, sizeof descriptor);
}

lore_status lore_matrix_create(const lore_grid *grid, int rows, int columns, lore_matrix *matrix) {
  assert(rows >= 1 && columns >= 1);
  *matrix = (lore_matrix){0};
  lore_matrix made = {.grid = grid, .rows = rows, .columns = columns};
  if (grid->row >= 0) {
    made.local_rows = lore_cyclic_count(rows, grid->block, grid->row, grid->shape.rows);
    made.local_columns = lore_cyclic_count(columns, grid->block, grid->column, grid->shape.columns);
  }
  made.stride = stride_of(made.local_rows);
  describe(&made);
  char what[64];
  snprintf(what, sizeof what, "a matrix of %d x %d", rows, columns);
  LORE_TRY(lore_grid_afford(grid, what, matrix_bytes, &made));
  size_t bytes = sizeof(double) * (size_t)made.stride * (size_t)made.local_columns;
  lore_status status = lore_team_agree(grid->team, lore_arena_create(&made.memory, bytes));
  if (status != LORE_OK) {
    lore_arena_destroy(&made.memory);
    return status;
  }
  made.element = lore_arena_take(&made.memory, bytes, 1);
  *matrix = made;
  return LORE_OK;
}

void lore_matrix_destroy(lore_matrix *matrix) {
  lore_arena_destroy(&matrix->memory);
  *matrix = (lore_matrix){0};
}

static int global_column(const lore_matrix *matrix, int local) {
  const lore_grid *grid = matrix->grid;
  return lore_cyclic_global(local, grid->block, grid->column, grid->shape.columns);
}

void lore_matrix_means(const lore_matrix *matrix, double *mean) {
  memset(mean, 0, sizeof *mean * (size_t)matrix->columns);
  for (int j = 0; j < matrix->local_columns; j++) {
    const double *x = matrix->element + (size_t)j * (size_t)matrix->stride;
    double sum = 0;
    for (int i = 0; i < matrix->local_rows; i++)
      sum += x[i];
    mean[global_column(matrix, j)] = sum / matrix->rows;
  }
  MPI_Allreduce(MPI_IN_PLACE, mean, matrix->columns, MPI_DOUBLE, MPI_SUM, matrix->grid->team.comm);
}

void lore_matrix_add_row(lore_matrix *matrix, double factor, const double *row) {
  for (int j = 0; j < matrix->local_columns; j++) {
    double *x = matrix->element + (size_t)j * (size_t)matrix->stride;
    double shift = factor * row[global_column(matrix, j)];
    for (int i = 0; i < matrix->local_rows; i++)
      x[i] += shift;
  }
}
