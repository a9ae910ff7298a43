/* Memory and operations of probing one snapshot. */
#include "work.h"

#include <string.h>

#include "lore/linalg/nearest.h"
#include "lore/linalg/regression.h"
#include "lore/linalg/spectra.h"

void lore_probe_work_layout(lore_probe_work *work, lore_arena *arena) {
  lore_probe_reader_layout(&work->reader, arena, work->problem);
  lore_probe_shuffle_layout(&work->shuffle, arena, work->problem);
  work->individual = lore_arena_take(arena, (size_t)work->sizes.persons, sizeof *work->individual);
  work->ridge = lore_arena_take(arena, (size_t)work->cells, sizeof *work->ridge);
  work->x = lore_arena_take(arena, (size_t)work->cells, sizeof *work->x);
}

size_t lore_probe_work_bytes(const lore_probe_problem *problem) {
  lore_arena arena = {0};
  lore_probe_work work = {.problem = problem, .sizes = lore_probe_sizes_of(problem)};
  work.cells = work.sizes.levels * LORE_PROBE_POSITIONS * LORE_ATTRIBUTES;
  lore_probe_work_layout(&work, &arena);
  return lore_arena_mapped(arena.used);
}

lore_status lore_probe_matrices_create(const lore_grid *grid, int count, int rows, int columns,
                                       lore_matrix *matrix) {
  memset(matrix, 0, sizeof *matrix * (size_t)count);
  for (int m = 0; m < count; m++)
    LORE_TRY(lore_matrix_create(grid, rows, columns, &matrix[m]));
  return LORE_OK;
}

void lore_probe_matrices_destroy(int count, lore_matrix *matrix) {
  for (int m = 0; m < count; m++)
    lore_matrix_destroy(&matrix[m]);
}

static size_t add_sizes(size_t a, size_t b) {
  size_t total;
  return __builtin_add_overflow(a, b, &total) ? SIZE_MAX : total;
}

static size_t multiply_size(size_t count, size_t bytes) {
  size_t total;
  return __builtin_mul_overflow(count, bytes, &total) ? SIZE_MAX : total;
}

static size_t larger_size(size_t a, size_t b) {
  return a > b ? a : b;
}

static int code_columns(const lore_probe_problem *problem, int attribute) {
  return lore_probe_codes_of(lore_population_vocabulary(problem->population),
                             (lore_attribute)attribute)
      .columns;
}

/* Rows of the activations that are held at a time. */
static int rows_held(const lore_probe_problem *problem) {
  int fitted = lore_probe_rows(&problem->config, LORE_PROBE_FITTED, LORE_PROBE_FIT);
  return fitted > problem->config.held_out ? fitted : problem->config.held_out;
}

/* Activations, regressions, codes and predictions, one covariance. */
static size_t readout_bytes(const lore_probe_problem *problem, int levels, lore_grid_shape shape,
                            int block) {
  int width = problem->model->config.width, rows = rows_held(problem), widest = 0;
  int places = levels * LORE_PROBE_POSITIONS;
  size_t bytes = multiply_size((size_t)(places * LORE_ATTRIBUTES),
                               lore_matrix_bytes(shape, block, rows, width));
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    int columns = code_columns(problem, a);
    widest = columns > widest ? columns : widest;
    bytes = add_sizes(
        bytes, multiply_size((size_t)places, lore_ridge_bytes(shape, block, width, columns)));
  }
  bytes = add_sizes(bytes, multiply_size(2, lore_matrix_bytes(shape, block, rows, widest)));
  return add_sizes(bytes, lore_covariance_bytes(shape, block, width));
}

/* Known names are compared with each other, held-out names with them. */
static size_t keys_bytes(const lore_probe_problem *problem, int levels, lore_grid_shape shape,
                         int block) {
  lore_probe_sizes sizes = lore_probe_sizes_of(problem);
  size_t matrix = lore_matrix_bytes(shape, block, sizes.known_persons, sizes.width);
  return add_sizes(
      multiply_size((size_t)(2 * levels), matrix),
      lore_nearest_bytes(shape, block, sizes.known_persons, sizes.known_persons, sizes.width));
}

static size_t weights_bytes(const lore_probe_problem *problem, lore_grid_shape shape, int block) {
  size_t bytes = 0;
  for (int t = 0; t < lore_probe_sizes_of(problem).tensors; t++) {
    const lore_tensor *w = &problem->model->tensor[lore_probe_tensor(problem->model, t)];
    bytes = larger_size(bytes, add_sizes(lore_matrix_bytes(shape, block, w->rows, w->columns),
                                         lore_singular_bytes(shape, block, w->rows, w->columns)));
  }
  return bytes;
}

/* Buffers of the widest exchange of rows. */
static size_t exchange_bytes(const lore_probe_problem *problem, int levels, lore_grid_shape shape,
                             int block) {
  int matrices = levels * LORE_PROBE_POSITIONS * LORE_ATTRIBUTES;
  int columns[matrices];
  for (int m = 0; m < matrices; m++)
    columns[m] = problem->model->config.width;
  return lore_matrix_fill_bytes(shape.rows * shape.columns, block, matrices, columns);
}

static size_t bytes_of(const lore_probe_problem *problem, int levels, lore_grid_shape shape,
                       int block) {
  size_t algebra = larger_size(
      readout_bytes(problem, levels, shape, block),
      larger_size(keys_bytes(problem, levels, shape, block), weights_bytes(problem, shape, block)));
  return add_sizes(lore_probe_work_bytes(problem),
                   add_sizes(algebra, exchange_bytes(problem, levels, shape, block)));
}

size_t lore_probe_bytes(const void *problem, lore_grid_shape shape, int block) {
  const lore_probe_problem *p = problem;
  return bytes_of(p, lore_probe_sizes_of(p).levels, shape, block);
}

size_t lore_probe_bytes_least(const void *problem, lore_grid_shape shape, int block) {
  return bytes_of(problem, 1, shape, block);
}

lore_status lore_probe_levels_affordable(const lore_probe_problem *problem, const lore_grid *grid,
                                         int *levels) {
  size_t available;
  LORE_TRY(lore_grid_memory(grid, &available));
  *levels = lore_probe_sizes_of(problem).levels;
  while (*levels > 1 && bytes_of(problem, *levels, grid->shape, grid->block) > available)
    --*levels;
  return LORE_OK;
}

int lore_probe_block(int width, int ranks) {
  enum { LEAST = 8 };
  int block = LORE_GRID_BLOCK;
  while (block > LEAST && width < 2 * block * lore_grid_shape_of(ranks).columns)
    block /= 2;
  return block;
}

/* Of one cell with `columns` columns of codes. */
static double cell_operations(const lore_probe_problem *problem, double columns) {
  const lore_probe_config *config = &problem->config;
  double d = problem->model->config.width, solve = d * d * d / 3 + 2 * d * d * columns;
  double fitted = lore_probe_rows(config, LORE_PROBE_FITTED, LORE_PROBE_FIT), sum;
  sum = fitted * d * d + 2 * fitted * d * columns; /* normal equations */
  sum += 9 * d * d * d;                            /* eigenvalues, with vectors */
  for (int g = 0; g < LORE_PROBE_GROUPS; g++) {
    double chosen = lore_probe_rows(config, (lore_probe_group)g, LORE_PROBE_CHOOSE);
    double judged = lore_probe_rows(config, (lore_probe_group)g, LORE_PROBE_JUDGE);
    sum += (chosen > 0) * config->strengths * (solve + 2 * chosen * d * columns);
    sum += 2 * (solve + 2 * judged * d * columns); /* truth and control choose apart */
  }
  return sum;
}

static double weight_operations(const lore_model *model, int tensors) {
  double sum = 0;
  for (int t = 0; t < tensors; t++) {
    const lore_tensor *w = &model->tensor[lore_probe_tensor(model, t)];
    double m = w->rows > w->columns ? w->rows : w->columns;
    double n = w->rows < w->columns ? w->rows : w->columns;
    sum += 4 * m * n * n;
  }
  return sum;
}

lore_probe_operations lore_probe_count(const lore_probe_problem *problem) {
  lore_probe_sizes sizes = lore_probe_sizes_of(problem);
  double biographies = sizes.persons, persons = sizes.known_persons;
  lore_probe_operations count = {0, weight_operations(problem->model, sizes.tensors)};
  for (int g = 0; g < LORE_PROBE_GROUPS; g++)
    for (int use = LORE_PROBE_FIT; use <= LORE_PROBE_JUDGE; use++)
      biographies += lore_probe_rows(&problem->config, (lore_probe_group)g, (lore_probe_use)use);
  count.forward = biographies * problem->longest *
                  lore_model_flops_per_token(problem->model, problem->longest) / 3;
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    count.algebra +=
        sizes.levels * LORE_PROBE_POSITIONS * cell_operations(problem, code_columns(problem, a));
  count.algebra += 2.0 * sizes.levels * persons * sizes.persons * sizes.width;
  return count;
}
