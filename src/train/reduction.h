/* Sums over shards in the order of one binary tree, whoever computes which shard.
 *
 * Block (level, index) is the sum of shards [index * 2^level, (index + 1) * 2^level). Two blocks of
 * one level are added when they are siblings; what is left at the end (shards that are no power of
 * two) is added from the right. So the order of additions depends on the number of shards alone. */
#ifndef LORE_TRAIN_REDUCTION_H
#define LORE_TRAIN_REDUCTION_H

#include <stdint.h>

#include "lore/real.h"

enum { LORE_BLOCKS_MAX = 64 };

typedef struct {
  int level;
  int64_t index;
  real *sum;
} lore_block;

typedef struct {
  int count;
  lore_block block[LORE_BLOCKS_MAX]; /* by ascending shard number */
} lore_blocks;

/* Buffers that a worker holds at most while it sums shards [first, last), the one being computed
 * included. */
int lore_blocks_needed(int64_t first, int64_t last);

/* Appends shard `shard`, whose gradient is in `sum`, and adds siblings as far as possible:
 * `elements` reals each. Buffers that are free again are handed to `release` (may be NULL). */
void lore_blocks_push(lore_blocks *blocks, int64_t shard, real *sum, int64_t elements,
                      void (*release)(void *context, real *buffer), void *context);

/* One addition `to += from` of a merge. */
typedef struct {
  real *to;
  const real *from;
} lore_addition;

/* The additions that turn the blocks of all workers (ascending, together all shards) into one sum,
 * in order. Returns their number (at most `capacity`, assertion) and where the sum is. */
int lore_blocks_merge(int workers, const lore_blocks *blocks, int capacity, lore_addition *addition,
                      real **sum);

/* to += from. */
void lore_add(int64_t elements, const real *from, real *to);

#endif
