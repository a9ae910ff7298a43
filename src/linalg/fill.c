/* Rows come whole from whoever computes them and go in pieces to whoever holds them.
 *
 * In every round each rank computes one block of rows and sends each rank of one grid row its
 * columns; so the buffers are a few blocks high, however many rows there are. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "bytes.h"
#include "lore/linalg/matrix.h"

typedef struct {
  const lore_grid *grid;
  double **row;              /* matrices; block x columns each */
  double *sent, *received;   /* block x columns; blocks_received x block x local columns */
  int *send_count, *send_at; /* ranks each */
  int *receive_count, *receive_at;
  lore_arena memory;
} exchange;

static int columns_at(const lore_matrix *matrix, int place) {
  const lore_grid *grid = matrix->grid;
  return lore_cyclic_count(matrix->columns, grid->block, place, grid->shape.columns);
}

/* Counting and cutting alike. */
static void lay_out(exchange *x, int ranks, int block, int matrices, const int *columns) {
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
  exchange x = {0};
  lay_out(&x, ranks, block, matrices, columns);
  return lore_arena_mapped(x.memory.used);
}

static int rows_of_block(const lore_matrix *matrix, int b) {
  int block = matrix->grid->block, left = matrix->rows - b * block;
  return left <= 0 ? 0 : left < block ? left : block;
}

static lore_status refuse_infinite(const double *x, int first, int columns, int rows) {
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      if (!isfinite(x[(size_t)i * (size_t)columns + (size_t)j]))
        return lore_fail(LORE_NUMERICS, "row %d, column %d is not a finite number", first + i, j);
  return LORE_OK;
}

static lore_status compute(exchange *x, int matrices, lore_matrix *const matrix[], int b,
                           lore_rows_function *rows, void *context) {
  int first = b * x->grid->block, count = rows_of_block(matrix[0], b);
  if (count == 0)
    return LORE_OK;
  LORE_TRY(rows(context, first, count, x->row));
  for (int m = 0; m < matrices; m++)
    LORE_TRY(refuse_infinite(x->row[m], first, matrix[m]->columns, count));
  return LORE_OK;
}

/* Column-major pieces for the ranks of the grid row that holds block b. */
static void pack(exchange *x, const lore_matrix *matrix, const double *row, int b) {
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

static void expect(exchange *x, const lore_matrix *matrix, int first_block) {
  const lore_grid *grid = x->grid;
  for (int rank = 0, at = 0; rank < grid->team.ranks; rank++) {
    int b = first_block + rank, here = b % grid->shape.rows == grid->row;
    x->receive_count[rank] = here ? rows_of_block(matrix, b) * matrix->local_columns : 0;
    x->receive_at[rank] = at;
    at += x->receive_count[rank];
  }
}

static void unpack(const exchange *x, lore_matrix *matrix, int first_block) {
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

static lore_status fill_round(exchange *x, int matrices, lore_matrix *const matrix[],
                              int first_block, lore_rows_function *rows, void *context) {
  lore_team team = x->grid->team;
  int own = first_block + team.rank;
  LORE_TRY_TOGETHER(team, compute(x, matrices, matrix, own, rows, context));
  for (int m = 0; m < matrices; m++) {
    pack(x, matrix[m], x->row[m], own);
    expect(x, matrix[m], first_block);
    MPI_Alltoallv(x->sent, x->send_count, x->send_at, MPI_DOUBLE, x->received, x->receive_count,
                  x->receive_at, MPI_DOUBLE, team.comm);
    unpack(x, matrix[m], first_block);
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
  exchange x = {.grid = grid};
  size_t bytes = lore_matrix_fill_bytes(grid->team.ranks, grid->block, matrices, columns);
  lore_status status = lore_team_agree(grid->team, lore_arena_create(&x.memory, bytes));
  if (status == LORE_OK) {
    int blocks = (matrix[0]->rows - 1) / grid->block + 1;
    lay_out(&x, grid->team.ranks, grid->block, matrices, columns);
    for (int b = 0; b < blocks && status == LORE_OK; b += grid->team.ranks)
      status = fill_round(&x, matrices, matrix, b, rows, context);
  }
  lore_arena_destroy(&x.memory);
  return status;
}
