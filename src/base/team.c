/* Replica groups' common decisions. */
#include "lore/base/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/mpi.h"
#include "lore/base/threads.h"

enum { MESSAGE_MAX = 4096 };

lore_team lore_team_alone(void) {
  return (lore_team){MPI_COMM_NULL, 0, 1};
}

lore_team lore_team_of(MPI_Comm comm) {
  lore_team team = {.comm = comm};
  if (LORE_MPI_DO(MPI_Comm_rank(comm, &team.rank)) || LORE_MPI_DO(MPI_Comm_size(comm, &team.ranks)))
    return (lore_team){.comm = comm, .ranks = 1};
  return team;
}

lore_status lore_team_share_processors(lore_team team) {
  MPI_Comm node;
  int rank, ranks;
  LORE_TRY_MPI(MPI_Comm_split_type(team.comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  LORE_TRY_MPI(MPI_Comm_rank(node, &rank));
  LORE_TRY_MPI(MPI_Comm_size(node, &ranks));
  unsigned long mask = lore_threads_mask(), lowest, highest;
  LORE_TRY_MPI(MPI_Allreduce(&mask, &lowest, 1, MPI_UNSIGNED_LONG, MPI_MIN, node));
  LORE_TRY_MPI(MPI_Allreduce(&mask, &highest, 1, MPI_UNSIGNED_LONG, MPI_MAX, node));
  if (lowest == highest)
    lore_threads_share(rank, ranks);
  return LORE_MPI_DO(MPI_Comm_free(&node));
}

lore_status lore_team_agree(lore_team team, lore_status status) {
  char message[MESSAGE_MAX];
  int first = status == LORE_OK ? team.ranks : team.rank, code = (int)status;
  if (team.ranks == 1 || lore_mpi_failed())
    return status == LORE_OK && lore_mpi_failed() ? LORE_MPI : status;
  LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, team.comm));
  if (first == team.ranks)
    return LORE_OK;
  snprintf(message, sizeof message, "%s", lore_fail_message());
  LORE_TRY_MPI(MPI_Bcast(&code, 1, MPI_INT, first, team.comm));
  LORE_TRY_MPI(MPI_Bcast(message, MESSAGE_MAX, MPI_CHAR, first, team.comm));
  return lore_fail((lore_status)code, "%s", message);
}

lore_status lore_team_spread(lore_team team, void *data, size_t size) {
  enum { CHUNK = 1 << 30 }; /* counts of MPI are int */
  for (size_t at = 0; team.ranks > 1 && at < size; at += CHUNK) {
    size_t left = size - at;
    LORE_TRY_MPI(
        MPI_Bcast((char *)data + at, (int)(left < CHUNK ? left : CHUNK), MPI_BYTE, 0, team.comm));
  }
  return LORE_OK;
}

static lore_status compare_text(lore_team team, const char *text, const char *first,
                                const char *what, const char *remedy) {
  char host[65] = "unknown";
  if (!strcmp(text, first))
    return LORE_OK;
  gethostname(host, sizeof host - 1);
  return lore_fail(LORE_USER, "rank %d on %s %s than rank 0: '%s', not '%s'; %s", team.rank, host,
                   what, text, first, remedy);
}

lore_status lore_team_same(lore_team team, const char *text, const char *what, const char *remedy) {
  size_t size = strlen(text) + 1;
  LORE_TRY(lore_team_spread(team, &size, sizeof size));
  char *first = malloc(size);
  lore_status status = lore_team_agree(
      team, first ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate %zu bytes", size));
  if (status == LORE_OK && team.rank == 0)
    memcpy(first, text, size);
  if (status == LORE_OK)
    status = lore_team_spread(team, first, size);
  if (status == LORE_OK)
    status = lore_team_agree(team, compare_text(team, text, first, what, remedy));
  free(first);
  return status;
}
