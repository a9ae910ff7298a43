/* The optimiser's moments of the pieces that a rank owns, and their way to and from files.
 *
 * Files have whole moments, and rank 0 writes and reads them. So it moves parts of a moment, one
 * after the other, while the other ranks serve: they send what they own of each part, or keep it.
 */
#ifndef LORE_TRAIN_MOMENTS_H
#define LORE_TRAIN_MOMENTS_H

#include <mpi.h>

#include "lore/base/arena.h"
#include "lore/io/elements.h"
#include "pieces.h"

enum { LORE_MOMENTS = 2, LORE_PART_MOST = 65536 /* elements that are received at once */ };

typedef struct lore_moments lore_moments;

/* Which moment the functions that move it work on. */
typedef struct {
  lore_moments *moments;
  int moment;
} lore_moment_choice;

struct lore_moments {
  const lore_pieces *pieces;
  MPI_Comm comm;
  real *vector[LORE_MOMENTS]; /* of this rank's pieces by ascending elements (pieces->own_at) */
  real *part;                 /* LORE_PART_MOST, unless everything is owned by every rank */
  lore_moment_choice choice[LORE_MOMENTS];
};

void lore_moments_layout(lore_moments *moments, lore_arena *arena, const lore_pieces *pieces);

/* Both begin at zero, again. */
void lore_moments_reset(lore_moments *moments);

/* A moment as a vector; on other ranks than 0 only if every rank owns everything. */
lore_elements lore_moments_elements(lore_moments *moments, int moment);

/* On other ranks than 0: takes part in what rank 0 does with the moments, until it dismisses them.
 * LORE_MPI. */
lore_status lore_moments_serve(lore_moments *moments);
lore_status lore_moments_dismiss(lore_moments *moments);

#endif
