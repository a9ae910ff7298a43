/* The gradient sum within a rank. */
#include "sum.h"

#include <assert.h>

void lore_sum_share(int64_t shards, int part, int parts, int64_t *first, int64_t *last) {
  *first = shards * part / parts;
  *last = shards * (part + 1) / parts;
}

/* Plays a worker's step through with its buffers, noting what it will do. Returns how many
 * additions it lists. */
static int plan_worker(lore_sum *sum, lore_sum_worker *worker, lore_addition *addition) {
  int buffers = lore_blocks_needed(worker->first_shard, worker->last_shard), made = 0;
  real *is_free[LORE_BLOCKS_MAX];
  for (int b = 0; b < buffers; b++)
    is_free[b] = worker->buffer[b];
  worker->blocks.count = 0;
  for (int64_t s = worker->first_shard; s < worker->last_shard; s++) {
    lore_sum_shard *shard = &sum->shard[s - sum->first_shard];
    assert(buffers > 0);
    shard->gradient = is_free[--buffers];
    shard->addition = addition + made;
    shard->additions = lore_blocks_plan(&worker->blocks, s, shard->gradient, addition + made);
    for (int a = 0; a < shard->additions; a++)
      is_free[buffers++] = (real *)addition[made + a].from;
    made += shard->additions;
  }
  return made;
}

/* The first joint from `first` on that has the vector `operand`, or -1. */
static int joint_with(const lore_sum *sum, int first, const real *operand) {
  for (int j = first; j < sum->joints; j++)
    if (sum->joint[j].to == operand || sum->joint[j].from == operand)
      return j;
  return -1;
}

static void plan_joints(lore_sum *sum, int capacity, bool whole) {
  lore_blocks blocks[sum->workers];
  for (int w = 0; w < sum->workers; w++)
    blocks[w] = sum->worker[w].blocks;
  if (whole) {
    real *all;
    sum->joints = lore_blocks_merge(sum->workers, blocks, capacity, sum->joint, &all);
    sum->left = (lore_blocks){.count = 1, .block = {{.sum = all}}};
  } else {
    sum->joints = lore_blocks_join(sum->workers, blocks, capacity, sum->joint, &sum->left);
  }
  for (int w = 0; w < sum->workers; w++)
    for (int b = 0; b < blocks[w].count; b++)
      sum->worker[w].entry[b] = joint_with(sum, 0, blocks[w].block[b].sum);
  for (int j = 0; j < sum->joints; j++)
    sum->next[j] = joint_with(sum, j + 1, sum->joint[j].to);
}

void lore_sum_layout(lore_sum *sum, lore_arena *arena, int64_t first, int64_t last, int workers,
                     int parts, int64_t elements, int ranges, const int64_t *bound, bool whole) {
  size_t shards = (size_t)(last - first), most = shards; /* additions and joints are fewer */
  *sum = (lore_sum){.first_shard = first,
                    .last_shard = last,
                    .elements = elements,
                    .workers = workers,
                    .ranges = ranges,
                    .parts = parts};
  sum->worker = lore_arena_take(arena, (size_t)workers, sizeof *sum->worker);
  sum->shard = lore_arena_take(arena, shards, sizeof *sum->shard);
  sum->addition = lore_arena_take(arena, most, sizeof *sum->addition);
  sum->joint = lore_arena_take(arena, most, sizeof *sum->joint);
  sum->next = lore_arena_take(arena, most, sizeof *sum->next);
  sum->bound = lore_arena_take(arena, (size_t)ranges + 1, sizeof *sum->bound);
  sum->arrived =
      lore_arena_take(arena, (size_t)ranges * most * (size_t)parts, sizeof *sum->arrived);
  sum->finished = lore_arena_take(arena, (size_t)ranges, sizeof *sum->finished);
  int made = 0;
  for (int w = 0; w < workers; w++) {
    lore_sum_worker counting, *worker = sum->worker ? &sum->worker[w] : &counting;
    lore_sum_share(last - first, w, workers, &worker->first_shard, &worker->last_shard);
    worker->first_shard += first;
    worker->last_shard += first;
    int buffers = lore_blocks_needed(worker->first_shard, worker->last_shard);
    for (int b = 0; b < buffers; b++)
      worker->buffer[b] = lore_arena_take(arena, (size_t)elements, sizeof(real));
    if (sum->worker)
      made += plan_worker(sum, worker, sum->addition + made);
  }
  if (!sum->worker)
    return;
  for (int r = 0; r <= ranges; r++)
    sum->bound[r] = bound[r];
  plan_joints(sum, (int)most, whole);
}

void lore_sum_begin(lore_sum *sum) {
  for (int i = 0; i < sum->ranges * sum->joints * sum->parts; i++)
    atomic_init(&sum->arrived[i], 0);
  for (int r = 0; r < sum->ranges; r++)
    atomic_init(&sum->finished[r], 0);
}

/* Elements of a part of a range. */
typedef struct {
  int64_t from, to;
} sum_span;

static sum_span find_span(const lore_sum *sum, int range, int part) {
  enum { LINE = 16 /* elements that parts consist of */ };
  int64_t from = sum->bound[range + 1], to = sum->bound[range], lines = (to - from) / LINE;
  int64_t end = from + lines * (part + 1) / sum->parts * LINE;
  return (sum_span){from + lines * part / sum->parts * LINE, part + 1 < sum->parts ? end : to};
}

/* One operand of `joint` is complete; the thread that brings the second one adds them, and brings
 * the sum to the next joint. */
static void bring_operand(lore_sum *sum, int joint, int range, int part) {
  const sum_span span = find_span(sum, range, part);
  while (joint >= 0) {
    int at = (range * sum->joints + joint) * sum->parts + part;
    if (atomic_fetch_add(&sum->arrived[at], 1) == 0)
      return;
    lore_additions_make(1, &sum->joint[joint], span.from, span.to);
    joint = sum->next[joint];
  }
  atomic_fetch_add(&sum->finished[range], 1);
}

static void add_part(lore_sum *sum, int w, int64_t s, int range, int part) {
  const lore_sum_worker *worker = &sum->worker[w];
  const lore_sum_shard *shard = &sum->shard[s - sum->first_shard];
  const sum_span span = find_span(sum, range, part);
  lore_additions_make(shard->additions, shard->addition, span.from, span.to);
  if (s + 1 < worker->last_shard)
    return;
  for (int b = 0; b < worker->blocks.count; b++)
    bring_operand(sum, worker->entry[b], range, part);
}

void lore_sum_add(lore_sum *sum, int w, int64_t s, int range, int first, int last) {
  for (int part = first; part < last; part++)
    add_part(sum, w, s, range, part);
}

bool lore_sum_done(const lore_sum *sum, int range) {
  return atomic_load(&sum->finished[range]) == sum->left.count * sum->parts;
}
