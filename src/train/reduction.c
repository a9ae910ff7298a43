/* The binary tree of gradient sums. */
#include "reduction.h"

#include <assert.h>
#include <stddef.h>

#include "lore/model/kernels.h"

enum { SLICE = 4096 /* elements that stay in the first-level cache between additions */ };

void lore_add(int64_t elements, const real *from, real *to) {
  lore_kernels()->vector_add(elements, from, to);
}

void lore_additions_make(int additions, const lore_addition *addition, int64_t from, int64_t to) {
  for (int64_t at = from; at < to && additions > 0; at += SLICE) {
    int64_t count = to - at < SLICE ? to - at : SLICE;
    for (int a = 0; a < additions; a++)
      lore_add(count, addition[a].from + at, addition[a].to + at);
  }
}

static int are_siblings(const lore_block *left, const lore_block *right) {
  return left->level == right->level && left->index % 2 == 0 && right->index == left->index + 1;
}

/* Adds `right` to `left`, or the other way round, which has the same bits. */
static lore_addition add_block(lore_block *left, const lore_block *right) {
  lore_addition addition = {left->sum, right->sum};
  if (left->lent && !right->lent)
    addition = (lore_addition){right->sum, left->sum};
  left->lent = left->lent && right->lent;
  left->sum = addition.to;
  return addition;
}

static lore_addition add_sibling(lore_block *left, const lore_block *right) {
  left->level++;
  left->index /= 2;
  return add_block(left, right);
}

int lore_blocks_plan(lore_blocks *blocks, int64_t shard, real *sum, lore_addition *addition) {
  int additions = 0;
  assert(blocks->count < LORE_BLOCKS_MAX);
  blocks->block[blocks->count++] = (lore_block){.index = shard, .sum = sum};
  while (blocks->count > 1) {
    lore_block *right = &blocks->block[blocks->count - 1], *left = right - 1;
    if (!are_siblings(left, right))
      break;
    addition[additions++] = add_sibling(left, right);
    blocks->count--;
  }
  return additions;
}

lore_blocks lore_blocks_of(int64_t first, int64_t last) {
  lore_blocks blocks = {0};
  while (first < last) {
    int level = 0;
    while (first % (INT64_C(2) << level) == 0 && last - first >= INT64_C(2) << level)
      level++;
    assert(blocks.count < LORE_BLOCKS_MAX);
    blocks.block[blocks.count++] = (lore_block){.level = level, .index = first >> level};
    first += INT64_C(1) << level;
  }
  return blocks;
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
        addition[additions++] = add_sibling(left, right);
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
    addition[additions++] = add_block(&all.block[all.count - 2], &all.block[all.count - 1]);
  }
  *sum = all.block[0].sum;
  return additions;
}
