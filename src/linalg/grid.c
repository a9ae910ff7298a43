/* The grid of ranks, the memory that they have, and what all of them decide alike. */
#include "config.h"

#include "lore/linalg/grid.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lore/base/memory.h"
#include "lore/base/mpi.h"
#include "scalapack.h"

enum {
  WIDEST = 3, /* columns of the grid to one row */
  MOST_RANKS = 1 << 24,
  TRIFLE = 1 << 20 /* bytes that are granted without asking the ranks */
};

static double gibibytes(size_t size) {
  return (double)size / (double)((size_t)1 << 30);
}

lore_grid_shape lore_grid_shape_of(int ranks) {
  assert(ranks >= 1);
  lore_grid_shape best = {1, 1};
  for (int rows = 1; rows * rows <= ranks; rows++) {
    int columns = ranks / rows < WIDEST * rows ? ranks / rows : WIDEST * rows;
    if (rows * columns >= best.rows * best.columns)
      best = (lore_grid_shape){rows, columns};
  }
  return best;
}

bool lore_grid_available(void) {
#ifdef HAVE_SCALAPACK
  return true;
#else
  return false;
#endif
}

static lore_status count_node_ranks(lore_team team, int *ranks) {
  MPI_Comm node;
  LORE_TRY_MPI(
      MPI_Comm_split_type(team.comm, MPI_COMM_TYPE_SHARED, team.rank, MPI_INFO_NULL, &node));
  LORE_TRY_MPI(MPI_Comm_size(node, ranks));
  LORE_TRY_MPI(MPI_Comm_free(&node));
  return LORE_MPI_DO(MPI_Allreduce(MPI_IN_PLACE, ranks, 1, MPI_INT, MPI_MAX, team.comm));
}

/* BLACS wants the map of ranks column by column. */
static lore_status make_map(const lore_grid *grid, int **map) {
  lore_grid_shape shape = grid->shape;
  *map = malloc(sizeof(int) * (size_t)shape.rows * (size_t)shape.columns);
  if (!*map)
    return lore_fail(LORE_MEMORY, "cannot allocate a map of %d ranks", shape.rows * shape.columns);
  for (int row = 0; row < shape.rows; row++)
    for (int column = 0; column < shape.columns; column++)
      (*map)[column * shape.rows + row] = row * shape.columns + column;
  return LORE_OK;
}

/* OpenBLAS maps 128 MiB for the first product and tries for ever if it cannot; as much again for
 * what is allocated before that. */
static lore_status check_addresses(void) {
  const size_t needed = (size_t)256 << 20;
  size_t left = lore_memory_addresses();
  if (left >= needed)
    return LORE_OK;
  return lore_fail(LORE_MEMORY,
                   "ScaLAPACK needs %.2f GiB of addresses, but the limit (ulimit -v) leaves %.2f "
                   "GiB; raise the limit",
                   gibibytes(needed), gibibytes(left));
}

/* BLACS and ScaLAPACK ignore what MPI returns. So they work on a duplicate of the team's
 * communicator whose errors end the job, where the team's would let them compute on with garbage.
 */
static lore_status start_blacs(lore_grid *grid, int *map) {
  LORE_TRY_MPI(MPI_Comm_dup(grid->team.comm, &grid->blacs));
  LORE_TRY_MPI(MPI_Comm_set_errhandler(grid->blacs, MPI_ERRORS_ARE_FATAL));
  grid->handle = grid->context = Csys2blacs_handle(grid->blacs);
  Cblacs_gridmap(&grid->context, map, grid->shape.rows, grid->shape.rows, grid->shape.columns);
  return LORE_OK;
}

static lore_status split_team(lore_grid *grid) {
  MPI_Comm team = grid->team.comm;
  int row = grid->row >= 0 ? grid->row : MPI_UNDEFINED;
  int column = grid->column >= 0 ? grid->column : MPI_UNDEFINED;
  LORE_TRY_MPI(MPI_Comm_split(team, row, grid->column, &grid->in_row));
  LORE_TRY_MPI(MPI_Comm_split(team, column, grid->row, &grid->in_column));
  return count_node_ranks(grid->team, &grid->node_ranks);
}

lore_status lore_grid_create(lore_team team, int block, lore_grid *grid) {
  assert(block >= 1);
  *grid = (lore_grid){0};
  if (!lore_grid_available())
    return lore_fail(LORE_USER, "this lore was built without ScaLAPACK, which probes and spectra "
                                "need; install that of your MPI (Debian: libscalapack-openmpi-dev "
                                "or -mpich-dev), configure and build again");
  if (team.comm == MPI_COMM_NULL)
    team.comm = MPI_COMM_SELF;
  lore_grid made = {.team = team,
                    .shape = lore_grid_shape_of(team.ranks),
                    .row = -1,
                    .column = -1,
                    .block = block};
  int *map = NULL;
  if (team.rank < made.shape.rows * made.shape.columns) {
    made.row = team.rank / made.shape.columns;
    made.column = team.rank % made.shape.columns;
  }
  lore_status status = check_addresses();
  if (status == LORE_OK)
    status = make_map(&made, &map);
  status = lore_team_agree(team, status);
  if (status == LORE_OK)
    status = start_blacs(&made, map);
  free(map);
  if (status == LORE_OK)
    status = split_team(&made);
  if (status == LORE_OK)
    *grid = made;
  return status;
}

void lore_grid_destroy(lore_grid *grid) {
  /* BLACS would wait for ranks that a failed MPI call keeps away. */
  if (grid->shape.rows == 0 || lore_mpi_failed()) {
    *grid = (lore_grid){0};
    return;
  }
  if (grid->row >= 0) {
    Cblacs_gridexit(grid->context);
    (void)LORE_MPI_DO(MPI_Comm_free(&grid->in_row));
    (void)LORE_MPI_DO(MPI_Comm_free(&grid->in_column));
  }
  Cfree_blacs_system_handle(grid->handle);
  (void)LORE_MPI_DO(MPI_Comm_free(&grid->blacs));
  *grid = (lore_grid){0};
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

static lore_status refuse_problem(const lore_grid *grid, const char *what, size_t needed,
                                  size_t available, int enough) {
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

lore_status lore_grid_memory(const lore_grid *grid, size_t *bytes) {
  unsigned long available = lore_memory_available() / (size_t)grid->node_ranks;
  LORE_TRY_MPI(
      MPI_Allreduce(MPI_IN_PLACE, &available, 1, MPI_UNSIGNED_LONG, MPI_MIN, grid->team.comm));
  *bytes = available;
  return LORE_OK;
}

lore_status lore_grid_afford(const lore_grid *grid, const char *what, lore_bytes_function *bytes,
                             const void *problem) {
  size_t needed = bytes(problem, grid->shape, grid->block);
  if (needed <= TRIFLE)
    return LORE_OK;
  size_t available;
  LORE_TRY(lore_grid_memory(grid, &available));
  if (needed <= available && needed < SIZE_MAX)
    return LORE_OK;
  if (available == SIZE_MAX)
    available--;
  return refuse_problem(
      grid, what, needed, available,
      lore_grid_ranks_enough(bytes, problem, grid->block, grid->team.ranks, available));
}

__attribute__((format(printf, 3, 0))) static lore_status explain_info(const char *routine, int info,
                                                                      const char *meaning) {
  if (info < 0)
    return lore_fail(LORE_NUMERICS, "%s refused its argument %d", routine,
                     -info < 100 ? -info : -info / 100);
  lore_fail(LORE_NUMERICS, meaning, info);
  return lore_fail_context(LORE_NUMERICS, "%s", routine);
}

lore_status lore_grid_info(const lore_grid *grid, const char *routine, int info,
                           const char *meaning) {
  lore_status status = info == 0 ? LORE_OK : explain_info(routine, info, meaning);
  return lore_team_agree(grid->team, status);
}
