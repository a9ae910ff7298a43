/* Block-cyclic matrices: memory, filling, means, products, diagonals. */
#include "lore/linalg/matrix.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "lore/base/mpi.h"
#include "scalapack.h"

static const int one = 1;
static const double zero = 0, unit = 1;

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

static void write_descriptor(lore_matrix *matrix) {
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
  write_descriptor(&made);
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

/* Filling: rows come whole from whoever computes them and go in pieces to whoever holds them. In
 * every round each rank computes one block of rows and sends each rank of one grid row its columns;
 * so the buffers are a few blocks high, however many rows there are. */

typedef struct {
  const lore_grid *grid;
  double **row;              /* matrices; block x columns each */
  double *sent, *received;   /* block x columns; blocks_received x block x local columns */
  int *send_count, *send_at; /* ranks each */
  int *receive_count, *receive_at;
  lore_arena memory;
} row_exchange;

static int columns_at(const lore_matrix *matrix, int place) {
  const lore_grid *grid = matrix->grid;
  return lore_cyclic_count(matrix->columns, grid->block, place, grid->shape.columns);
}

/* Counting and cutting alike. */
static void layout_exchange(row_exchange *x, int ranks, int block, int matrices,
                            const int *columns) {
  lore_grid_shape shape = lore_grid_shape_of(ranks);
  size_t height = (size_t)block, widest = 0, local = 0;
  size_t blocks = (size_t)((ranks + shape.rows - 1) / shape.rows);
  x->row = lore_arena_take(&x->memory, (size_t)matrices, sizeof *x->row);
  for (int m = 0; m < matrices; m++) {
    size_t wide = (size_t)columns[m];
    size_t here = (size_t)lore_cyclic_count(columns[m], block, 0, shape.columns);
    double *row = lore_arena_take(&x->memory, height * wide, sizeof *row);
    if (x->row)
      x->row[m] = row;
    widest = wide > widest ? wide : widest;
    local = here > local ? here : local;
  }
  x->sent = lore_arena_take(&x->memory, height * widest, sizeof *x->sent);
  x->received = lore_arena_take(&x->memory, blocks * height * local, sizeof *x->received);
  x->send_count = lore_arena_take(&x->memory, (size_t)ranks, sizeof *x->send_count);
  x->send_at = lore_arena_take(&x->memory, (size_t)ranks, sizeof *x->send_at);
  x->receive_count = lore_arena_take(&x->memory, (size_t)ranks, sizeof *x->receive_count);
  x->receive_at = lore_arena_take(&x->memory, (size_t)ranks, sizeof *x->receive_at);
}

size_t lore_matrix_fill_bytes(int ranks, int block, int matrices, const int *columns) {
  row_exchange x = {0};
  layout_exchange(&x, ranks, block, matrices, columns);
  return lore_arena_mapped(x.memory.used);
}

static int rows_of_block(const lore_matrix *matrix, int b) {
  int block = matrix->grid->block, left = matrix->rows - b * block;
  return left <= 0 ? 0 : left < block ? left : block;
}

static lore_status check_finite(const double *x, int first, int columns, int rows) {
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      if (!isfinite(x[(size_t)i * (size_t)columns + (size_t)j]))
        return lore_fail(LORE_NUMERICS, "row %d, column %d is not a finite number", first + i, j);
  return LORE_OK;
}

static lore_status compute_block(row_exchange *x, int matrices, lore_matrix *const matrix[], int b,
                                 lore_rows_function *rows, void *context) {
  int first = b * x->grid->block, count = rows_of_block(matrix[0], b);
  if (count == 0)
    return LORE_OK;
  LORE_TRY(rows(context, first, count, x->row));
  for (int m = 0; m < matrices; m++)
    LORE_TRY(check_finite(x->row[m], first, matrix[m]->columns, count));
  return LORE_OK;
}

/* Column-major pieces for the ranks of the grid row that holds block b. */
static void pack_block(row_exchange *x, const lore_matrix *matrix, const double *row, int b) {
  const lore_grid *grid = x->grid;
  int count = rows_of_block(matrix, b), at = 0;
  memset(x->send_count, 0, sizeof *x->send_count * (size_t)grid->team.ranks);
  memset(x->send_at, 0, sizeof *x->send_at * (size_t)grid->team.ranks);
  for (int place = 0; count > 0 && place < grid->shape.columns; place++) {
    int rank = b % grid->shape.rows * grid->shape.columns + place;
    x->send_at[rank] = at;
    for (int j = 0; j < columns_at(matrix, place); j++) {
      int column = lore_cyclic_global(j, grid->block, place, grid->shape.columns);
      for (int i = 0; i < count; i++)
        x->sent[at++] = row[(size_t)i * (size_t)matrix->columns + (size_t)column];
    }
    x->send_count[rank] = at - x->send_at[rank];
  }
}

static void count_received(row_exchange *x, const lore_matrix *matrix, int first_block) {
  const lore_grid *grid = x->grid;
  for (int rank = 0, at = 0; rank < grid->team.ranks; rank++) {
    int b = first_block + rank, here = b % grid->shape.rows == grid->row;
    x->receive_count[rank] = here ? rows_of_block(matrix, b) * matrix->local_columns : 0;
    x->receive_at[rank] = at;
    at += x->receive_count[rank];
  }
}

static void unpack_blocks(const row_exchange *x, lore_matrix *matrix, int first_block) {
  const lore_grid *grid = x->grid;
  for (int rank = 0; rank < grid->team.ranks; rank++) {
    if (x->receive_count[rank] == 0)
      continue;
    int b = first_block + rank, count = rows_of_block(matrix, b);
    size_t row = (size_t)(b / grid->shape.rows) * (size_t)grid->block;
    for (int j = 0; j < matrix->local_columns; j++)
      memcpy(matrix->element + (size_t)j * (size_t)matrix->stride + row,
             x->received + x->receive_at[rank] + (size_t)j * (size_t)count,
             sizeof(double) * (size_t)count);
  }
}

static lore_status fill_round(row_exchange *x, int matrices, lore_matrix *const matrix[],
                              int first_block, lore_rows_function *rows, void *context) {
  lore_team team = x->grid->team;
  int own = first_block + team.rank;
  LORE_TRY_TOGETHER(team, compute_block(x, matrices, matrix, own, rows, context));
  for (int m = 0; m < matrices; m++) {
    pack_block(x, matrix[m], x->row[m], own);
    count_received(x, matrix[m], first_block);
    LORE_TRY_MPI(MPI_Alltoallv(x->sent, x->send_count, x->send_at, MPI_DOUBLE, x->received,
                               x->receive_count, x->receive_at, MPI_DOUBLE, team.comm));
    unpack_blocks(x, matrix[m], first_block);
  }
  return LORE_OK;
}

lore_status lore_matrix_fill(int matrices, lore_matrix *const matrix[], lore_rows_function *rows,
                             void *context) {
  const lore_grid *grid = matrix[0]->grid;
  int columns[matrices];
  for (int m = 0; m < matrices; m++) {
    assert(matrix[m]->grid == grid && matrix[m]->rows == matrix[0]->rows);
    columns[m] = matrix[m]->columns;
  }
  row_exchange x = {.grid = grid};
  size_t bytes = lore_matrix_fill_bytes(grid->team.ranks, grid->block, matrices, columns);
  lore_status status = lore_team_agree(grid->team, lore_arena_create(&x.memory, bytes));
  if (status == LORE_OK) {
    int blocks = (matrix[0]->rows - 1) / grid->block + 1;
    layout_exchange(&x, grid->team.ranks, grid->block, matrices, columns);
    for (int b = 0; b < blocks && status == LORE_OK; b += grid->team.ranks)
      status = fill_round(&x, matrices, matrix, b, rows, context);
  }
  lore_arena_destroy(&x.memory);
  return status;
}

static int global_column(const lore_matrix *matrix, int local) {
  const lore_grid *grid = matrix->grid;
  return lore_cyclic_global(local, grid->block, grid->column, grid->shape.columns);
}

lore_status lore_matrix_means(const lore_matrix *matrix, double *mean) {
  memset(mean, 0, sizeof *mean * (size_t)matrix->columns);
  for (int j = 0; j < matrix->local_columns; j++) {
    const double *x = matrix->element + (size_t)j * (size_t)matrix->stride;
    double sum = 0;
    for (int i = 0; i < matrix->local_rows; i++)
      sum += x[i];
    mean[global_column(matrix, j)] = sum / matrix->rows;
  }
  return LORE_MPI_DO(MPI_Allreduce(MPI_IN_PLACE, mean, matrix->columns, MPI_DOUBLE, MPI_SUM,
                                   matrix->grid->team.comm));
}

void lore_matrix_add_row(lore_matrix *matrix, double factor, const double *row) {
  for (int j = 0; j < matrix->local_columns; j++) {
    double *x = matrix->element + (size_t)j * (size_t)matrix->stride;
    double shift = factor * row[global_column(matrix, j)];
    for (int i = 0; i < matrix->local_rows; i++)
      x[i] += shift;
  }
}

lore_status lore_matrix_centre(lore_matrix *matrix, double *mean) {
  LORE_TRY(lore_matrix_means(matrix, mean));
  lore_matrix_add_row(matrix, -1, mean);
  return LORE_OK;
}

void lore_matrix_gram(double factor, const lore_matrix *x, lore_matrix *c) {
  if (x->grid->row >= 0)
    pdsyrk_("L", "T", &x->columns, &x->rows, &factor, x->element, &one, &one, x->descriptor, &zero,
            c->element, &one, &one, c->descriptor);
}

static void multiply_matrices(const char *transpose, int inner, const lore_matrix *a,
                              const lore_matrix *b, lore_matrix *c) {
  if (a->grid->row >= 0)
    pdgemm_(transpose, "N", &c->rows, &c->columns, &inner, &unit, a->element, &one, &one,
            a->descriptor, b->element, &one, &one, b->descriptor, &zero, c->element, &one, &one,
            c->descriptor);
}

void lore_matrix_cross(const lore_matrix *a, const lore_matrix *b, lore_matrix *c) {
  multiply_matrices("T", a->rows, a, b, c);
}

void lore_matrix_product(const lore_matrix *a, const lore_matrix *b, lore_matrix *c) {
  multiply_matrices("N", a->columns, a, b, c);
}

double *lore_matrix_diagonal(const lore_matrix *matrix, int j) {
  const lore_grid *grid = matrix->grid;
  int global = global_column(matrix, j);
  if (global >= matrix->rows ||
      lore_cyclic_place(global, grid->block, grid->shape.rows) != grid->row)
    return NULL;
  return matrix->element + (size_t)j * (size_t)matrix->stride +
         lore_cyclic_local(global, grid->block, grid->shape.rows);
}

lore_status lore_matrix_diagonal_ratio(const lore_matrix *matrix, double *ratio) {
  double extreme[2] = {0, -INFINITY}; /* the largest, and the smallest times -1 */
  for (int j = 0; j < matrix->local_columns; j++) {
    const double *element = lore_matrix_diagonal(matrix, j);
    if (!element)
      continue;
    extreme[0] = fmax(extreme[0], fabs(*element));
    extreme[1] = fmax(extreme[1], -fabs(*element));
  }
  LORE_TRY_MPI(
      MPI_Allreduce(MPI_IN_PLACE, extreme, 2, MPI_DOUBLE, MPI_MAX, matrix->grid->team.comm));
  *ratio = extreme[0] > 0 ? -extreme[1] / extreme[0] : 0;
  return LORE_OK;
}
