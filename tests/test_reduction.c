/* The tree of gradient sums: one order of additions, whoever computes which shard. */
#include "support/numbers.h"

#include "train/reduction.h"

enum { ELEMENTS = 19, SHARDS_MAX = 40, WORKERS_MAX = 9, MANY_SHARDS = 1000, MANY_WORKERS = 64 };

/* Values of very different size, so that float sums depend on the order. */
static real *make_values(int shards) {
  lore_random stream = numbers_stream(1);
  real *value = numbers_normal(&stream, (size_t)shards * ELEMENTS, 1);
  for (int i = 0; i < shards * ELEMENTS; i++)
    value[i] *= (real)pow(10, numbers_between(&stream, -3, 3));
  return value;
}

/* By definition: a power of two is two halves; else the largest power of two, plus the rest. */
static void sum_tree(const real *value, int first, int count, real *sum) {
  if (count == 1) {
    memcpy(sum, value + (size_t)first * ELEMENTS, ELEMENTS * sizeof *sum);
    return;
  }
  int left = 1;
  while (2 * left < count)
    left *= 2;
  real right[ELEMENTS];
  sum_tree(value, first, left, sum);
  sum_tree(value, first + left, count - left, right);
  for (int i = 0; i < ELEMENTS; i++)
    sum[i] += right[i];
}

/* Buffers of one worker, and how many it ever held at once. */
typedef struct {
  int used, most, released;
  unsigned char taken[SHARDS_MAX + MANY_SHARDS];
  real *buffer;
} pool;

static real *take_buffer(pool *p, int buffers) {
  int b = 0;
  while (p->taken[b])
    b++;
  assert_true(b < buffers);
  p->taken[b] = 1;
  p->used++;
  p->most = p->used > p->most ? p->used : p->most;
  return p->buffer + (size_t)b * ELEMENTS;
}

static void release_buffer(void *context, real *buffer) {
  pool *p = context;
  size_t b = (size_t)(buffer - p->buffer) / ELEMENTS;
  assert_int_equal(p->taken[b], 1);
  p->taken[b] = 0;
  p->used--;
  p->released++;
  for (int i = 0; i < ELEMENTS; i++)
    buffer[i] = (real)NAN;
}

/* Sums shards [first, last) with no more buffers than are said to be needed; returns additions. */
static int push_range(const real *value, int first, int last, lore_blocks *blocks) {
  int needed = lore_blocks_needed(first, last);
  pool p = {.buffer = numbers_blank((size_t)needed * ELEMENTS)};
  *blocks = (lore_blocks){0};
  for (int shard = first; shard < last; shard++) {
    real *sum = take_buffer(&p, needed);
    memcpy(sum, value + (size_t)shard * ELEMENTS, ELEMENTS * sizeof *sum);
    lore_addition addition[LORE_BLOCKS_MAX];
    int additions = lore_blocks_plan(blocks, shard, sum, addition);
    for (int a = 0; a < additions; a++) {
      lore_add(ELEMENTS, addition[a].from, addition[a].to);
      release_buffer(&p, (real *)addition[a].from);
    }
    assert_int_equal(blocks->count, p.used);
  }
  assert_int_equal(p.most, needed);
  return p.released;
}

static void assert_sum(const real *value, int shards, int workers, const real *want) {
  lore_blocks blocks[MANY_WORKERS];
  lore_addition addition[MANY_SHARDS];
  int mark = numbers_count, made = 0;
  for (int w = 0; w < workers; w++)
    made += push_range(value, shards * w / workers, shards * (w + 1) / workers, &blocks[w]);
  real *sum;
  int additions = lore_blocks_merge(workers, blocks, shards - 1 - made, addition, &sum);
  assert_int_equal(made + additions, shards - 1);
  for (int a = 0; a < additions; a++)
    lore_add(ELEMENTS, addition[a].from, addition[a].to);
  if (memcmp(sum, want, ELEMENTS * sizeof *sum))
    fail_msg("%d shards, %d workers: not the same bits", shards, workers);
  numbers_release(mark);
}

static void workers_do_not_change_bits(void **state) {
  (void)state;
  real *value = make_values(SHARDS_MAX), want[ELEMENTS];
  for (int shards = 1; shards <= SHARDS_MAX; shards++) {
    sum_tree(value, 0, shards, want);
    for (int workers = 1; workers <= WORKERS_MAX; workers++)
      assert_sum(value, shards, workers, want);
  }
}

static void many_workers_do_not_change_bits(void **state) {
  (void)state;
  real *value = make_values(MANY_SHARDS), want[ELEMENTS];
  for (int shards = MANY_SHARDS - 7; shards <= MANY_SHARDS; shards++) {
    sum_tree(value, 0, shards, want);
    for (int workers = MANY_WORKERS - 3; workers <= MANY_WORKERS; workers++)
      assert_sum(value, shards, workers, want);
  }
}

/* Else equal bits would say nothing. */
static void order_matters_for_these_values(void **state) {
  (void)state;
  real *value = make_values(SHARDS_MAX);
  for (int shards = 4; shards <= SHARDS_MAX; shards++) {
    real tree[ELEMENTS], row[ELEMENTS] = {0};
    sum_tree(value, 0, shards, tree);
    for (int i = 0; i < shards * ELEMENTS; i++)
      row[i % ELEMENTS] += value[i];
    assert_int_not_equal(memcmp(tree, row, sizeof row), 0);
  }
}

/* Shards from 0 on: complete blocks are the ones of the binary number, and one is being computed.
 */
static void needed_buffers_from_the_start(void **state) {
  (void)state;
  assert_int_equal(lore_blocks_needed(0, 0), 0);
  assert_int_equal(lore_blocks_needed(7, 7), 0);
  for (int last = 1; last <= 2000; last++) {
    int most = 0;
    for (int done = 0; done < last; done++) {
      int held = 1 + __builtin_popcount((unsigned)done);
      most = held > most ? held : most;
    }
    assert_int_equal(lore_blocks_needed(0, last), most);
  }
}

/* push_range() fails if a worker holds more than is said, or never as many. */
static void needed_buffers_are_reached(void **state) {
  (void)state;
  real *value = make_values(SHARDS_MAX);
  for (int first = 0; first <= SHARDS_MAX; first++)
    for (int last = first; last <= SHARDS_MAX; last++) {
      lore_blocks blocks;
      int mark = numbers_count;
      push_range(value, first, last, &blocks);
      numbers_release(mark);
    }
}

/* Each block is the sum of its shards, and blocks stand in the order of their shards. */
static void blocks_cover_their_shards(void **state) {
  (void)state;
  real *value = make_values(SHARDS_MAX);
  for (int first = 0; first < SHARDS_MAX; first++)
    for (int last = first + 1; last <= SHARDS_MAX; last++) {
      lore_blocks blocks;
      int mark = numbers_count, next = first;
      push_range(value, first, last, &blocks);
      for (int b = 0; b < blocks.count; b++) {
        int size = 1 << blocks.block[b].level;
        real want[ELEMENTS];
        assert_int_equal(blocks.block[b].index * size, next);
        sum_tree(value, next, size, want);
        assert_same_bits("block", blocks.block[b].sum, want, sizeof want);
        next += size;
      }
      assert_int_equal(next, last);
      numbers_release(mark);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(workers_do_not_change_bits),     numbers_test(many_workers_do_not_change_bits),
      numbers_test(order_matters_for_these_values), numbers_test(needed_buffers_from_the_start),
      numbers_test(needed_buffers_are_reached),     numbers_test(blocks_cover_their_shards),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
