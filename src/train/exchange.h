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

#include "lore/base/status.h"
#include "lore/train/schedule.h"
#include "sum.h"

typedef struct {
  MPI_Comm comm; /* of its own; MPI_COMM_NULL for one rank */
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
void lore_exchange_layout(lore_exchange *exchange, lore_arena *arena, int rank, int ranks,
                          int64_t shards, lore_reduction reduction, const lore_sum *sum);

/* Opens what has been laid out on a real arena: makes a duplicate of `comm`, so that its messages
 * never meet others. All ranks call it; one rank needs no communicator. LORE_MPI. */
lore_status lore_exchange_open(lore_exchange *exchange, MPI_Comm comm);

/* Frees the duplicate. All ranks. */
void lore_exchange_close(lore_exchange *exchange);

/* Before each step. */
void lore_exchange_begin(lore_exchange *exchange);

/* Starts what can be started and continues what can be continued; *complete: all ranges are. After
 * LORE_MPI every later call fails too (lore/base/mpi.h). */
lore_status lore_exchange_poll(lore_exchange *exchange, bool *complete);

/* Adds `count` doubles at `values` over the ranks, in place. All ranks, after all ranges. */
lore_status lore_exchange_add(lore_exchange *exchange, int count, double *values);

#endif
