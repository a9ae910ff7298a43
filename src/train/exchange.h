/* Sums over the ranks of a replica group, range by range while backward still runs.
 *
 * Reproducible: recursive halving in the order of the tree over all shards. In halving k, parties
 * (pieces.h) p and p xor 2^k share the elements that both hold: each sends its subtrees of the
 * other's half in one message, and adds siblings among what it keeps and what comes. Shards ascend
 * with ranks, so what meets are neighbours in the tree. In the end every party has the whole sum of
 * its piece. The second rank of a pair gives everything to the first before that, and gets its own
 * piece after it. The way back copies pieces by recursive doubling. So a rank sends and receives at
 * most 2 ceil(log2 ranks) messages for each range.
 *
 * Otherwise MPI_Iallreduce adds in its own order, every rank has the sum of everything, and nothing
 * is left to copy.
 *
 * Only the thread that initialised MPI may call these, but for lore_exchange_has. */
#ifndef LORE_TRAIN_EXCHANGE_H
#define LORE_TRAIN_EXCHANGE_H

#include <mpi.h>
#include <stdatomic.h>

#include "lore/base/status.h"
#include "lore/train/schedule.h"
#include "pieces.h"
#include "sum.h"

enum { LORE_MOVES_MAX = 72 /* of 2^31 ranks at most */ };

/* What a rank does at once for a range: it sends and receives a message at most. */
typedef struct {
  int kind, partner;
  lore_seats sent, received, kept; /* none if both bounds are equal */
  int64_t first, last;             /* shards in the partner's sums */
  bool merges;                     /* all sums are there now */
} lore_exchange_move;

typedef struct {
  int move, requests;
  MPI_Request request[2];
  lore_blocks held; /* sums of the elements from `from` on */
  int64_t from;
  int64_t staged; /* elements of staging in use */
  real *arrived;  /* what is being received */
} lore_exchange_range;

typedef struct {
  MPI_Comm comm; /* of its own; MPI_COMM_NULL for one rank */
  int rank, ranks;
  const lore_pieces *pieces;
  const lore_sum *sum;
  int moves, summing; /* the first moves sum, the others copy */
  lore_exchange_move move[LORE_MOVES_MAX];
  lore_exchange_range *range;
  MPI_Datatype *type; /* ranges x moves: several sums as one message */
  real *staging;      /* sums of others */
  int64_t *staging_at;
  real *copied; /* the vector whose pieces are copied */
  bool copying;
  int begun, complete; /* ranges */
  atomic_int missing;  /* ranges from this one on have been copied */
} lore_exchange;

/* Takes memory; `shards` in all. `sum` has been laid out. */
void lore_exchange_layout(lore_exchange *exchange, lore_arena *arena, int64_t shards,
                          lore_reduction reduction, const lore_pieces *pieces, const lore_sum *sum);

/* Opens what has been laid out on a real arena: makes a duplicate of `comm`, so that its messages
 * never meet others. All ranks call it; one rank needs no communicator. LORE_MPI. */
lore_status lore_exchange_open(lore_exchange *exchange, MPI_Comm comm);

/* Frees the duplicate. All ranks, with nothing under way. */
void lore_exchange_close(lore_exchange *exchange);

/* Before each step, with nothing under way. */
void lore_exchange_begin(lore_exchange *exchange);

/* Starts what can be started and continues what can be continued; *complete: nothing is under way.
 * After LORE_MPI every later call fails too (lore/base/mpi.h). */
lore_status lore_exchange_poll(lore_exchange *exchange, bool *complete);

/* The sum over all ranks of the piece of `range` that this rank owns, once all is complete. */
const real *lore_exchange_sum(const lore_exchange *exchange, int range);

/* Starts to copy every rank's pieces of `vector` to all; polls continue. All ranks. */
lore_status lore_exchange_copy(lore_exchange *exchange, real *vector);

/* Whether `range` and all after it have been copied, or MPI has failed. Any thread. */
bool lore_exchange_has(const lore_exchange *exchange, int range);

/* Adds `count` doubles at `values` over the ranks, in place. All ranks, with no sums under way. */
lore_status lore_exchange_add(lore_exchange *exchange, int count, double *values);

#endif
