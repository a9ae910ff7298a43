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

static void lift(lore_block *block) {
  block->level++;
  block->index /= 2;
}

int lore_blocks_needed(int64_t first, int64_t last) {
  lore_blocks blocks = {0};
  int needed = 0;
  for (int64_t shard = first; shard < last; shard++) {
    needed = blocks.count + 1 > needed ? blocks.count + 1 : needed;
    lore_blocks_push(&blocks, shard, NULL, 0, NULL, NULL);
  }
  return needed;
}

void lore_blocks_push(lore_blocks *blocks, int64_t shard, real *sum, int64_t elements,
                      void (*release)(void *context, real *buffer), void *context) {
  assert(blocks->count < LORE_BLOCKS_MAX);
  blocks->block[blocks->count++] = (lore_block){0, shard, sum};
  while (blocks->count > 1) {
    lore_block *right = &blocks->block[blocks->count - 1], *left = right - 1;
    if (!are_siblings(left, right))
      break;
    lore_add(elements, right->sum, left->sum);
    if (release)
      release(context, right->sum);
    lift(left);
    blocks->count--;
  }
}

int lore_blocks_merge(int workers, const lore_blocks *blocks, int capacity, lore_addition *addition,
                      real **sum) {
  lore_blocks all = {0};
  int additions = 0;
  for (int w = 0; w < workers; w++)
    for (int b = 0; b < blocks[w].count; b++) {
      assert(all.count < LORE_BLOCKS_MAX);
      all.block[all.count++] = blocks[w].block[b];
      while (all.count > 1 && are_siblings(&all.block[all.count - 2], &all.block[all.count - 1])) {
        lore_block *left = &all.block[all.count - 2];
        assert(additions < capacity);
        addition[additions++] = (lore_addition){left->sum, left[1].sum};
        lift(left);
        all.count--;
      }
    }
  for (; all.count > 1; all.count--) {
    assert(additions < capacity);
    addition[additions++] =
        (lore_addition){all.block[all.count - 2].sum, all.block[all.count - 1].sum};
  }
  *sum = all.block[0].sum;
  return additions;
}
