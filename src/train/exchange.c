/* Messages of sums over ranks: their plan, and how each range follows it. */
#include "exchange.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "lore/base/mpi.h"

/* ADD: sums are sent and received, and added. HAND: a finished sum. COPY: pieces of a vector.
 * REDUCE: MPI adds. */
enum { ADD, HAND, COPY, REDUCE };

#ifdef LORE_DOUBLE
#define MPI_REAL_TYPE MPI_DOUBLE
#else
#define MPI_REAL_TYPE MPI_FLOAT
#endif

static const lore_seats none;

static lore_exchange_move *next_move(lore_exchange *e, int kind, int partner, lore_seats sent,
                                     lore_seats received) {
  assert(e->moves < LORE_MOVES_MAX);
  lore_exchange_move *move = &e->move[e->moves++];
  *move =
      (lore_exchange_move){.kind = kind, .partner = partner, .sent = sent, .received = received};
  return move;
}

/* Shards of all ranks of the 2^halvings neighbours among which `party` is. */
static void note_shards(const lore_pieces *p, int64_t shards, int party, int halvings,
                        lore_exchange_move *move) {
  int first = party >> halvings << halvings, after = first + (1 << halvings);
  int end = after == 1 << p->levels ? p->ranks : lore_pieces_leader(p, after);
  int64_t ignored;
  lore_sum_share(shards, lore_pieces_leader(p, first), p->ranks, &move->first, &ignored);
  lore_sum_share(shards, end - 1, p->ranks, &ignored, &move->last);
}

/* Of the second rank of a pair, whose first is its leader. */
static void plan_follower(lore_exchange *e, int leader, lore_seats all, lore_seats own) {
  next_move(e, ADD, leader, all, none)->kept = own;
  next_move(e, HAND, leader, none, own)->kept = own;
  e->summing = e->moves;
  next_move(e, COPY, leader, own, none);
  next_move(e, COPY, leader, none, all);
}

/* Of the leader of a party, or a rank that is one by itself; `follower` is -1 then. */
static void plan_leader(lore_exchange *e, int64_t shards, int party, int follower, lore_seats all,
                        lore_seats own) {
  const lore_pieces *p = e->pieces;
  lore_seats second = {own.last, own.last + 1};
  if (follower >= 0) {
    lore_exchange_move *move = next_move(e, ADD, follower, none, all);
    move->kept = all;
    lore_sum_share(shards, follower, p->ranks, &move->first, &move->last);
  }
  for (int k = 0; k < p->levels; k++) {
    int other = party ^ 1 << k;
    lore_seats kept = lore_pieces_held(p, party, k + 1);
    lore_exchange_move *move =
        next_move(e, ADD, lore_pieces_leader(p, other), lore_pieces_held(p, other, k + 1), kept);
    move->kept = kept;
    move->merges = k + 1 == p->levels;
    note_shards(p, shards, other, k, move);
  }
  if (follower >= 0)
    next_move(e, HAND, follower, second, none)->kept = own;
  e->summing = e->moves;
  if (follower >= 0)
    next_move(e, COPY, follower, none, second);
  for (int k = p->levels - 1; k >= 0; k--) {
    int other = party ^ 1 << k;
    next_move(e, COPY, lore_pieces_leader(p, other), lore_pieces_held(p, party, k + 1),
              lore_pieces_held(p, other, k + 1));
  }
  if (follower >= 0)
    next_move(e, COPY, follower, all, none);
}

static void plan_moves(lore_exchange *e, int64_t shards, lore_reduction reduction) {
  const lore_pieces *p = e->pieces;
  lore_seats all = {0, p->ranks}, own = lore_pieces_seat(p, p->rank);
  int party = lore_pieces_party(p, p->rank), leader = lore_pieces_leader(p, party);
  bool paired = leader + 1 < p->ranks && lore_pieces_follows(p, leader + 1);
  if (p->ranks == 1)
    return;
  if (reduction == LORE_REDUCTION_MPI) {
    next_move(e, REDUCE, -1, none, all)->kept = all;
    e->summing = e->moves;
  } else if (leader != p->rank) {
    plan_follower(e, leader, all, own);
  } else {
    plan_leader(e, shards, party, paired ? p->rank + 1 : -1, all, own);
  }
}

/* Places what is received behind what is still needed of the staging. */
static int64_t place_arrival(lore_exchange_range *s, int64_t elements) {
  bool needed = false;
  for (int b = 0; b < s->held.count; b++)
    needed |= s->held.block[b].lent;
  int64_t at = needed ? s->staged : 0;
  s->staged = at + elements;
  return at;
}

/* The partner's sums, one after the other in what has arrived. */
static lore_blocks arrived_blocks(const lore_exchange_move *m, real *arrived, int64_t count) {
  lore_blocks blocks = lore_blocks_of(m->first, m->last);
  for (int b = 0; b < blocks.count; b++) {
    blocks.block[b].lent = true;
    blocks.block[b].sum = arrived ? arrived + b * count : NULL;
  }
  return blocks;
}

/* What is held after an ADD: lists the additions and returns their number. */
static int join_blocks(const lore_exchange *e, lore_exchange_range *s, const lore_exchange_move *m,
                       lore_blocks theirs, lore_addition addition[2 * LORE_BLOCKS_MAX]) {
  lore_blocks both[2] = {s->held, theirs};
  if (m->partner < e->rank) {
    both[0] = theirs;
    both[1] = s->held;
  }
  if (!m->merges)
    return lore_blocks_join(2, both, 2 * LORE_BLOCKS_MAX, addition, &s->held);
  real *sum;
  int additions = lore_blocks_merge(2, both, 2 * LORE_BLOCKS_MAX, addition, &sum);
  s->held = (lore_blocks){.count = 1, .block = {{.sum = sum}}};
  return additions;
}

/* Elements of staging that `range` needs at once. */
static int64_t staging_needed(const lore_exchange *e, int range, const lore_blocks *own) {
  lore_exchange_range s = {.held = *own};
  int64_t most = 0, from;
  for (int i = 0; i < e->summing; i++) {
    const lore_exchange_move *m = &e->move[i];
    lore_addition ignored[2 * LORE_BLOCKS_MAX];
    if (m->kind != ADD)
      continue;
    int64_t count = lore_pieces_span(e->pieces, range, m->received, &from);
    lore_blocks theirs = arrived_blocks(m, NULL, count);
    place_arrival(&s, theirs.count * count);
    most = s.staged > most ? s.staged : most;
    if (theirs.count > 0)
      join_blocks(e, &s, m, theirs, ignored);
  }
  return most;
}

void lore_exchange_layout(lore_exchange *e, lore_arena *arena, int64_t shards,
                          lore_reduction reduction, const lore_pieces *pieces,
                          const lore_sum *sum) {
  size_t ranges = (size_t)pieces->ranges;
  int64_t staging = 0;
  *e = (lore_exchange){.comm = MPI_COMM_NULL,
                       .rank = pieces->rank,
                       .ranks = pieces->ranks,
                       .pieces = pieces,
                       .sum = sum};
  plan_moves(e, shards, reduction);
  e->range = lore_arena_take(arena, ranges, sizeof *e->range);
  e->type = lore_arena_take(arena, ranges * (size_t)e->moves, sizeof *e->type);
  e->staging_at = lore_arena_take(arena, ranges, sizeof *e->staging_at);
  lore_blocks own = lore_blocks_of(sum->first_shard, sum->last_shard);
  for (int r = 0; r < pieces->ranges; r++) {
    if (e->staging_at)
      e->staging_at[r] = staging;
    staging += staging_needed(e, r, &own);
  }
  e->staging = lore_arena_take(arena, (size_t)staging, sizeof(real));
}

lore_status lore_exchange_open(lore_exchange *e, MPI_Comm comm) {
  for (int i = 0; i < e->pieces->ranges * e->moves; i++)
    e->type[i] = MPI_DATATYPE_NULL;
  return e->ranks > 1 ? LORE_MPI_DO(MPI_Comm_dup(comm, &e->comm)) : LORE_OK;
}

void lore_exchange_close(lore_exchange *e) {
  if (e->comm == MPI_COMM_NULL)
    return;
  for (int i = 0; i < e->pieces->ranges * e->moves; i++)
    if (e->type[i] != MPI_DATATYPE_NULL)
      (void)LORE_MPI_DO(MPI_Type_free(&e->type[i]));
  (void)LORE_MPI_DO(MPI_Comm_free(&e->comm));
}

void lore_exchange_begin(lore_exchange *e) {
  e->begun = e->complete = 0;
  e->copying = false;
  for (int r = 0; r < e->pieces->ranges; r++) {
    lore_exchange_range *s = &e->range[r];
    s->move = 0;
    s->from = e->pieces->bound[r + 1];
    s->staged = 0;
    s->held = e->sum->left;
    for (int b = 0; b < s->held.count; b++)
      s->held.block[b].sum += s->from;
  }
}

/* Several sums as one message. The addresses are the same in every step, so types are kept. */
static lore_status make_type(const lore_blocks *blocks, int64_t offset, int64_t count,
                             MPI_Datatype *type) {
  MPI_Aint at[LORE_BLOCKS_MAX];
  if (*type != MPI_DATATYPE_NULL)
    return LORE_OK;
  for (int b = 0; b < blocks->count; b++)
    LORE_TRY_MPI(MPI_Get_address(blocks->block[b].sum + offset, &at[b]));
  LORE_TRY_MPI(MPI_Type_create_hindexed_block(blocks->count, (int)count, at, MPI_REAL_TYPE, type));
  return LORE_MPI_DO(MPI_Type_commit(type));
}

static lore_status send_part(lore_exchange *e, int range, const lore_exchange_move *m) {
  lore_exchange_range *s = &e->range[range];
  int64_t from, count = lore_pieces_span(e->pieces, range, m->sent, &from);
  MPI_Datatype *type = &e->type[range * e->moves + s->move];
  if (count == 0)
    return LORE_OK;
  assert(count <= INT_MAX);
  MPI_Request *request = &s->request[s->requests++];
  if (m->kind != COPY && s->held.count > 1) {
    LORE_TRY(make_type(&s->held, from - s->from, count, type));
    return LORE_MPI_DO(MPI_Isend(MPI_BOTTOM, 1, *type, m->partner, range, e->comm, request));
  }
  const real *at = m->kind == COPY ? e->copied + from : s->held.block[0].sum + (from - s->from);
  return LORE_MPI_DO(MPI_Isend(at, (int)count, MPI_REAL_TYPE, m->partner, range, e->comm, request));
}

static lore_status receive_part(lore_exchange *e, int range, const lore_exchange_move *m) {
  lore_exchange_range *s = &e->range[range];
  int64_t from, count = lore_pieces_span(e->pieces, range, m->received, &from);
  if (m->kind == ADD) {
    int64_t all = count * lore_blocks_of(m->first, m->last).count;
    s->arrived = e->staging + e->staging_at[range] + place_arrival(s, all);
    count = all;
  } else {
    s->arrived = m->kind == COPY ? e->copied + from : s->held.block[0].sum;
  }
  if (count == 0)
    return LORE_OK;
  assert(count <= INT_MAX);
  MPI_Request *request = &s->request[s->requests++];
  if (m->kind == REDUCE)
    return LORE_MPI_DO(MPI_Iallreduce(MPI_IN_PLACE, s->arrived, (int)count, MPI_REAL_TYPE, MPI_SUM,
                                      e->comm, request));
  return LORE_MPI_DO(
      MPI_Irecv(s->arrived, (int)count, MPI_REAL_TYPE, m->partner, range, e->comm, request));
}

static lore_status begin_move(lore_exchange *e, int range) {
  const lore_exchange_move *m = &e->move[e->range[range].move];
  e->range[range].requests = 0;
  LORE_TRY(receive_part(e, range, m));
  return send_part(e, range, m);
}

/* Keeps a part of what is held, and adds what has arrived of it. */
static void end_sum(lore_exchange *e, int range, const lore_exchange_move *m) {
  lore_exchange_range *s = &e->range[range];
  lore_addition addition[2 * LORE_BLOCKS_MAX];
  int64_t from, count = lore_pieces_span(e->pieces, range, m->kept, &from);
  for (int b = 0; b < s->held.count; b++)
    s->held.block[b].sum += from - s->from;
  s->from = from;
  if (m->kind != ADD)
    s->held.count = 1;
  if (m->first == m->last)
    return;
  lore_blocks theirs = arrived_blocks(m, s->arrived, count);
  lore_additions_make(join_blocks(e, s, m, theirs, addition), addition, 0, count);
}

/* Takes `range` as far as it can go without waiting. */
static lore_status advance_range(lore_exchange *e, int range) {
  lore_exchange_range *s = &e->range[range];
  int end = e->copying ? e->moves : e->summing, done = 0;
  while (s->move < end) {
    LORE_TRY_MPI(MPI_Testall(s->requests, s->request, &done, MPI_STATUSES_IGNORE));
    if (!done)
      return LORE_OK;
    if (!e->copying)
      end_sum(e, range, &e->move[s->move]);
    if (++s->move < end)
      LORE_TRY(begin_move(e, range));
  }
  e->complete++;
  return LORE_OK;
}

/* `range` is ready for its next moves. */
static lore_status begin_range(lore_exchange *e, int range) {
  if (e->range[range].move < (e->copying ? e->moves : e->summing))
    LORE_TRY(begin_move(e, range));
  else
    e->complete++;
  return LORE_OK;
}

static lore_status poll_ranges(lore_exchange *e, bool *complete) {
  int end = e->copying ? e->moves : e->summing, ranges = e->pieces->ranges;
  *complete = false;
  for (; e->begun < ranges && lore_sum_done(e->sum, e->pieces->last[e->begun]); e->begun++)
    LORE_TRY(begin_range(e, e->begun));
  for (int r = e->begun - 1; r >= 0; r--)
    if (e->range[r].move < end)
      LORE_TRY(advance_range(e, r));
  int missing = e->copying ? ranges : 0;
  while (missing > 0 && e->range[missing - 1].move == end)
    missing--;
  atomic_store(&e->missing, missing);
  *complete = e->complete == ranges;
  return LORE_OK;
}

lore_status lore_exchange_poll(lore_exchange *e, bool *complete) {
  lore_status status = poll_ranges(e, complete);
  if (status != LORE_OK)
    atomic_store(&e->missing, 0); /* nobody waits for what never comes */
  return status;
}

const real *lore_exchange_sum(const lore_exchange *e, int range) {
  return e->range[range].held.block[0].sum;
}

lore_status lore_exchange_copy(lore_exchange *e, real *vector) {
  assert(e->complete == e->pieces->ranges);
  e->copied = vector;
  e->copying = true;
  e->complete = 0;
  atomic_store(&e->missing, e->pieces->ranges);
  for (int r = e->pieces->ranges - 1; r >= 0; r--)
    LORE_TRY(begin_range(e, r));
  bool complete;
  return lore_exchange_poll(e, &complete);
}

bool lore_exchange_has(const lore_exchange *e, int range) {
  return atomic_load(&e->missing) <= range;
}

lore_status lore_exchange_add(lore_exchange *e, int count, double *values) {
  if (e->ranks == 1)
    return LORE_OK;
  return LORE_MPI_DO(MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, e->comm));
}
