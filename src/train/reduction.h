/* Sums over shards in the order of one binary tree, whichever thread computes which shard.
 *
 * Block (level, index) is the sum of shards [index * 2^level, (index + 1) * 2^level). Two blocks of
 * one level are added when they are siblings; what is left at the end (shards that are no power of
 * two) is added from the right. So the order of additions depends on the number of shards alone. */
#ifndef LORE_TRAIN_REDUCTION_H
#define LORE_TRAIN_REDUCTION_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/real.h"

enum { LORE_BLOCKS_MAX = 64 };

typedef struct {
  int level;
  int64_t index;
  real *sum;
  bool
      lent; /* the buffer is wanted for others: a sum goes into the sibling's if that is not lent */
} lore_block;

typedef struct {
  int count;
  lore_block block[LORE_BLOCKS_MAX]; /* by ascending shard number */
} lore_blocks;

/* Buffers that a worker holds at most while it sums shards [first, last), the one being computed
 * included. */
int lore_blocks_needed(int64_t first, int64_t last);

/* The subtrees that shards [first, last) make up, without sums. */
lore_blocks lore_blocks_of(int64_t first, int64_t last);

/* One addition `to += from`, of whole vectors or of any range of them. `from` holds nothing needed
 * afterwards. */
typedef struct {
  real *to;
  const real *from;
} lore_addition;

/* Appends shard `shard`, whose gradient will be in `sum`, and lists the additions that follow from
 * it, in order: at most LORE_BLOCKS_MAX. Returns their number. */
int lore_blocks_plan(lore_blocks *blocks, int64_t shard, real *sum, lore_addition *addition);

/* The additions that join siblings among the blocks of several workers (ascending). Returns their
 * number (at most `capacity`, assertion) and what blocks are left. */
int lore_blocks_join(int workers, const lore_blocks *blocks, int capacity, lore_addition *addition,
                     lore_blocks *joined);

/* The same, for blocks that are together all shards: what is left is added too, and the sum is in
 * *sum. */
int lore_blocks_merge(int workers, const lore_blocks *blocks, int capacity, lore_addition *addition,
                      real **sum);

/* to += from. */
void lore_add(int64_t elements, const real *from, real *to);

/* Makes the additions, in order, of elements [from, to) of the vectors. */
void lore_additions_make(int additions, const lore_addition *addition, int64_t from, int64_t to);

#endif
