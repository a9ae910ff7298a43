/* The gradient sum over the ranks of a replica group, range by range while backward still runs.
 *
 * Reproducible: every rank owns a piece of each range. Ranks send their blocks of it to the owner,
 * which adds them in the order of the tree over all shards and sends the sum back: the traffic of a
 * reduce-scatter and an allgather, as in the usual allreduce of long vectors, but one order of
 * additions for any number of ranks. Otherwise MPI_Iallreduce does it in its own order.
 *
 * Only the thread that initialised MPI may call these. */
#ifndef LORE_TRAIN_EXCHANGE_H
#define LORE_TRAIN_EXCHANGE_H

#include <mpi.h>

#include "lore/train/optimiser.h"
#include "sum.h"

typedef struct {
  MPI_Comm comm; /* of its own */
  int rank, ranks;
  lore_reduction reduction;
  const lore_sum *sum;
  lore_blocks *blocks; /* of each rank, with sums where they are needed for one range */
  real *staging;       /* others' blocks of the pieces that this rank owns */
  int64_t *staging_at; /* where each range's begin */
  lore_addition *addition;
  MPI_Request *request; /* ranges x request_capacity */
  int request_capacity, *requests;
  int *stage;          /* of each range */
  int begun, complete; /* ranges */
  real *gradient;      /* where the sum of all ranks ends up */
} lore_exchange;

/* Takes memory for `ranks` ranks, this one being `rank`; `shards` in all. `sum` has been laid out.
 */
void lore_exchange_layout(lore_exchange *exchange, lore_arena *arena, MPI_Comm comm, int rank,
                          int ranks, int64_t shards, lore_reduction reduction, const lore_sum *sum);

/* Before each step. */
void lore_exchange_begin(lore_exchange *exchange);

/* Starts what can be started and goes on with what can go on. True when all ranges are complete. */
bool lore_exchange_poll(lore_exchange *exchange);

#endif
