/* The grid of ranks and what all of them decide alike. */
#include "config.h"

#include "lore/linalg/grid.h"

#include <assert.h>
#include <stdlib.h>

#include "scalapack.h"

enum { WIDEST = 3 }; /* columns of the grid to one row */

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

static int most_ranks_on_a_node(lore_team team) {
  MPI_Comm node;
  int ranks;
  MPI_Comm_split_type(team.comm, MPI_COMM_TYPE_SHARED, team.rank, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &ranks);
  MPI_Comm_free(&node);
  MPI_Allreduce(MPI_IN_PLACE, &ranks, 1, MPI_INT, MPI_MAX, team.comm);
  return ranks;
}

/* BLACS wants the map of ranks column by column. */
static lore_status make_map(const lore_grid *grid, int **map) {
  lore_grid_shape shape = grid->shape;
  *map = malloc(sizeof(int) * (size_t)shape.rows * (size_t)shape.columns);
  if (!*map)
    return lore_fail(LORE_MEMORY, "no memory for a map of %d ranks", shape.rows * shape.columns);
  for (int row = 0; row < shape.rows; row++)
    for (int column = 0; column < shape.columns; column++)
      (*map)[column * shape.rows + row] = row * shape.columns + column;
  return LORE_OK;
}

lore_status lore_grid_create(lore_team team, int block, lore_grid *grid) {
  assert(block >= 1);
  *grid = (lore_grid){0};
  if (!lore_grid_available())
    return lore_fail(LORE_USER, "this lore was built without ScaLAPACK, which probes and spectra "
                                "need; install it (Debian: libscalapack-openmpi-dev), configure "
                                "without --without-scalapack and build again");
  if (team.comm == MPI_COMM_NULL)
    team.comm = MPI_COMM_SELF;
  lore_grid made = {.team = team,
                    .shape = lore_grid_shape_of(team.ranks),
                    .row = -1,
                    .column = -1,
                    .block = block};
  int *map = NULL;
  lore_status status = lore_team_agree(team, make_map(&made, &map));
  if (status != LORE_OK) {
    free(map);
    return status;
  }
  bool member = team.rank < made.shape.rows * made.shape.columns;
  if (member) {
    made.row = team.rank / made.shape.columns;
    made.column = team.rank % made.shape.columns;
  }
  made.handle = made.context = Csys2blacs_handle(team.comm);
  Cblacs_gridmap(&made.context, map, made.shape.rows, made.shape.rows, made.shape.columns);
  free(map);
  MPI_Comm_split(team.comm, member ? made.row : MPI_UNDEFINED, made.column, &made.in_row);
  MPI_Comm_split(team.comm, member ? made.column : MPI_UNDEFINED, made.row, &made.in_column);
  made.node_ranks = most_ranks_on_a_node(team);
  *grid = made;
  return LORE_OK;
}

void lore_grid_destroy(lore_grid *grid) {
  if (grid->shape.rows == 0)
    return;
  if (grid->row >= 0) {
    Cblacs_gridexit(grid->context);
    MPI_Comm_free(&grid->in_row);
    MPI_Comm_free(&grid->in_column);
  }
  Cfree_blacs_system_handle(grid->handle);
  *grid = (lore_grid){0};
}

__attribute__((format(printf, 3, 0))) static lore_status refused(const char *routine, int info,
                                                                 const char *meaning) {
  if (info < 0)
    return lore_fail(LORE_NUMERICS, "%s refused its argument %d", routine,
                     -info < 100 ? -info : -info / 100);
  lore_fail(LORE_NUMERICS, meaning, info);
  return lore_fail_context(LORE_NUMERICS, "%s", routine);
}

lore_status lore_grid_info(const lore_grid *grid, const char *routine, int info,
                           const char *meaning) {
  lore_status status = info == 0 ? LORE_OK : refused(routine, info, meaning);
  return lore_team_agree(grid->team, status);
}
