/* How close to each other names lie. */
#include "keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lore/base/mpi.h"
#include "lore/linalg/nearest.h"

/* Root mean square length of the rows, which are centred. */
static lore_status measure_spread(const lore_matrix *matrix, double *spread) {
  double sum = 0;
  for (int j = 0; j < matrix->local_columns; j++)
    for (int i = 0; i < matrix->local_rows; i++) {
      double x = matrix->element[(size_t)j * (size_t)matrix->stride + (size_t)i];
      sum += x * x;
    }
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, matrix->grid->team.comm));
  *spread = sqrt(sum / matrix->rows);
  return LORE_OK;
}

/* Held-out names first: finding neighbours subtracts the mean of the known names from both. */
static lore_status compare_level(lore_probe_work *work, int level, lore_matrix *known,
                                 lore_matrix *held_out) {
  int most = work->sizes.persons;
  double *distance = work->result->key_distance + (size_t)level * (size_t)most;
  int *nearest = malloc(sizeof *nearest * (size_t)most);
  lore_status status = lore_team_agree(
      work->grid->team, nearest ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate neighbours"));
  if (status == LORE_OK && held_out)
    status = lore_nearest_rows(held_out, known, distance + work->sizes.known_persons, nearest);
  if (status == LORE_OK)
    status = lore_nearest_rows(known, known, distance, nearest);
  if (status == LORE_OK)
    status = measure_spread(known, &work->result->key_spread[level]);
  free(nearest);
  return status;
}

/* A column of a matrix, whole on all ranks. */
static lore_status gather_column(const lore_matrix *matrix, int column, double *value) {
  const lore_grid *grid = matrix->grid;
  int j = lore_cyclic_local(column, grid->block, grid->shape.columns);
  bool here =
      grid->row >= 0 && lore_cyclic_place(column, grid->block, grid->shape.columns) == grid->column;
  memset(value, 0, sizeof *value * (size_t)matrix->rows);
  for (int i = 0; here && i < matrix->local_rows; i++)
    value[lore_cyclic_global(i, grid->block, grid->row, grid->shape.rows)] =
        matrix->element[(size_t)j * (size_t)matrix->stride + (size_t)i];
  return LORE_MPI_DO(
      MPI_Allreduce(MPI_IN_PLACE, value, matrix->rows, MPI_DOUBLE, MPI_SUM, grid->team.comm));
}

/* Reads persons [first, first + rows) into work->x, and what the model says of them. */
static lore_status read_persons(lore_probe_work *work, int first, int rows, lore_matrix *x) {
  lore_probe_result *r = work->result;
  lore_matrix verdicts;
  LORE_TRY(lore_matrix_create(work->grid, rows, LORE_PROBE_VERDICTS, &verdicts));
  lore_status status =
      lore_probe_matrices_create(work->grid, work->levels, rows, work->sizes.width, x);
  if (status == LORE_OK)
    status = lore_probe_read_keys(&work->reader, work->individual + first, work->first_level,
                                  work->levels, x, &verdicts);
  if (status == LORE_OK)
    status = gather_column(&verdicts, LORE_PROBE_VERDICT_LOSS, r->person_loss + first);
  if (status == LORE_OK)
    status = gather_column(&verdicts, LORE_PROBE_VERDICT_CONFIDENCE, r->person_confidence + first);
  lore_matrix_destroy(&verdicts);
  return status;
}

lore_status lore_probe_compare_keys(lore_probe_work *work) {
  int known = work->sizes.known_persons, held_out = work->sizes.persons - known;
  /* Of the matrices for cells, which are free now, the first serve known names. */
  lore_matrix *x = work->x, *y = work->x + work->levels;
  memset(x, 0, sizeof *x * 2 * (size_t)work->levels);
  lore_status status = read_persons(work, 0, known, x);
  if (status == LORE_OK && held_out > 0)
    status = read_persons(work, known, held_out, y);
  for (int l = 0; l < work->levels && status == LORE_OK; l++)
    status = compare_level(work, work->first_level + l, &x[l], held_out > 0 ? &y[l] : NULL);
  lore_probe_matrices_destroy(2 * work->levels, x);
  return status;
}
