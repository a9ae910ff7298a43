/* Messages of the gradient sum. */
#include "exchange.h"

#include <assert.h>
#include <string.h>

#include "lore/base/mpi.h"

enum { WAITING, SCATTERING, GATHERING, COMPLETE };

#ifdef LORE_DOUBLE
#define MPI_REAL_TYPE MPI_DOUBLE
#else
#define MPI_REAL_TYPE MPI_FLOAT
#endif

enum { GRAIN = 16 /* elements: pieces begin at cache lines */ };

/* The piece of `range` that `owner` sums: elements [*from, *from + result). */
static int64_t piece_of(const lore_exchange *e, int range, int owner, int64_t *from) {
  int64_t low = e->sum->bound[range + 1], high = e->sum->bound[range];
  int64_t grains = (high - low + GRAIN - 1) / GRAIN;
  *from = low + grains * owner / e->ranks * GRAIN;
  int64_t to = low + grains * (owner + 1) / e->ranks * GRAIN;
  return (to < high ? to : high) - *from;
}

/* The subtrees that shards [first, last) make up. */
static lore_blocks subtrees_of(int64_t first, int64_t last) {
  lore_addition ignored[LORE_BLOCKS_MAX];
  lore_blocks blocks = {0};
  for (int64_t shard = first; shard < last; shard++)
    lore_blocks_plan(&blocks, shard, NULL, ignored);
  return blocks;
}

void lore_exchange_layout(lore_exchange *e, lore_arena *arena, int rank, int ranks, int64_t shards,
                          lore_reduction reduction, const lore_sum *sum) {
  size_t ranges = (size_t)sum->ranges;
  *e = (lore_exchange){
      .comm = MPI_COMM_NULL, .rank = rank, .ranks = ranks, .reduction = reduction, .sum = sum};
  int others = 0, own = 0;
  e->blocks = lore_arena_take(arena, (size_t)ranks, sizeof *e->blocks);
  for (int q = 0; q < ranks; q++) {
    int64_t first, last;
    lore_sum_share(shards, q, ranks, &first, &last);
    lore_blocks blocks = subtrees_of(first, last);
    *(q == rank ? &own : &others) += blocks.count;
    if (e->blocks)
      e->blocks[q] = blocks;
  }
  bool staged = reduction == LORE_REDUCTION_REPRODUCIBLE && ranks > 1;
  e->request_capacity = staged ? (ranks - 1) * (own > 2 ? own : 2) + others : 1;
  e->staging_at = lore_arena_take(arena, ranges + 1, sizeof *e->staging_at);
  e->addition = lore_arena_take(arena, (size_t)(own + others), sizeof *e->addition);
  e->request = lore_arena_take(arena, ranges * (size_t)e->request_capacity, sizeof *e->request);
  e->requests = lore_arena_take(arena, ranges, sizeof *e->requests);
  e->stage = lore_arena_take(arena, ranges, sizeof *e->stage);
  int64_t at = 0;
  for (int r = 0; r < sum->ranges && staged; r++) {
    /* The bounds are known on a real arena only; counting, a piece is at most its share and a
     * grain. */
    int64_t from, count = e->staging_at ? piece_of(e, r, rank, &from) : 0;
    if (e->staging_at)
      e->staging_at[r] = at;
    at += others * count;
  }
  size_t most = staged ? (size_t)others * ((size_t)(sum->elements / ranks) + ranges * GRAIN) : 0;
  assert(at <= (int64_t)most);
  e->staging = lore_arena_take(arena, most, sizeof(real));
  e->gradient = e->staging_at ? sum->left.block[0].sum : NULL;
}

lore_status lore_exchange_open(lore_exchange *e, MPI_Comm comm) {
  return e->ranks > 1 ? LORE_MPI_DO(MPI_Comm_dup(comm, &e->comm)) : LORE_OK;
}

void lore_exchange_close(lore_exchange *e) {
  if (e->comm != MPI_COMM_NULL)
    (void)LORE_MPI_DO(MPI_Comm_free(&e->comm));
}

void lore_exchange_begin(lore_exchange *e) {
  e->begun = e->complete = 0;
  for (int r = 0; r < e->sum->ranges; r++)
    e->stage[r] = WAITING;
}

static MPI_Request *next_request(lore_exchange *e, int range) {
  assert(e->requests[range] < e->request_capacity);
  return &e->request[range * e->request_capacity + e->requests[range]++];
}

static lore_status send_piece(lore_exchange *e, int range, const real *from, int64_t count,
                              int to) {
  MPI_Request *request = next_request(e, range);
  return LORE_MPI_DO(MPI_Isend(from, (int)count, MPI_REAL_TYPE, to, range, e->comm, request));
}

static lore_status receive_piece(lore_exchange *e, int range, real *to, int64_t count, int from) {
  MPI_Request *request = next_request(e, range);
  return LORE_MPI_DO(MPI_Irecv(to, (int)count, MPI_REAL_TYPE, from, range, e->comm, request));
}

/* Sends this rank's blocks of every other owner's piece, and receives theirs of its own. */
static lore_status scatter_range(lore_exchange *e, int range) {
  const lore_blocks *own = &e->sum->left;
  int64_t at, from, count = piece_of(e, range, e->rank, &at);
  real *to = e->staging + e->staging_at[range];
  for (int q = 0; q < e->ranks; q++) {
    if (q == e->rank)
      continue;
    for (int b = 0; b < e->blocks[q].count; b++, to += count)
      LORE_TRY(receive_piece(e, range, to, count, q));
  }
  for (int q = 0; q < e->ranks; q++) {
    int64_t part = piece_of(e, range, q, &from);
    for (int b = 0; b < own->count && q != e->rank; b++)
      LORE_TRY(send_piece(e, range, own->block[b].sum + from, part, q));
  }
  return LORE_OK;
}

/* Adds all ranks' blocks of the own piece in the order of the tree. */
static void add_pieces(lore_exchange *e, int range) {
  int64_t at, count = piece_of(e, range, e->rank, &at);
  real *staged = e->staging + e->staging_at[range], *sum;
  for (int q = 0; q < e->ranks; q++)
    for (int b = 0; b < e->blocks[q].count; b++) {
      bool own = q == e->rank;
      e->blocks[q].block[b].sum = own ? e->sum->left.block[b].sum + at : staged;
      staged += own ? 0 : count;
    }
  int additions = lore_blocks_merge(e->ranks, e->blocks, INT32_MAX, e->addition, &sum);
  for (int a = 0; a < additions; a++)
    lore_add(count, e->addition[a].from, e->addition[a].to);
  if (sum != e->gradient + at)
    memcpy(e->gradient + at, sum, sizeof(real) * (size_t)count);
}

/* Sends the own piece's sum to all, and receives theirs over what has been sent away before. */
static lore_status gather_range(lore_exchange *e, int range) {
  int64_t at, from, count = piece_of(e, range, e->rank, &at);
  for (int q = 0; q < e->ranks; q++) {
    int64_t part = piece_of(e, range, q, &from);
    if (q != e->rank)
      LORE_TRY(receive_piece(e, range, e->gradient + from, part, q));
  }
  for (int q = 0; q < e->ranks; q++)
    if (q != e->rank)
      LORE_TRY(send_piece(e, range, e->gradient + at, count, q));
  return LORE_OK;
}

static lore_status allreduce_range(lore_exchange *e, int range) {
  int64_t from = e->sum->bound[range + 1], to = e->sum->bound[range];
  MPI_Request *request = next_request(e, range);
  return LORE_MPI_DO(MPI_Iallreduce(MPI_IN_PLACE, e->gradient + from, (int)(to - from),
                                    MPI_REAL_TYPE, MPI_SUM, e->comm, request));
}

/* Takes `range` one stage on. */
static lore_status advance_range(lore_exchange *e, int range) {
  e->requests[range] = 0;
  if (e->ranks > 1 && e->reduction == LORE_REDUCTION_MPI && e->stage[range] == WAITING) {
    LORE_TRY(allreduce_range(e, range));
    e->stage[range] = GATHERING;
  } else if (e->ranks > 1 && e->stage[range] == WAITING) {
    LORE_TRY(scatter_range(e, range));
    e->stage[range] = SCATTERING;
  } else if (e->stage[range] == SCATTERING) {
    add_pieces(e, range);
    LORE_TRY(gather_range(e, range));
    e->stage[range] = GATHERING;
  } else {
    e->stage[range] = COMPLETE;
    e->complete++;
  }
  return LORE_OK;
}

lore_status lore_exchange_poll(lore_exchange *e, bool *complete) {
  *complete = false;
  for (; e->begun < e->sum->ranges && lore_sum_done(e->sum, e->begun); e->begun++)
    LORE_TRY(advance_range(e, e->begun));
  for (int r = 0; r < e->begun; r++) {
    int done = 0;
    if (e->stage[r] == COMPLETE)
      continue;
    LORE_TRY_MPI(MPI_Testall(e->requests[r], e->request + r * e->request_capacity, &done,
                             MPI_STATUSES_IGNORE));
    if (done)
      LORE_TRY(advance_range(e, r));
  }
  *complete = e->complete == e->sum->ranges;
  return LORE_OK;
}

lore_status lore_exchange_add(lore_exchange *e, int count, double *values) {
  if (e->ranks == 1)
    return LORE_OK;
  return LORE_MPI_DO(MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, e->comm));
}
