/* Replica groups' common decisions. */
#include "lore/base/team.h"

#include <stdio.h>

#include "lore/base/threads.h"

enum { MESSAGE_MAX = 4096 };

lore_team lore_team_alone(void) {
  return (lore_team){MPI_COMM_NULL, 0, 1};
}

lore_team lore_team_of(MPI_Comm comm) {
  lore_team team = {.comm = comm};
  MPI_Comm_rank(comm, &team.rank);
  MPI_Comm_size(comm, &team.ranks);
  return team;
}

void lore_team_share_processors(lore_team team) {
  MPI_Comm node;
  int rank, ranks;
  MPI_Comm_split_type(team.comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  MPI_Comm_rank(node, &rank);
  MPI_Comm_size(node, &ranks);
  unsigned long mask = lore_threads_mask(), lowest, highest;
  MPI_Allreduce(&mask, &lowest, 1, MPI_UNSIGNED_LONG, MPI_MIN, node);
  MPI_Allreduce(&mask, &highest, 1, MPI_UNSIGNED_LONG, MPI_MAX, node);
  if (lowest == highest)
    lore_threads_share(rank, ranks);
  MPI_Comm_free(&node);
}

lore_status lore_team_agree(lore_team team, lore_status status) {
  char message[MESSAGE_MAX];
  int first = status == LORE_OK ? team.ranks : team.rank, code = (int)status;
  if (team.ranks == 1)
    return status;
  MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, team.comm);
  if (first == team.ranks)
    return LORE_OK;
  snprintf(message, sizeof message, "%s", lore_fail_message());
  MPI_Bcast(&code, 1, MPI_INT, first, team.comm);
  MPI_Bcast(message, MESSAGE_MAX, MPI_CHAR, first, team.comm);
  return lore_fail((lore_status)code, "%s", message);
}

void lore_team_spread(lore_team team, void *data, size_t size) {
  enum { CHUNK = 1 << 30 }; /* counts of MPI are int */
  for (size_t at = 0; team.ranks > 1 && at < size; at += CHUNK) {
    size_t left = size - at;
    MPI_Bcast((char *)data + at, (int)(left < CHUNK ? left : CHUNK), MPI_BYTE, 0, team.comm);
  }
}
