/* Memory is counted before it is asked for. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>

#include "lore/base/memory.h"
#include "lore/linalg/grid.h"

enum { MOST_RANKS = 1 << 24, TRIFLE = 1 << 20 /* bytes that need not be asked for */ };

static double gibibytes(size_t size) {
  return (double)size / (double)((size_t)1 << 30);
}

int lore_grid_ranks_enough(lore_bytes_function *bytes, const void *problem, int block, int ranks,
                           size_t available) {
  int below = ranks - 1, enough = ranks;
  while (bytes(problem, lore_grid_shape_of(enough), block) > available) {
    below = enough;
    if (enough >= MOST_RANKS)
      return 0;
    enough *= 2;
  }
  while (enough - below > 1) {
    int middle = below + (enough - below) / 2;
    if (bytes(problem, lore_grid_shape_of(middle), block) > available)
      below = middle;
    else
      enough = middle;
  }
  return enough;
}

static lore_status refuse(const lore_grid *grid, const char *what, size_t needed, size_t available,
                          int enough) {
  char remedy[128], missing[256];
  if (enough > 0)
    snprintf(remedy, sizeof remedy, "%d ranks with as much memory each would do", enough);
  else
    snprintf(remedy, sizeof remedy, "no number of ranks would do");
  if (needed == SIZE_MAX)
    snprintf(missing, sizeof missing, "needs more than 2^31 - 1 elements of one matrix");
  else
    snprintf(missing, sizeof missing, "needs %.2f GiB, of which %.2f GiB are available,",
             gibibytes(needed), gibibytes(available));
  return lore_fail(LORE_MEMORY, "%s %s on each of %d rank%s (%d on a node); %s", what, missing,
                   grid->team.ranks, grid->team.ranks == 1 ? "" : "s", grid->node_ranks, remedy);
}

size_t lore_grid_memory(const lore_grid *grid) {
  unsigned long available = lore_memory_available() / (size_t)grid->node_ranks;
  MPI_Allreduce(MPI_IN_PLACE, &available, 1, MPI_UNSIGNED_LONG, MPI_MIN, grid->team.comm);
  return available;
}

lore_status lore_grid_afford(const lore_grid *grid, const char *what, lore_bytes_function *bytes,
                             const void *problem) {
  size_t needed = bytes(problem, grid->shape, grid->block);
  if (needed <= TRIFLE)
    return LORE_OK;
  size_t available = lore_grid_memory(grid);
  if (needed <= available && needed < SIZE_MAX)
    return LORE_OK;
  if (available == SIZE_MAX)
    available--;
  return refuse(grid, what, needed, available,
                lore_grid_ranks_enough(bytes, problem, grid->block, grid->team.ranks, available));
}
