/* Who works on which matrix, and how directions get there and back. */
#include "muon.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "lore/base/mpi.h"

#ifdef LORE_DOUBLE
#define MPI_REAL_TYPE MPI_DOUBLE
#else
#define MPI_REAL_TYPE MPI_FLOAT
#endif

bool lore_muon_takes(const lore_tensor *tensor) {
  return tensor->in_layer && tensor->row->kind == LORE_WEIGHT && lore_tensor_rank(tensor) == 2 &&
         tensor->row->side[0] != LORE_SIDE_LAG;
}

/* How many matrices lie in a tensor one below the other, and side by side. */
static void count_matrices(const lore_tensor *tensor, int *down, int *across) {
  lore_side side = tensor->row->side[1];
  *down = side == LORE_SIDE_BLOCK ? tensor->rows / tensor->columns : 1;
  *across = side == LORE_SIDE_QKV ? 3 : side == LORE_SIDE_BRANCHES ? 2 : 1;
}

double lore_muon_operations(const lore_tensor *tensor) {
  int down, across;
  count_matrices(tensor, &down, &across);
  return down * across *
         lore_newton_schulz_operations(tensor->rows / down, tensor->columns / across);
}

/* The `count`-th tensor that Muon takes. Those of one kind go to one rank after the other, layer by
 * layer, then those of the next: every rank gets its share of the kinds that are much work. */
static int worker_of(const lore_muon *u, const lore_tensor *tensor, int count) {
  int layers = u->model->config.layers, kind = count % (u->tensors / layers);
  return (kind * layers + tensor->layer) % u->ranks;
}

/* Elements of the tensor in `rank`'s piece of `range`; *from receives the first. */
static int64_t part_of(const lore_muon *u, const lore_tensor *tensor, int range, int rank,
                       int64_t *from) {
  int64_t to = lore_pieces_owned(u->pieces, range, rank, from);
  to += *from;
  int64_t end = tensor->offset + lore_tensor_size(tensor);
  *from = *from > tensor->offset ? *from : tensor->offset;
  to = to < end ? to : end;
  return to > *from ? to - *from : 0;
}

/* Sizes of what this rank works on. */
typedef struct {
  int matrices, smaller, larger;
  int64_t elements;
} muon_work;

static muon_work measure_work(const lore_muon *u) {
  muon_work w = {0};
  int count = 0;
  for (int i = 0; i < u->model->tensors; i++) {
    const lore_tensor *tensor = &u->model->tensor[i];
    int down, across;
    if (!lore_muon_takes(tensor))
      continue;
    bool mine = worker_of(u, tensor, count++) == u->rank;
    count_matrices(tensor, &down, &across);
    int rows = tensor->rows / down, columns = tensor->columns / across;
    int smaller = rows < columns ? rows : columns, larger = rows < columns ? columns : rows;
    w.smaller = mine && smaller > w.smaller ? smaller : w.smaller;
    w.larger = mine && larger > w.larger ? larger : w.larger;
    w.matrices += mine ? down * across : 0;
    w.elements += mine ? lore_tensor_size(tensor) : 0;
  }
  return w;
}

static void list_matrices(lore_muon *u, const lore_tensor *tensor, int64_t whole) {
  int down, across;
  count_matrices(tensor, &down, &across);
  int rows = tensor->rows / down, columns = tensor->columns / across;
  for (int i = 0; i < down; i++)
    for (int j = 0; j < across; j++)
      u->matrix[u->matrices++] =
          (lore_muon_matrix){.from = whole + (int64_t)i * rows * tensor->columns + j * columns,
                             .rows = rows,
                             .columns = columns,
                             .stride = tensor->columns};
}

static void list_tensors(lore_muon *u) {
  int count = 0;
  int64_t whole = 0;
  u->matrices = 0;
  for (int i = 0; i < u->model->tensors; i++) {
    const lore_tensor *tensor = &u->model->tensor[i];
    u->number[i] = lore_muon_takes(tensor) ? count : -1;
    if (u->number[i] < 0)
      continue;
    int worker = worker_of(u, tensor, count);
    u->tensor[count++] = (lore_muon_tensor){i, worker, whole};
    if (worker != u->rank)
      continue;
    list_matrices(u, tensor, whole);
    whole += lore_tensor_size(tensor);
  }
}

/* What goes to and comes from each rank, in the order of tensors and their elements. */
static void plan_messages(lore_muon *u) {
  int64_t out = 0, in = 0, from;
  for (int q = 0; q < u->ranks; q++) {
    int64_t out_before = out, in_before = in;
    for (int k = 0; k < u->tensors; k++)
      for (int r = u->pieces->ranges - 1; r >= 0; r--) {
        const lore_tensor *tensor = &u->model->tensor[u->tensor[k].tensor];
        if (u->tensor[k].worker == q) {
          u->piece_at[k * u->pieces->ranges + r] = out;
          out += part_of(u, tensor, r, u->pieces->rank, &from);
        }
        if (u->tensor[k].worker == u->rank)
          in += part_of(u, tensor, r, u->ranks > 1 ? q : u->pieces->rank, &from);
      }
    assert(u->ranks == 1 || (in <= INT_MAX && out <= INT_MAX)); /* what MPI can count */
    u->sent[q] = (int)(out - out_before);
    u->sent_at[q] = (int)out_before;
    u->received[q] = (int)(in - in_before);
    u->received_at[q] = (int)in_before;
  }
}

/* Elements of this rank's pieces that Muon takes. */
static int64_t count_own(const lore_muon *u) {
  int64_t count = 0, from;
  for (int i = 0; i < u->model->tensors; i++)
    for (int r = 0; lore_muon_takes(&u->model->tensor[i]) && r < u->pieces->ranges; r++)
      count += part_of(u, &u->model->tensor[i], r, u->pieces->rank, &from);
  return count;
}

void lore_muon_layout(lore_muon *u, lore_arena *arena, const lore_model *model,
                      const lore_pieces *pieces, int threads) {
  *u = (lore_muon){.model = model, .pieces = pieces, .comm = MPI_COMM_NULL, .ranks = 1};
  if (!pieces->whole) {
    u->rank = pieces->rank;
    u->ranks = pieces->ranks;
  }
  for (int i = 0; i < model->tensors; i++)
    u->tensors += lore_muon_takes(&model->tensor[i]);
  muon_work work = measure_work(u);
  u->number = lore_arena_take(arena, (size_t)model->tensors, sizeof *u->number);
  u->tensor = lore_arena_take(arena, (size_t)u->tensors, sizeof *u->tensor);
  u->matrix = lore_arena_take(arena, (size_t)work.matrices, sizeof *u->matrix);
  u->piece_at =
      lore_arena_take(arena, (size_t)u->tensors * (size_t)pieces->ranges, sizeof *u->piece_at);
  u->sent = lore_arena_take(arena, 4 * (size_t)u->ranks, sizeof *u->sent);
  u->pieces_sent = lore_arena_take(arena, (size_t)count_own(u), sizeof(real));
  u->pieces_received = u->whole = u->pieces_sent;
  if (u->ranks > 1) {
    u->pieces_received = lore_arena_take(arena, (size_t)work.elements, sizeof(real));
    u->whole = lore_arena_take(arena, (size_t)work.elements, sizeof(real));
  }
  u->room = lore_arena_take(arena, (size_t)threads, sizeof *u->room);
  for (int t = 0; t < threads; t++) {
    lore_newton_schulz_room room = lore_newton_schulz_layout(arena, work.smaller, work.larger);
    if (u->room)
      u->room[t] = room;
  }
  if (!u->sent)
    return;
  u->sent_at = u->sent + u->ranks;
  u->received = u->sent_at + u->ranks;
  u->received_at = u->received + u->ranks;
  list_tensors(u);
  plan_messages(u);
}

real *lore_muon_place(const lore_muon *u, int tensor, int range, int64_t element) {
  int64_t from;
  int k = u->number[tensor];
  part_of(u, &u->model->tensor[tensor], range, u->pieces->rank, &from);
  return u->pieces_sent + u->piece_at[k * u->pieces->ranges + range] + (element - from);
}

/* Between pieces in the order of messages and whole tensors. */
static void sort_pieces(lore_muon *u, bool into_whole) {
  real *piece = u->pieces_received;
  int64_t from;
  for (int q = 0; q < u->ranks; q++)
    for (int k = 0; k < u->tensors; k++)
      for (int r = u->pieces->ranges - 1; u->tensor[k].worker == u->rank && r >= 0; r--) {
        const lore_tensor *tensor = &u->model->tensor[u->tensor[k].tensor];
        size_t bytes = sizeof(real) * (size_t)part_of(u, tensor, r, q, &from);
        real *whole = u->whole + u->tensor[k].whole + (from - tensor->offset);
        memcpy(into_whole ? whole : piece, into_whole ? piece : whole, bytes);
        piece += bytes / sizeof(real);
      }
}

lore_status lore_muon_gather(lore_muon *u) {
  atomic_store(&u->next, 0);
  if (u->ranks == 1)
    return LORE_OK;
  LORE_TRY_MPI(MPI_Alltoallv(u->pieces_sent, u->sent, u->sent_at, MPI_REAL_TYPE, u->pieces_received,
                             u->received, u->received_at, MPI_REAL_TYPE, u->comm));
  sort_pieces(u, true);
  return LORE_OK;
}

static void orthogonalise(lore_muon *u, const lore_muon_matrix *m, int thread) {
  double scale = m->columns > m->rows ? sqrt((double)m->columns / m->rows) : 1;
  lore_newton_schulz(u->model->config.precision, m->rows, m->columns, m->stride, scale,
                     u->whole + m->from, &u->room[thread]);
}

/* An OpenMP loop with dynamic shares would allocate. */
void lore_muon_work(lore_muon *u, int thread) {
  for (int m = atomic_fetch_add(&u->next, 1); m < u->matrices; m = atomic_fetch_add(&u->next, 1))
    orthogonalise(u, &u->matrix[m], thread);
}

lore_status lore_muon_scatter(lore_muon *u) {
  if (u->ranks == 1)
    return LORE_OK;
  sort_pieces(u, false);
  return LORE_MPI_DO(MPI_Alltoallv(u->pieces_received, u->received, u->received_at, MPI_REAL_TYPE,
                                   u->pieces_sent, u->sent, u->sent_at, MPI_REAL_TYPE, u->comm));
}
