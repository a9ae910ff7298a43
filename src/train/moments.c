/* Parts of moments between rank 0 and those that own them. */
#include "moments.h"

#include <string.h>

#include "lore/base/mpi.h"

enum { FETCH, STORE, DISMISS };

#ifdef LORE_DOUBLE
#define MPI_REAL_TYPE MPI_DOUBLE
#else
#define MPI_REAL_TYPE MPI_FLOAT
#endif

/* What rank 0 tells the others: elements [from, from + count) of a moment. */
typedef struct {
  int64_t action, moment, from, count;
} order;

void lore_moments_layout(lore_moments *m, lore_arena *arena, const lore_pieces *pieces) {
  *m = (lore_moments){.pieces = pieces, .comm = MPI_COMM_NULL};
  for (int i = 0; i < LORE_MOMENTS; i++) {
    m->vector[i] = lore_arena_take(arena, (size_t)pieces->own_elements, sizeof(real));
    m->choice[i] = (lore_moment_choice){m, i};
  }
  if (!pieces->whole)
    m->part = lore_arena_take(arena, LORE_PART_MOST, sizeof(real));
}

void lore_moments_reset(lore_moments *m) {
  for (int i = 0; i < LORE_MOMENTS; i++)
    memset(m->vector[i], 0, sizeof(real) * (size_t)m->pieces->own_elements);
}

/* What of `rank`'s piece of `range` lies in the part: its number and its first element. */
static int64_t intersect(const lore_moments *m, const order *o, int range, int rank,
                         int64_t *from) {
  int64_t to = lore_pieces_owned(m->pieces, range, rank, from), end = o->from + o->count;
  to += *from;
  *from = *from > o->from ? *from : o->from;
  to = to < end ? to : end;
  return to > *from ? to - *from : 0;
}

static real *own_elements(const lore_moments *m, const order *o, int range, int64_t from) {
  return m->vector[o->moment] + m->pieces->own_at[range] + (from - m->pieces->own_from[range]);
}

static lore_status give_order(const lore_moments *m, order *o) {
  return LORE_MPI_DO(MPI_Bcast(o, sizeof *o, MPI_BYTE, 0, m->comm));
}

static lore_status fetch_part(void *context, int64_t from, int64_t count, real *to) {
  const lore_moment_choice *choice = context;
  const lore_moments *m = choice->moments;
  order o = {FETCH, choice->moment, from, count};
  LORE_TRY(give_order(m, &o));
  for (int q = 0; q < m->pieces->ranks; q++)
    for (int r = 0; r < m->pieces->ranges; r++) {
      int64_t at, length = intersect(m, &o, r, q, &at);
      if (length > 0 && q == m->pieces->rank)
        memcpy(to + (at - from), own_elements(m, &o, r, at), sizeof(real) * (size_t)length);
      else if (length > 0)
        LORE_TRY_MPI(MPI_Recv(to + (at - from), (int)length, MPI_REAL_TYPE, q, r, m->comm,
                              MPI_STATUS_IGNORE));
    }
  return LORE_OK;
}

static lore_status send_part(const lore_moments *m, const order *o) {
  for (int r = 0; r < m->pieces->ranges; r++) {
    int64_t at, length = intersect(m, o, r, m->pieces->rank, &at);
    if (length > 0)
      LORE_TRY_MPI(MPI_Send(own_elements(m, o, r, at), (int)length, MPI_REAL_TYPE, 0, r, m->comm));
  }
  return LORE_OK;
}

static void keep_part(const lore_moments *m, const order *o, const real *values) {
  for (int r = 0; r < m->pieces->ranges; r++) {
    int64_t at, length = intersect(m, o, r, m->pieces->rank, &at);
    if (length > 0)
      memcpy(own_elements(m, o, r, at), values + (at - o->from), sizeof(real) * (size_t)length);
  }
}

static lore_status receive_part(const lore_moments *m, const order *o) {
  LORE_TRY_MPI(MPI_Bcast(m->part, (int)o->count, MPI_REAL_TYPE, 0, m->comm));
  keep_part(m, o, m->part);
  return LORE_OK;
}

static lore_status store_part(void *context, int64_t from, int64_t count, const real *values) {
  const lore_moment_choice *choice = context;
  const lore_moments *m = choice->moments;
  for (int64_t done = 0; done < count; done += LORE_PART_MOST) {
    int64_t left = count - done, length = left < LORE_PART_MOST ? left : LORE_PART_MOST;
    order o = {STORE, choice->moment, from + done, length};
    LORE_TRY(give_order(m, &o));
    memcpy(m->part, values + done, sizeof(real) * (size_t)length);
    LORE_TRY(receive_part(m, &o));
  }
  return LORE_OK;
}

lore_elements lore_moments_elements(lore_moments *m, int moment) {
  if (m->pieces->whole)
    return (lore_elements){.memory = m->vector[moment]};
  return (lore_elements){.fetch = fetch_part, .store = store_part, .context = &m->choice[moment]};
}

lore_status lore_moments_serve(lore_moments *m) {
  order o = {.action = m->pieces->whole ? DISMISS : FETCH};
  while (o.action != DISMISS) {
    LORE_TRY(give_order(m, &o));
    if (o.action == FETCH)
      LORE_TRY(send_part(m, &o));
    else if (o.action == STORE)
      LORE_TRY(receive_part(m, &o));
  }
  return LORE_OK;
}

lore_status lore_moments_dismiss(lore_moments *m) {
  order o = {.action = DISMISS};
  return m->pieces->whole ? LORE_OK : give_order(m, &o);
}
