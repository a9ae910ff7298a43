/* The table of runs and who takes which. */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

#include "lore/io/path.h"
#include "lore/io/state.h"

/* The work of a run and of the longest chain of runs that begin from it. */
static double *chain_operations(const lore_manifest *m) {
  double *chain = calloc((size_t)m->runs + 1, sizeof *chain);
  if (!chain)
    return NULL;
  for (int r = m->runs - 1; r >= 0; r--) { /* children come after their parents */
    int parent = m->run[r].parent;
    chain[r] += m->run[r].operations;
    if (parent >= 0 && chain[r] > chain[parent])
      chain[parent] = chain[r];
  }
  return chain;
}

typedef struct {
  int run, part;
  double work;
} lore_rank_entry;

static int longest_first(const void *a, const void *b) {
  const lore_rank_entry *x = a, *y = b;
  if (x->part != y->part)
    return x->part - y->part;
  if (x->work != y->work)
    return x->work < y->work ? 1 : -1;
  return x->run - y->run;
}

/* Longest first; with chunks, this job's part of that order before the rest. */
static lore_status make_order(lore_queue *queue, int chunk, int chunks) {
  const lore_manifest *m = queue->manifest;
  double *chain = chain_operations(m);
  lore_rank_entry *entry = calloc((size_t)m->runs + 1, sizeof *entry);
  if (!chain || !entry) {
    free(chain);
    free(entry);
    return lore_fail(LORE_MEMORY, "no memory for a queue of %d runs", m->runs);
  }
  for (int r = 0; r < m->runs; r++)
    entry[r] = (lore_rank_entry){.run = r, .work = chain[r]};
  qsort(entry, (size_t)m->runs, sizeof *entry, longest_first);
  for (int i = 0; i < m->runs; i++)
    entry[i].part = (i + chunks - chunk) % chunks;
  qsort(entry, (size_t)m->runs, sizeof *entry, longest_first);
  for (int i = 0; i < m->runs; i++)
    queue->order[i] = entry[i].run;
  free(chain);
  free(entry);
  return LORE_OK;
}

lore_status lore_queue_create(MPI_Comm world, const lore_manifest *manifest, const char *directory,
                              int wave, int chunk, int chunks, lore_queue *queue) {
  int rank, *table;
  size_t runs = (size_t)manifest->runs;
  *queue = (lore_queue){.manifest = manifest, .directory = directory, .window = MPI_WIN_NULL};
  MPI_Comm_rank(world, &rank);
  queue->order = calloc(runs + 1, sizeof *queue->order);
  queue->seen = calloc(runs + 1, sizeof *queue->seen);
  lore_status status = queue->order && queue->seen
                           ? make_order(queue, chunk, chunks)
                           : lore_fail(LORE_MEMORY, "no memory for a queue of %zu runs", runs);
  LORE_TRY(lore_team_agree(lore_team_of(world), status));
  MPI_Win_allocate(rank == 0 ? (MPI_Aint)((runs + 1) * sizeof *table) : 0, sizeof *table,
                   MPI_INFO_NULL, world, &table, &queue->window);
  if (rank == 0)
    for (size_t r = 0; r <= runs; r++)
      table[r] = r < runs && wave >= 0 && manifest->run[r].wave != wave ? LORE_QUEUE_OUTSIDE
                                                                        : LORE_QUEUE_WAITING;
  MPI_Barrier(world);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, queue->window);
  return LORE_OK;
}

void lore_queue_destroy(lore_queue *queue) {
  if (queue->window != MPI_WIN_NULL) {
    MPI_Win_unlock_all(queue->window);
    MPI_Win_free(&queue->window);
  }
  free(queue->order);
  free(queue->seen);
  queue->order = queue->seen = NULL;
}

/* table[at] = to if it is `from`; returns what it was. */
static int swap(lore_queue *queue, int at, int from, int to) {
  int was;
  MPI_Compare_and_swap(&to, &from, &was, MPI_INT, 0, at, queue->window);
  MPI_Win_flush(0, queue->window);
  return was;
}

void lore_queue_set(lore_queue *queue, int run, lore_queue_state state) {
  int value = (int)state, was;
  MPI_Fetch_and_op(&value, &was, MPI_INT, 0, run, MPI_REPLACE, queue->window);
  MPI_Win_flush(0, queue->window);
}

static void read_table(lore_queue *queue) {
  int count = queue->manifest->runs + 1;
  MPI_Get_accumulate(NULL, 0, MPI_INT, queue->seen, count, MPI_INT, 0, 0, count, MPI_INT, MPI_NO_OP,
                     queue->window);
  MPI_Win_flush(0, queue->window);
}

/* What a run that is not this job's, or was another's, has become, from its files. */
static lore_queue_state look_outside(const lore_queue *queue, int run) {
  char directory[LORE_PATH_MAX];
  lore_state state;
  if (lore_directory_of_run(queue->directory, queue->manifest->run[run].id, directory) ||
      lore_state_read(directory, &state))
    return LORE_QUEUE_FAILED;
  if (state.stage == LORE_RUN_DONE)
    return LORE_QUEUE_DONE;
  if (lore_state_locked(directory))
    return LORE_QUEUE_ELSEWHERE;
  return state.stage == LORE_RUN_DIVERGED || state.stage == LORE_RUN_FAILED ? LORE_QUEUE_FAILED
                                                                            : LORE_QUEUE_STOPPED;
}

/* The state of the parent of `run`, as far as it decides whether the run can begin. */
static lore_queue_state parent_state(lore_queue *queue, int run) {
  int parent = queue->manifest->run[run].parent;
  if (parent < 0)
    return LORE_QUEUE_DONE;
  lore_queue_state state = (lore_queue_state)queue->seen[parent];
  if (state == LORE_QUEUE_OUTSIDE || state == LORE_QUEUE_ELSEWHERE)
    state = look_outside(queue, parent);
  return state;
}

/* Whether `run` can be taken now; sets *later if others may have to end first. */
static bool is_ready(lore_queue *queue, int run, bool *later) {
  switch (parent_state(queue, run)) {
  case LORE_QUEUE_DONE:
    return true;
  case LORE_QUEUE_FAILED:
  case LORE_QUEUE_BLOCKED:
  case LORE_QUEUE_STOPPED:
    swap(queue, run, LORE_QUEUE_WAITING, LORE_QUEUE_BLOCKED);
    *later = true; /* its children have to be told */
    return false;
  default:
    *later = true;
    return false;
  }
}

/* Runs that another job had and has left unfinished come back. */
static bool reclaim(lore_queue *queue) {
  bool any = false;
  for (int r = 0; r < queue->manifest->runs; r++) {
    if (queue->seen[r] != LORE_QUEUE_ELSEWHERE)
      continue;
    lore_queue_state now = look_outside(queue, r);
    if (now == LORE_QUEUE_DONE)
      swap(queue, r, LORE_QUEUE_ELSEWHERE, LORE_QUEUE_DONE);
    if (now == LORE_QUEUE_STOPPED || now == LORE_QUEUE_FAILED)
      any |= swap(queue, r, LORE_QUEUE_ELSEWHERE, LORE_QUEUE_WAITING) == LORE_QUEUE_ELSEWHERE;
  }
  return any;
}

int lore_queue_take(lore_queue *queue) {
  bool later = false;
  read_table(queue);
  for (int i = 0; i < queue->manifest->runs; i++) {
    int run = queue->order[i];
    if (queue->seen[run] == LORE_QUEUE_WAITING && is_ready(queue, run, &later) &&
        swap(queue, run, LORE_QUEUE_WAITING, LORE_QUEUE_TAKEN) == LORE_QUEUE_WAITING)
      return run;
  }
  if (reclaim(queue) || later)
    return LORE_QUEUE_LATER;
  return LORE_QUEUE_EMPTY;
}

void lore_queue_count(lore_queue *queue, int *count) {
  memset(count, 0, LORE_QUEUE_STATES * sizeof *count);
  read_table(queue);
  for (int r = 0; r < queue->manifest->runs; r++)
    count[queue->seen[r]]++;
}

void lore_queue_stop(lore_queue *queue) {
  lore_queue_set(queue, queue->manifest->runs, (lore_queue_state)1);
}

bool lore_queue_stopped(lore_queue *queue) {
  read_table(queue);
  return queue->seen[queue->manifest->runs] != 0;
}
