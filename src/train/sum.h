/* One rank's part of the gradient sum: which buffers its shards write, and which thread adds
 * which of them when.
 *
 * All of it is worked out once. In a step each thread computes its shards; whenever a range of a
 * gradient is final, the additions that follow from the shard are made on that range while it is in
 * the cache, and after a thread's last shard those between threads, each by the thread that brings
 * the second operand. A worker may be a crew of threads: then each sees to a part of every range,
 * as if it were a range of its own. */
#ifndef LORE_TRAIN_SUM_H
#define LORE_TRAIN_SUM_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lore/base/arena.h"
#include "reduction.h"

/* What a shard writes, and the additions that follow from it. */
typedef struct {
  real *gradient;
  int additions;
  const lore_addition *addition;
} lore_sum_shard;

typedef struct {
  int64_t first_shard, last_shard; /* [first, last) */
  lore_blocks blocks;              /* that it ends with */
  int entry[LORE_BLOCKS_MAX];      /* joint that each of them goes into, or -1 */
  real *buffer[LORE_BLOCKS_MAX];
} lore_sum_worker;

typedef struct {
  int64_t first_shard, last_shard, elements;
  int workers, ranges, parts; /* that a range is cut into */
  lore_sum_worker *worker;
  lore_sum_shard *shard; /* of shard first_shard + i */
  lore_addition *addition;
  int joints;
  lore_addition *joint; /* additions between workers, in order */
  int *next;            /* joint that each joint's sum goes into, or -1 */
  lore_blocks left;     /* what remains on this rank: one block if it sums all of its shards */
  int64_t *bound;       /* range r is elements [bound[r + 1], bound[r]) */
  atomic_int *arrived;  /* ranges x joints x parts: operands that are there */
  atomic_int *finished; /* ranges: parts of remaining blocks that are complete */
} lore_sum;

/* Takes memory for shards [first, last) computed by `workers` threads, or crews of `parts` threads.
 * On a real arena, the table is made too; `whole` sums everything up to one block, else only whole
 * subtrees are summed. `bound` as from lore_decoder_ranges. */
void lore_sum_layout(lore_sum *sum, lore_arena *arena, int64_t first, int64_t last, int workers,
                     int parts, int64_t elements, int ranges, const int64_t *bound, bool whole);

/* Before each step. */
void lore_sum_begin(lore_sum *sum);

/* Range `range` of the gradient of `shard`, computed by `worker`, is final: sees to parts [first,
 * last) of it. */
void lore_sum_add(lore_sum *sum, int worker, int64_t shard, int range, int first, int last);

/* Whether all threads have finished `range` of what remains. */
bool lore_sum_done(const lore_sum *sum, int range);

/* Shards of part `part` of `parts`: [first, last). */
void lore_sum_share(int64_t shards, int part, int parts, int64_t *first, int64_t *last);

#endif
