/* Starting and ending MPI, and what its calls return.
 *
 * Every MPI call stands in LORE_MPI_DO or LORE_TRY_MPI. The first that fails is remembered: all
 * later ones fail at once, without calling MPI, so that a rank whose communication is broken never
 * waits for the others on its way out. The command then says what failed and ends all ranks
 * (lore_mpi_end). */
#ifndef LORE_BASE_MPI_H
#define LORE_BASE_MPI_H

#include <mpi.h>
#include <stdbool.h>

#include "lore/base/status.h"

/* Starts MPI for one thread that communicates, with an error handler that returns, unless it is
 * started already; the log learns the rank. *mine (may be NULL): it was started by this call. */
lore_status lore_mpi_begin(bool *mine);

/* Ends MPI; returns `code`, the exit code of the command. After a failed MPI call it does not
 * return: the first rank to arrive prints the recorded message and aborts the job with exit
 * code 1. Does nothing but that if `mine` is false. */
int lore_mpi_end(bool mine, int code);

/* Whether an MPI call of this process has failed. */
bool lore_mpi_failed(void);

/* The status of a call that returned `code`: LORE_MPI with the call's name, MPI's text, and the
 * place. For the macros. */
lore_status lore_mpi_check(int code, const char *call, const char *file, int line);

/* The lore_status of one MPI call. By the thread that started MPI. */
#define LORE_MPI_DO(call)                                                                          \
  (lore_mpi_failed() ? LORE_MPI : lore_mpi_check((call), #call, __FILE__, __LINE__))

/* Leaves the calling function if the MPI call fails. */
#define LORE_TRY_MPI(call) LORE_TRY(LORE_MPI_DO(call))

#endif
