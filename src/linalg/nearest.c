/* Nearest rows: one block of queries at a time goes round, every rank compares it with its own part
 * of the references. |x - y|^2 = |x|^2 - 2 x y + |y|^2 finds the candidate with one matrix product;
 * the distance itself comes from differences, since the identity loses digits for close rows. */
#include "lore/linalg/nearest.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "lore/base/mpi.h"
#include "scalapack.h"

/* As MPI_DOUBLE_INT. */
typedef struct {
  double value;
  int row;
} candidate;

typedef struct {
  const lore_matrix *query, *reference;
  double *mean;    /* columns */
  double *norm;    /* local references: squares summed over local columns */
  double *panel;   /* block x local columns, column-major */
  double *product; /* local references x block, column-major */
  candidate *best; /* block */
  lore_arena memory;
} search;

typedef struct {
  int queries, references, columns;
} nearest_problem;

/* Counting and cutting alike, for the fullest rank. */
static void layout_search(search *s, lore_grid_shape shape, int block, int references,
                          int columns) {
  size_t b = (size_t)block;
  size_t rows = (size_t)lore_cyclic_count(references, block, 0, shape.rows);
  size_t wide = (size_t)lore_cyclic_count(columns, block, 0, shape.columns);
  s->mean = lore_arena_take(&s->memory, (size_t)columns, sizeof *s->mean);
  s->norm = lore_arena_take(&s->memory, rows, sizeof *s->norm);
  s->panel = lore_arena_take(&s->memory, b * wide, sizeof *s->panel);
  s->product = lore_arena_take(&s->memory, b * rows, sizeof *s->product);
  s->best = lore_arena_take(&s->memory, b, sizeof *s->best);
}

size_t lore_nearest_bytes(lore_grid_shape shape, int block, int queries, int references,
                          int columns) {
  if (lore_matrix_bytes(shape, block, queries, columns) == SIZE_MAX ||
      lore_matrix_bytes(shape, block, references, columns > block ? columns : block) == SIZE_MAX)
    return SIZE_MAX;
  search s = {0};
  layout_search(&s, shape, block, references, columns);
  return lore_arena_mapped(s.memory.used);
}

static size_t nearest_bytes(const void *problem, lore_grid_shape shape, int block) {
  const nearest_problem *p = problem;
  return lore_nearest_bytes(shape, block, p->queries, p->references, p->columns);
}

static void sum_squares(const lore_matrix *matrix, double *norm) {
  memset(norm, 0, sizeof *norm * (size_t)matrix->local_rows);
  for (int j = 0; j < matrix->local_columns; j++) {
    const double *x = matrix->element + (size_t)j * (size_t)matrix->stride;
    for (int i = 0; i < matrix->local_rows; i++)
      norm[i] += x[i] * x[i];
  }
}

/* The queries of block b to all ranks, each its own columns. */
static lore_status send_panel(search *s, int b, int count) {
  const lore_grid *grid = s->query->grid;
  int owner = b % grid->shape.rows, columns = s->query->local_columns;
  size_t first = (size_t)(b / grid->shape.rows) * (size_t)grid->block;
  for (int j = 0; j < columns && grid->row == owner; j++)
    memcpy(s->panel + (size_t)j * (size_t)count,
           s->query->element + (size_t)j * (size_t)s->query->stride + first,
           sizeof(double) * (size_t)count);
  return LORE_MPI_DO(MPI_Bcast(s->panel, count * columns, MPI_DOUBLE, owner, grid->in_column));
}

/* product = |y|^2 - 2 x y, summed over all columns on the ranks of grid column 0. */
static lore_status multiply_panel(search *s, int count) {
  const lore_matrix *y = s->reference;
  int rows = y->local_rows, columns = y->local_columns;
  double factor = -2, one = 1;
  for (int i = 0; i < count; i++)
    memcpy(s->product + (size_t)i * (size_t)rows, s->norm, sizeof(double) * (size_t)rows);
  if (rows > 0 && columns > 0)
    dgemm_("N", "T", &rows, &count, &columns, &factor, y->element, &y->stride, s->panel, &count,
           &one, s->product, &rows, 1, 1);
  int first = y->grid->column == 0;
  return LORE_MPI_DO(MPI_Reduce(first ? MPI_IN_PLACE : s->product, s->product, rows * count,
                                MPI_DOUBLE, MPI_SUM, 0, y->grid->in_row));
}

/* The nearest reference of every query of the block, known to all ranks of the grid. */
static lore_status choose_candidates(search *s, int first, int count) {
  const lore_matrix *y = s->reference;
  const lore_grid *grid = y->grid;
  for (int i = 0; i < count; i++) {
    const double *product = s->product + (size_t)i * (size_t)y->local_rows;
    candidate best = {INFINITY, INT_MAX};
    for (int k = 0; k < y->local_rows && grid->column == 0; k++) {
      int row = lore_cyclic_global(k, grid->block, grid->row, grid->shape.rows);
      if (product[k] < best.value && !(s->query == y && row == first + i))
        best = (candidate){product[k], row};
    }
    s->best[i] = best;
  }
  if (grid->column == 0)
    LORE_TRY_MPI(
        MPI_Allreduce(MPI_IN_PLACE, s->best, count, MPI_DOUBLE_INT, MPI_MINLOC, grid->in_column));
  return LORE_MPI_DO(MPI_Bcast(s->best, count, MPI_DOUBLE_INT, 0, grid->in_row));
}

/* This rank's part of the squared distances, where it holds the nearest row. */
static void measure_distances(const search *s, int first, int count, double *distance) {
  const lore_matrix *y = s->reference;
  const lore_grid *grid = y->grid;
  for (int i = 0; i < count; i++) {
    int row = s->best[i].row;
    if (row == INT_MAX || lore_cyclic_place(row, grid->block, grid->shape.rows) != grid->row)
      continue;
    size_t local = (size_t)lore_cyclic_local(row, grid->block, grid->shape.rows);
    double sum = 0;
    for (int j = 0; j < y->local_columns; j++) {
      double difference = s->panel[(size_t)j * (size_t)count + (size_t)i] -
                          y->element[(size_t)j * (size_t)y->stride + local];
      sum += difference * difference;
    }
    distance[first + i] = sum;
  }
}

static lore_status search_blocks(search *s, double *distance, int *nearest) {
  const lore_grid *grid = s->query->grid;
  sum_squares(s->reference, s->norm);
  for (int first = 0, b = 0; first < s->query->rows; first += grid->block, b++) {
    int left = s->query->rows - first, count = left < grid->block ? left : grid->block;
    LORE_TRY(send_panel(s, b, count));
    LORE_TRY(multiply_panel(s, count));
    LORE_TRY(choose_candidates(s, first, count));
    measure_distances(s, first, count, distance);
    for (int i = 0; i < count; i++)
      nearest[first + i] = s->best[i].row == INT_MAX ? -1 : s->best[i].row;
  }
  return LORE_OK;
}

static lore_status centre_rows(lore_matrix *query, lore_matrix *reference, double *mean) {
  LORE_TRY(lore_matrix_centre(reference, mean));
  if (query != reference)
    lore_matrix_add_row(query, -1, mean);
  return LORE_OK;
}

/* The same on all ranks; for rows without a neighbour -1 and INFINITY. */
static lore_status share_nearest(const lore_matrix *query, double *distance, int *nearest) {
  MPI_Comm comm = query->grid->team.comm;
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, distance, query->rows, MPI_DOUBLE, MPI_SUM, comm));
  LORE_TRY_MPI(MPI_Bcast(nearest, query->rows, MPI_INT, 0, comm));
  for (int i = 0; i < query->rows; i++)
    distance[i] = nearest[i] < 0 ? INFINITY : sqrt(distance[i]);
  return LORE_OK;
}

lore_status lore_nearest_rows(lore_matrix *query, lore_matrix *reference, double *distance,
                              int *nearest) {
  const lore_grid *grid = query->grid;
  assert(reference->grid == grid && reference->columns == query->columns);
  const nearest_problem problem = {query->rows, reference->rows, query->columns};
  search s = {.query = query, .reference = reference};
  LORE_TRY(lore_grid_afford(grid, "nearest neighbours", nearest_bytes, &problem));
  layout_search(&s, grid->shape, grid->block, reference->rows, reference->columns);
  lore_status status = lore_team_agree(grid->team, lore_arena_create(&s.memory, s.memory.used));
  if (status == LORE_OK) {
    layout_search(&s, grid->shape, grid->block, reference->rows, reference->columns);
    memset(distance, 0, sizeof *distance * (size_t)query->rows);
    status = centre_rows(query, reference, s.mean);
  }
  if (status == LORE_OK && grid->row >= 0)
    status = search_blocks(&s, distance, nearest);
  lore_arena_destroy(&s.memory);
  return status == LORE_OK ? share_nearest(query, distance, nearest) : status;
}
