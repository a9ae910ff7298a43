/* Ranks arranged in a grid, and which of them holds which row of a matrix.
 *
 * Row i of a block-cyclic matrix lies in block i / block; blocks go round the rows of the grid, and
 * columns likewise. No rank holds more than its share, whatever part of the matrix is worked on. */
#ifndef LORE_LINALG_GRID_H
#define LORE_LINALG_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "lore/base/team.h"

enum { LORE_GRID_BLOCK = 64 }; /* rows and columns of a block that suit most processors */

typedef struct {
  int rows, columns;
} lore_grid_shape;

typedef struct {
  lore_team team;
  lore_grid_shape shape;
  int row, column;    /* place of this rank, -1 if it is idle */
  int block;          /* rows and columns of a block, of all matrices on this grid */
  int context;        /* of BLACS, -1 if idle */
  int handle;         /* of BLACS for the communicator */
  MPI_Comm blacs;     /* duplicate of the team's communicator that BLACS works on */
  MPI_Comm in_row;    /* ranks of the same grid row by column, and the other way round; */
  MPI_Comm in_column; /* MPI_COMM_NULL if idle */
  int node_ranks;     /* the most ranks of the team on one node */
} lore_grid;

/* The bytes that a rank needs at most for `problem` on a grid of `shape`; SIZE_MAX if one of its
 * matrices has more local elements than ScaLAPACK can count (2^31 - 1). */
typedef size_t lore_bytes_function(const void *problem, lore_grid_shape shape, int block);

/* The grid of at most `ranks` ranks that uses most of them and is at most three times as wide as
 * high; the squarest of these. Rank row * columns + column sits at (row, column), the rest idle. */
lore_grid_shape lore_grid_shape_of(int ranks);

/* True if this LORE was built with ScaLAPACK. */
bool lore_grid_available(void);

/* All ranks of `team`; MPI is initialised (a team alone uses MPI_COMM_SELF). Idle ranks take part
 * in every call on the grid and get the same results. LORE_USER without ScaLAPACK, LORE_MPI,
 * LORE_MEMORY if `ulimit -v` leaves BLAS too little. Zeroed after a failure. */
lore_status lore_grid_create(lore_team team, int block, lore_grid *grid);

/* All ranks. A grid that was not created (zeroed) is left as it is. */
void lore_grid_destroy(lore_grid *grid);

/* *bytes: what every rank may still allocate. All ranks. LORE_MPI. */
lore_status lore_grid_memory(const lore_grid *grid, size_t *bytes);

/* LORE_MEMORY on all ranks unless every node has the memory that `bytes` predicts for its ranks;
 * the message says how many ranks would do. `what` names the problem. All ranks. */
lore_status lore_grid_afford(const lore_grid *grid, const char *what, lore_bytes_function *bytes,
                             const void *problem);

/* The status of a ScaLAPACK call of `routine` that left `info` on this rank, agreed by all ranks
 * (idle ones bring 0): LORE_NUMERICS. `meaning` is what info > 0 means, with one %d for it. */
lore_status lore_grid_info(const lore_grid *grid, const char *routine, int info,
                           const char *meaning);

/* The least number of ranks from `ranks` on (nearly: found by bisection) for which `bytes` is at
 * most `available`; 0 if there is none below 2^24. */
int lore_grid_ranks_enough(lore_bytes_function *bytes, const void *problem, int block, int ranks,
                           size_t available);

/* Along one dimension of the grid, `places` places wide: the place that holds `global`, its index
 * there, the way back, and how many of the first `count` a place holds. */
static inline int lore_cyclic_place(int global, int block, int places) {
  return global / block % places;
}

static inline int lore_cyclic_local(int global, int block, int places) {
  return global / block / places * block + global % block;
}

static inline int lore_cyclic_global(int local, int block, int place, int places) {
  return (local / block * places + place) * block + local % block;
}

static inline int lore_cyclic_count(int count, int block, int place, int places) {
  int blocks = count / block, whole = blocks / places + (place < blocks % places);
  return whole * block + (place == blocks % places ? count % block : 0);
}

#endif
