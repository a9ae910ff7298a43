/* The ranks that train one run together, and decisions that they make together. */
#ifndef LORE_BASE_TEAM_H
#define LORE_BASE_TEAM_H

#include <mpi.h>
#include <stddef.h>

#include "lore/base/status.h"

typedef struct {
  MPI_Comm comm; /* MPI_COMM_NULL: one rank without MPI */
  int rank, ranks;
} lore_team;

/* One rank that needs no MPI. */
lore_team lore_team_alone(void);

/* The team of all ranks of `comm`. If MPI fails, the next call of the team does (lore/base/mpi.h).
 */
lore_team lore_team_of(MPI_Comm comm);

/* Ranks of one node that may use the same processors divide them (lore/base/threads.h). All ranks.
 * LORE_MPI. */
lore_status lore_team_share_processors(lore_team team);

/* Every rank brings the status of what it did; all leave with the same one: LORE_OK if all
 * succeeded, else the status and message of the lowest rank that failed. A rank whose MPI has
 * failed leaves alone with LORE_MPI: it is going to end the job. */
lore_status lore_team_agree(lore_team team, lore_status status);

/* Gives rank 0's `size` bytes at `data` to all. LORE_MPI. */
lore_status lore_team_spread(lore_team team, void *data, size_t size);

/* Whether all ranks bring the same `text`; else LORE_USER on all of them: "rank R on HOST <what>
 * than rank 0: 'its text', not 'rank 0's text'; <remedy>", of the first rank that differs. */
lore_status lore_team_same(lore_team team, const char *text, const char *what, const char *remedy);

/* Leaves the calling function, on all ranks, unless `call` succeeded on all. */
#define LORE_TRY_TOGETHER(team, call) LORE_TRY(lore_team_agree(team, call))

#endif
