/* Probing one snapshot, as many levels at a time as memory allows. */
#include "probe.h"

#include <string.h>

#include "keys.h"
#include "lore/linalg/regression.h"
#include "lore/linalg/spectra.h"
#include "readout.h"

typedef struct {
  const real *element;
  int columns;
} weight_rows;

static lore_status copy_weights(void *context, int first, int count, double *const row[]) {
  const weight_rows *w = context;
  const real *from = w->element + (size_t)first * (size_t)w->columns;
  for (size_t i = 0; i < (size_t)count * (size_t)w->columns; i++)
    row[0][i] = from[i];
  return LORE_OK;
}

static lore_status find_singular_values(lore_probe_work *work, int index) {
  const lore_tensor *tensor =
      &work->problem->model->tensor[lore_probe_tensor(work->problem->model, index)];
  weight_rows w = {work->reader.parameters + tensor->offset, tensor->columns};
  lore_probe_result *r = work->result;
  double *value = r->singular_value + (size_t)index * (size_t)work->sizes.singular;
  lore_matrix matrix, *list[] = {&matrix};
  LORE_TRY(lore_matrix_create(work->grid, tensor->rows, tensor->columns, &matrix));
  lore_status status = lore_matrix_fill(1, list, copy_weights, &w);
  if (status == LORE_OK)
    status = lore_singular_values(&matrix, value);
  lore_matrix_destroy(&matrix);
  LORE_TRY(status);
  int values = tensor->rows < tensor->columns ? tensor->rows : tensor->columns;
  lore_probe_put_spectrum(values, value, &r->weight_effective_rank[index],
                          &r->weight_participation[index], &r->weight_condition[index]);
  return LORE_OK;
}

static lore_status probe_pass(lore_probe_work *work, int first, int levels) {
  work->first_level = first;
  work->levels = levels;
  work->cells = levels * LORE_PROBE_POSITIONS * LORE_ATTRIBUTES;
  memset(work->ridge, 0, sizeof *work->ridge * (size_t)work->cells);
  lore_status status = lore_probe_fit(work);
  for (int g = LORE_PROBE_FITTED; g <= LORE_PROBE_OTHER && status == LORE_OK; g++)
    status = lore_probe_choose(work, (lore_probe_group)g);
  for (int g = LORE_PROBE_FITTED; g <= LORE_PROBE_HELD_OUT && status == LORE_OK; g++)
    status = lore_probe_judge(work, (lore_probe_group)g);
  for (int cell = 0; cell < work->cells; cell++)
    lore_ridge_destroy(&work->ridge[cell]);
  return status == LORE_OK ? lore_probe_compare_keys(work) : status;
}

static lore_status probe_passes(lore_probe_work *work, int levels) {
  for (int first = 0; first < work->sizes.levels; first += levels) {
    int left = work->sizes.levels - first;
    LORE_TRY(probe_pass(work, first, left < levels ? left : levels));
  }
  for (int t = 0; t < work->sizes.tensors; t++)
    LORE_TRY(find_singular_values(work, t));
  return LORE_OK;
}

lore_status lore_probe_snapshot(const lore_probe_problem *problem, const lore_grid *grid,
                                const real *parameters, lore_probe_result *result) {
  lore_arena memory = {0};
  lore_probe_work work = {
      .problem = problem, .grid = grid, .sizes = lore_probe_sizes_of(problem), .result = result};
  int levels;
  LORE_TRY(lore_probe_levels_affordable(problem, grid, &levels));
  LORE_TRY(lore_grid_afford(grid, "probing one level at a time", lore_probe_bytes_least, problem));
  work.cells = levels * LORE_PROBE_POSITIONS * LORE_ATTRIBUTES;
  lore_probe_work_layout(&work, &memory);
  size_t bytes = memory.used;
  LORE_TRY_TOGETHER(grid->team, lore_arena_create(&memory, bytes));
  lore_probe_work_layout(&work, &memory);
  work.reader.parameters = parameters;
  lore_probe_persons(problem, work.individual);
  lore_status status = probe_passes(&work, levels);
  lore_arena_destroy(&memory);
  return status;
}
