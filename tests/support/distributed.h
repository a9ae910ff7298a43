/* Fixtures for tests of distributed matrices: contents by formula, whole copies on every rank. */
#ifndef LORE_TESTS_DISTRIBUTED_H
#define LORE_TESTS_DISTRIBUTED_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/base/random.h"
#include "lore/linalg/nearest.h"
#include "lore/linalg/regression.h"
#include "lore/linalg/spectra.h"

/* Ends all ranks with what went wrong. */
#define require(condition, ...)                                                                    \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: ", __func__, __LINE__);                                              \
      fprintf(stderr, __VA_ARGS__);                                                                \
      fputc('\n', stderr);                                                                         \
      MPI_Abort(MPI_COMM_WORLD, 1);                                                                \
    }                                                                                              \
  } while (0)

#define require_ok(call) require((call) == LORE_OK, "%s: %s", #call, lore_fail_message())

static inline double *whole_create(int rows, int columns) {
  double *x = calloc((size_t)rows * (size_t)columns, sizeof *x);
  require(x, "no memory");
  return x;
}

/* Row-major noise that depends on nothing but its place and `seed`. */
static inline double *whole_noise(int seed, int rows, int columns) {
  double *x = whole_create(rows, columns);
  lore_random stream = lore_random_stream((uint64_t)seed, LORE_RANDOM_TEST, 0, 0);
  for (int i = 0; i < rows * columns; i++)
    x[i] = lore_random_normal(&stream);
  return x;
}

static inline double *whole_transpose(int rows, int columns, const double *x) {
  double *t = whole_create(columns, rows);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      t[j * rows + i] = x[i * columns + j];
  return t;
}

/* lore_rows_function of one whole row-major matrix. */
typedef struct {
  int columns;
  const double *x;
} whole;

static inline lore_status whole_rows(void *context, int first, int count, double *const row[]) {
  const whole *w = context;
  memcpy(row[0], w->x + (size_t)first * (size_t)w->columns,
         sizeof(double) * (size_t)count * (size_t)w->columns);
  return LORE_OK;
}

static inline void scatter(const lore_grid *grid, int rows, int columns, const double *x,
                           lore_matrix *matrix) {
  whole w = {columns, x};
  require_ok(lore_matrix_create(grid, rows, columns, matrix));
  require_ok(lore_matrix_fill(1, &matrix, whole_rows, &w));
}

/* All of it on every rank, row-major. */
static inline double *gather(const lore_matrix *matrix) {
  const lore_grid *grid = matrix->grid;
  double *x = whole_create(matrix->rows, matrix->columns);
  for (int j = 0; j < matrix->local_columns; j++)
    for (int i = 0; i < matrix->local_rows; i++) {
      int row = lore_cyclic_global(i, grid->block, grid->row, grid->shape.rows);
      int column = lore_cyclic_global(j, grid->block, grid->column, grid->shape.columns);
      x[row * matrix->columns + column] = matrix->element[j * matrix->stride + i];
    }
  MPI_Allreduce(MPI_IN_PLACE, x, matrix->rows * matrix->columns, MPI_DOUBLE, MPI_SUM,
                grid->team.comm);
  return x;
}

/* The largest difference against the largest number wanted. */
static inline void require_close(const char *what, int count, const double *got, const double *want,
                                 double limit) {
  double largest = 0, difference = 0;
  for (int i = 0; i < count; i++) {
    largest = fmax(largest, fabs(want[i]));
    difference = isfinite(got[i]) ? fmax(difference, fabs(got[i] - want[i])) : INFINITY;
  }
  require(difference <= limit * largest, "%s: off by %.3g of %.3g, allowed %.1g", what, difference,
          largest, limit);
}

#endif
