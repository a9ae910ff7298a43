/* Probing one snapshot, as many levels at a time as memory allows. */
#include <string.h>

#include "estimate.h"
#include "readout.h"

static void lay_out(lore_probe_work *work, lore_arena *arena) {
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
  lay_out(&work, &arena);
  return lore_arena_mapped(arena.used);
}

static lore_status probe_levels(lore_probe_work *work, int first, int levels) {
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

static lore_status probe_all(lore_probe_work *work, int levels) {
  for (int first = 0; first < work->sizes.levels; first += levels) {
    int left = work->sizes.levels - first;
    LORE_TRY(probe_levels(work, first, left < levels ? left : levels));
  }
  return lore_probe_weights(work);
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
  lay_out(&work, &memory);
  size_t bytes = memory.used;
  LORE_TRY_TOGETHER(grid->team, lore_arena_create(&memory, bytes));
  lay_out(&work, &memory);
  work.reader.parameters = parameters;
  lore_probe_persons(problem, work.individual);
  lore_status status = probe_all(&work, levels);
  lore_arena_destroy(&memory);
  return status;
}
