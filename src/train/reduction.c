/* The binary tree of gradient sums. */
#include "reduction.h"

#include <assert.h>
#include <stddef.h>

void lore_add(int64_t elements, const real *restrict from, real *restrict to) {
  for (int64_t i = 0; i < elements; i++)
    to[i] += from[i];
}

static int are_siblings(const lore_block *left, const lore_block *right) {
  return left->level == right->level && left->index % 2 == 0 && right->index == left->index + 1;
}

static void lift_block(lore_block *block) {
  block->level++;
  block->index /= 2;
}

int lore_blocks_plan(lore_blocks *blocks, int64_t shard, real *sum, lore_addition *addition) {
  int additions = 0;
  assert(blocks->count < LORE_BLOCKS_MAX);
  blocks->block[blocks->count++] = (lore_block){0, shard, sum};
  while (blocks->count > 1) {
    lore_block *right = &blocks->block[blocks->count - 1], *left = right - 1;
    if (!are_siblings(left, right))
      break;
    addition[additions++] = (lore_addition){left->sum, right->sum};
    lift_block(left);
    blocks->count--;
  }
  return additions;
}

int lore_blocks_needed(int64_t first, int64_t last) {
  lore_addition addition[LORE_BLOCKS_MAX];
  lore_blocks blocks = {0};
  int needed = 0;
  for (int64_t shard = first; shard < last; shard++) {
    needed = blocks.count + 1 > needed ? blocks.count + 1 : needed;
    lore_blocks_plan(&blocks, shard, NULL, addition);
  }
  return needed;
}

int lore_blocks_join(int workers, const lore_blocks *blocks, int capacity, lore_addition *addition,
                     lore_blocks *joined) {
  int additions = 0;
  *joined = (lore_blocks){0};
  for (int w = 0; w < workers; w++)
    for (int b = 0; b < blocks[w].count; b++) {
      assert(joined->count < LORE_BLOCKS_MAX);
      joined->block[joined->count++] = blocks[w].block[b];
      while (joined->count > 1) {
        lore_block *right = &joined->block[joined->count - 1], *left = right - 1;
        if (!are_siblings(left, right))
          break;
        assert(additions < capacity);
        addition[additions++] = (lore_addition){left->sum, right->sum};
        lift_block(left);
        joined->count--;
      }
    }
  return additions;
}

int lore_blocks_merge(int workers, const lore_blocks *blocks, int capacity, lore_addition *addition,
                      real **sum) {
  lore_blocks all;
  int additions = lore_blocks_join(workers, blocks, capacity, addition, &all);
  for (; all.count > 1; all.count--) {
    assert(additions < capacity);
    addition[additions++] =
        (lore_addition){all.block[all.count - 2].sum, all.block[all.count - 1].sum};
  }
  *sum = all.block[0].sum;
  return additions;
}
