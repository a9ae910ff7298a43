/* Least squares from keys to values. */
#include "linear_memory.h"

#include <stdlib.h>
#include <string.h>

#include "lore/base/mpi.h"
#include "lore/linalg/regression.h"

typedef struct {
  const lore_pairs *pairs;
  lore_linear_code code;
  int inputs, outputs;
  double *map; /* inputs x outputs, row-major; whole on all ranks */
} linear;

static void put_key(const linear *l, int64_t pair, double *row) {
  int d = l->pairs->config.keys;
  const real *key = l->pairs->key + pair * d;
  for (int i = 0; i < d; i++)
    row[i] = key[i];
  if (l->inputs > d)
    row[d] = 1;
}

static void put_target(const linear *l, int64_t pair, double *row) {
  int value = l->pairs->value[pair];
  const real *vector = l->pairs->value_vector + (size_t)value * (size_t)l->pairs->config.keys;
  memset(row, 0, sizeof *row * (size_t)l->outputs);
  if (l->code == LORE_LINEAR_ONE_HOT)
    row[value] = 1;
  for (int i = 0; i < l->outputs && l->code == LORE_LINEAR_VECTORS; i++)
    row[i] = vector[i];
}

/* Keys; targets in the same rows, and zeros in what fewer pairs than inputs leave over. */
static lore_status give_keys(void *context, int first, int count, double *const row[]) {
  const linear *l = context;
  for (int i = 0; i < count; i++)
    put_key(l, first + i, row[0] + (size_t)i * (size_t)l->inputs);
  return LORE_OK;
}

static lore_status give_targets(void *context, int first, int count, double *const row[]) {
  const linear *l = context;
  for (int i = 0; i < count; i++) {
    double *to = row[0] + (size_t)i * (size_t)l->outputs;
    if (first + i < l->pairs->config.pairs)
      put_target(l, first + i, to);
    else
      memset(to, 0, sizeof *to * (size_t)l->outputs);
  }
  return LORE_OK;
}

static lore_status gather_map(const lore_matrix *solution, linear *l) {
  const lore_grid *grid = solution->grid;
  int size = l->inputs * l->outputs;
  memset(l->map, 0, sizeof *l->map * (size_t)size);
  for (int j = 0; j < solution->local_columns; j++)
    for (int i = 0; i < solution->local_rows; i++) {
      int row = lore_cyclic_global(i, grid->block, grid->row, grid->shape.rows);
      int column = lore_cyclic_global(j, grid->block, grid->column, grid->shape.columns);
      l->map[(size_t)row * (size_t)l->outputs + (size_t)column] =
          solution->element[(size_t)j * (size_t)solution->stride + (size_t)i];
    }
  return LORE_MPI_DO(
      MPI_Allreduce(MPI_IN_PLACE, l->map, size, MPI_DOUBLE, MPI_SUM, grid->team.comm));
}

static lore_status solve_map(const lore_grid *grid, linear *l, lore_matrix m[3], double *residual) {
  int pairs = (int)l->pairs->config.pairs, rows = pairs > l->inputs ? pairs : l->inputs;
  lore_matrix *keys[] = {&m[0]}, *targets[] = {&m[1]};
  LORE_TRY(lore_matrix_create(grid, pairs, l->inputs, &m[0]));
  LORE_TRY(lore_matrix_create(grid, rows, l->outputs, &m[1]));
  LORE_TRY(lore_matrix_create(grid, l->inputs, l->outputs, &m[2]));
  LORE_TRY(lore_matrix_fill(1, keys, give_keys, l));
  LORE_TRY(lore_matrix_fill(1, targets, give_targets, l));
  LORE_TRY(lore_least_squares(&m[0], &m[1], &m[2], residual));
  return gather_map(&m[2], l);
}

/* The value that the map answers with. */
static int find_answer(const linear *l, int64_t pair, double *key, double *out) {
  const lore_memory_config *c = &l->pairs->config;
  double most = 0;
  int best = -1;
  put_key(l, pair, key);
  memset(out, 0, sizeof *out * (size_t)l->outputs);
  for (int i = 0; i < l->inputs; i++)
    for (int j = 0; j < l->outputs; j++)
      out[j] += key[i] * l->map[(size_t)i * (size_t)l->outputs + (size_t)j];
  for (int v = 0; v < c->values; v++) {
    double score = out[l->code == LORE_LINEAR_ONE_HOT ? v : 0];
    if (l->code == LORE_LINEAR_VECTORS) {
      score = 0;
      for (int j = 0; j < c->keys; j++)
        score += out[j] * (double)l->pairs->value_vector[(size_t)v * (size_t)c->keys + (size_t)j];
    }
    if (best < 0 || score > most) {
      best = v;
      most = score;
    }
  }
  return best;
}

static lore_status judge_map(const linear *l, const lore_team *team, double *accuracy,
                             double *scratch) {
  lore_group group[LORE_PAIR_GROUPS_MAX];
  int groups = lore_pair_groups(&l->pairs->config, group);
  for (int g = 0; g < groups; g++) {
    double right = 0;
    for (int64_t i = team->rank; i < group[g].count; i += team->ranks) {
      int64_t pair = group[g].first + i;
      right += find_answer(l, pair, scratch, scratch + l->inputs) == l->pairs->value[pair];
    }
    LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, &right, 1, MPI_DOUBLE, MPI_SUM, team->comm));
    accuracy[g] = right / (double)group[g].count;
  }
  return LORE_OK;
}

static lore_status fit_code(const lore_pairs *pairs, const lore_grid *grid, lore_linear_code code,
                            lore_linear_memory *memory) {
  const lore_memory_config *c = &pairs->config;
  bool one_hot = code == LORE_LINEAR_ONE_HOT;
  linear l = {.pairs = pairs,
              .code = code,
              .inputs = c->keys + one_hot,
              .outputs = one_hot ? c->values : c->keys};
  size_t map = (size_t)l.inputs * (size_t)l.outputs, row = (size_t)(l.inputs + l.outputs);
  double *scratch = calloc(map + row + (size_t)l.outputs, sizeof *scratch);
  lore_matrix m[3] = {0};
  lore_status status = lore_team_agree(
      grid->team, scratch ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate a linear map"));
  l.map = scratch;
  if (status == LORE_OK)
    status = solve_map(grid, &l, m, scratch + map + row);
  if (status == LORE_OK) {
    memory->residual[code] = 0;
    for (int j = 0; j < l.outputs; j++)
      memory->residual[code] += scratch[map + row + (size_t)j] / (double)c->pairs;
    status = judge_map(&l, &grid->team, memory->accuracy[code], scratch + map);
  }
  for (int i = 0; i < 3; i++)
    lore_matrix_destroy(&m[i]);
  free(scratch);
  return status;
}

lore_status lore_linear_memory_fit(const lore_pairs *pairs, const lore_grid *grid,
                                   lore_linear_memory *memory) {
  LORE_TRY(fit_code(pairs, grid, LORE_LINEAR_VECTORS, memory));
  return fit_code(pairs, grid, LORE_LINEAR_ONE_HOT, memory);
}
