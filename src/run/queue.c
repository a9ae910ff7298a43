/* The table of runs and who takes which. The window in rank 0's memory:
 *   int      1 if all groups are to stop
 *   int      1 if a group trains a suspect
 *   int      when a run failed that is to be retried (a short time, see short_time)
 *   int      when the job's end was asked for last, 0: never; when that was answered; the end
 *   int      number of runs in each state
 *   int      state of each run            these change, by atomic operations
 *   int      place of each run's parent; -1: none
 *   int64_t  where each run's record begins, and where the last one ends
 *   settings from which runs' settings differ
 *   records  runs, packed (assignment.h) */
#include "queue.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/clock.h"
#include "lore/base/mpi.h"
#include "lore/io/path.h"
#include "lore/io/state.h"

enum {
  BLOCK = 1024, /* states that are read at once */
  ALIGNMENT = 16,
  RETRY_WAIT = 10, /* s */
  LOOK_WAIT = 2    /* s between looks at files while there is nothing to take */
};

static lore_status fail_queue(const lore_queue *queue) {
  return lore_fail(LORE_MEMORY, "cannot allocate a queue of %d runs", queue->runs);
}

static int count_blocks(const lore_queue *queue) {
  return (queue->runs + BLOCK - 1) / BLOCK;
}

static MPI_Aint at_stop(void) {
  return 0;
}

static MPI_Aint at_suspect(void) {
  return (MPI_Aint)sizeof(int);
}

static MPI_Aint at_failure(void) {
  return (MPI_Aint)sizeof(int) * 2;
}

static MPI_Aint at_asked(void) {
  return (MPI_Aint)sizeof(int) * 3;
}

static MPI_Aint at_answered(void) {
  return (MPI_Aint)sizeof(int) * 4;
}

static MPI_Aint at_job_end(void) {
  return (MPI_Aint)sizeof(int) * 5;
}

static MPI_Aint at_count(int state) {
  return (MPI_Aint)sizeof(int) * (6 + state);
}

static MPI_Aint at_state(int run) {
  return at_count(LORE_QUEUE_STATES + run);
}

/* --- the order of runs --- */

/* The work of a run and of the longest chain of runs that begin from it. */
static double *sum_chains(const lore_manifest *m) {
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
} lore_order_entry;

static int compare_entries(const void *a, const void *b) {
  const lore_order_entry *x = a, *y = b;
  if (x->part != y->part)
    return x->part - y->part;
  if (x->work != y->work)
    return x->work < y->work ? 1 : -1;
  return x->run - y->run;
}

/* Longest first; with chunks, this job's part of that order before the rest. Fills order[runs] with
 * runs of the manifest. */
static lore_status order_runs(const lore_manifest *m, int chunk, int chunks, int *order) {
  double *chain = sum_chains(m);
  lore_order_entry *entry = calloc((size_t)m->runs + 1, sizeof *entry);
  if (!chain || !entry) {
    free(chain);
    free(entry);
    return lore_fail(LORE_MEMORY, "cannot allocate a queue of %d runs", m->runs);
  }
  for (int r = 0; r < m->runs; r++)
    entry[r] = (lore_order_entry){.run = r, .work = chain[r]};
  qsort(entry, (size_t)m->runs, sizeof *entry, compare_entries);
  for (int i = 0; i < m->runs; i++)
    entry[i].part = (i + chunks - chunk) % chunks;
  qsort(entry, (size_t)m->runs, sizeof *entry, compare_entries);
  for (int i = 0; i < m->runs; i++)
    order[i] = entry[i].run;
  free(chain);
  free(entry);
  return LORE_OK;
}

/* --- changing and reading the table --- */

static lore_status get_bytes(lore_queue *queue, MPI_Aint at, int size, void *to) {
  LORE_TRY_MPI(MPI_Get(to, size, MPI_BYTE, 0, at, size, MPI_BYTE, queue->window));
  return LORE_MPI_DO(MPI_Win_flush(0, queue->window));
}

/* A run has gone from one state to another. */
static lore_status move_count(lore_queue *queue, int from, int to) {
  const int less = -1, more = 1;
  if (from == to)
    return LORE_OK;
  LORE_TRY_MPI(
      MPI_Accumulate(&less, 1, MPI_INT, 0, at_count(from), 1, MPI_INT, MPI_SUM, queue->window));
  LORE_TRY_MPI(
      MPI_Accumulate(&more, 1, MPI_INT, 0, at_count(to), 1, MPI_INT, MPI_SUM, queue->window));
  return LORE_MPI_DO(MPI_Win_flush(0, queue->window));
}

/* Changes the state of `run` to `to` if it is `from`; *changed: it was. */
static lore_status swap_state(lore_queue *queue, int run, int from, int to, bool *changed) {
  int was = -1;
  LORE_TRY_MPI(MPI_Compare_and_swap(&to, &from, &was, MPI_INT, 0, at_state(run), queue->window));
  LORE_TRY_MPI(MPI_Win_flush(0, queue->window));
  *changed = was == from;
  queue->seen[run] = (unsigned char)(*changed ? to : was);
  return *changed ? move_count(queue, from, to) : LORE_OK;
}

/* *was: the integer at `at`, which becomes `value` with MPI_REPLACE, and stays with MPI_NO_OP. */
static lore_status fetch_integer(lore_queue *queue, MPI_Aint at, int value, MPI_Op op, int *was) {
  LORE_TRY_MPI(MPI_Fetch_and_op(&value, was, MPI_INT, 0, at, op, queue->window));
  return LORE_MPI_DO(MPI_Win_flush(0, queue->window));
}

static lore_status read_integers(lore_queue *queue, MPI_Aint at, int count, int *value) {
  LORE_TRY_MPI(MPI_Get_accumulate(NULL, 0, MPI_INT, value, count, MPI_INT, 0, at, count, MPI_INT,
                                  MPI_NO_OP, queue->window));
  return LORE_MPI_DO(MPI_Win_flush(0, queue->window));
}

lore_status lore_queue_set(lore_queue *queue, int run, lore_queue_state state) {
  int was;
  LORE_TRY(fetch_integer(queue, at_state(run), (int)state, MPI_REPLACE, &was));
  queue->seen[run] = (unsigned char)state;
  return move_count(queue, was, (int)state);
}

lore_status lore_queue_count(lore_queue *queue, int *count) {
  return read_integers(queue, at_count(0), LORE_QUEUE_STATES, count);
}

lore_status lore_queue_stop(lore_queue *queue) {
  int was;
  return fetch_integer(queue, at_stop(), 1, MPI_REPLACE, &was);
}

lore_status lore_queue_stopped(lore_queue *queue, bool *stopped) {
  int value = 0;
  lore_status status = fetch_integer(queue, at_stop(), 0, MPI_NO_OP, &value);
  *stopped = value != 0;
  return status;
}

/* Seconds since 1970 as an int, which may wrap around, and how much later `a` is than `b`. */
static int short_time(double seconds) {
  return (int)(unsigned)(int64_t)seconds;
}

static int time_between(int a, int b) {
  return (int)((unsigned)a - (unsigned)b);
}

/* Whether the time at `at` in the window is that of the last `seconds` seconds. */
static lore_status check_recent(lore_queue *queue, MPI_Aint at, int seconds, int *when,
                                bool *recent) {
  LORE_TRY(fetch_integer(queue, at, 0, MPI_NO_OP, when));
  *recent = *when && time_between(short_time(lore_clock_unix()), *when) < seconds;
  return LORE_OK;
}

/* The answer is there before its time is. */
static lore_status put_answer(lore_queue *queue, double end) {
  int was;
  LORE_TRY(fetch_integer(queue, at_job_end(), short_time(end), MPI_REPLACE, &was));
  return fetch_integer(queue, at_answered(), short_time(lore_clock_unix()), MPI_REPLACE, &was);
}

static lore_status get_answer(lore_queue *queue, double *end) {
  int told, now = short_time(lore_clock_unix());
  LORE_TRY(fetch_integer(queue, at_job_end(), 0, MPI_NO_OP, &told));
  *end = told ? floor(lore_clock_unix()) + time_between(told, now) : 0;
  return LORE_OK;
}

lore_status lore_queue_ask_end(lore_queue *queue, double (*ask)(void), int patience, double *end) {
  enum { FRESH = 30 /* s */, PAUSE = 100000 /* microseconds */ };
  int asked, answered, was;
  bool waits = true, known = false;
  *end = 0;
  while (waits && !known) {
    LORE_TRY(check_recent(queue, at_answered(), FRESH, &answered, &known));
    if (known)
      return get_answer(queue, end);
    LORE_TRY(check_recent(queue, at_asked(), FRESH, &asked, &waits));
    if (waits && time_between(short_time(lore_clock_unix()), asked) > patience)
      return LORE_OK; /* who asked has died, or has no answer */
    if (waits)
      usleep(PAUSE);
  }
  const int now = short_time(lore_clock_unix());
  LORE_TRY_MPI(MPI_Compare_and_swap(&now, &asked, &was, MPI_INT, 0, at_asked(), queue->window));
  LORE_TRY_MPI(MPI_Win_flush(0, queue->window));
  if (was != asked) /* another one was faster */
    return lore_queue_ask_end(queue, ask, patience, end);
  *end = ask();
  return put_answer(queue, *end);
}

static int block_end(const lore_queue *queue, int block) {
  return queue->runs < (block + 1) * BLOCK ? queue->runs : (block + 1) * BLOCK;
}

static lore_status read_block(lore_queue *queue, int block) {
  int first = block * BLOCK, end = block_end(queue, block);
  bool open = false;
  LORE_TRY(read_integers(queue, at_state(first), end - first, queue->block));
  for (int run = first; run < end; run++) {
    int state = queue->block[run - first];
    queue->seen[run] = (unsigned char)state;
    open |= state == LORE_QUEUE_WAITING || state == LORE_QUEUE_TAKEN ||
            state == LORE_QUEUE_ELSEWHERE || state == LORE_QUEUE_SUSPECT ||
            state == LORE_QUEUE_RETRY;
  }
  queue->settled[block] = !open;
  return LORE_OK;
}

/* --- making and freeing --- */

/* What rank 0 knows before there is a window, and others have to be told. */
typedef struct {
  int64_t runs, bases;
  int64_t bytes, longest; /* of all records, and of the longest one */
  int64_t parents;        /* whether some run has one */
} lore_queue_size;

static lore_status measure_queue(const lore_manifest *m, int chunk, int chunks, int **order,
                                 lore_queue_size *size) {
  *order = calloc((size_t)m->runs + 1, sizeof **order);
  if (!*order)
    return lore_fail(LORE_MEMORY, "cannot allocate a queue of %d runs", m->runs);
  LORE_TRY(order_runs(m, chunk, chunks, *order));
  *size = (lore_queue_size){.runs = m->runs, .bases = m->bases};
  for (int r = 0; r < m->runs; r++) {
    int64_t length = (int64_t)lore_assignment_length(m, r);
    size->bytes += length;
    size->longest = length > size->longest ? length : size->longest;
    size->parents |= m->run[r].parent >= 0;
  }
  return LORE_OK;
}

/* Returns the length of the window in bytes. */
static MPI_Aint lay_out_window(lore_queue *queue, const lore_queue_size *size) {
  MPI_Aint ints = at_state((int)size->runs);
  queue->parents = ints;
  ints += (MPI_Aint)sizeof(int) * (MPI_Aint)size->runs;
  queue->places = (ints + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  queue->bases = queue->places + (MPI_Aint)sizeof(int64_t) * (MPI_Aint)(size->runs + 1);
  queue->records = queue->bases + (MPI_Aint)sizeof(lore_settings) * (MPI_Aint)size->bases;
  return queue->records + (MPI_Aint)size->bytes;
}

/* By rank 0: everything that the window says at first. `place_of`: places in the order, by run. */
static void fill_window(const lore_queue *queue, const lore_manifest *m, const int *order,
                        const int *place_of, int wave, unsigned char *window) {
  int *count = (int *)(window + at_count(0)), *state = (int *)(window + at_state(0));
  int *parent = (int *)(window + queue->parents);
  int64_t *place = (int64_t *)(window + queue->places), end = 0;
  memset(window, 0, (size_t)at_state(0));
  memcpy(window + queue->bases, m->base, (size_t)m->bases * sizeof *m->base);
  for (int i = 0; i < m->runs; i++) {
    const lore_manifest_run *run = &m->run[order[i]];
    state[i] =
        run->left_out || (wave >= 0 && run->wave != wave) ? LORE_QUEUE_OUTSIDE : LORE_QUEUE_WAITING;
    count[state[i]]++;
    parent[i] = run->parent < 0 ? -1 : place_of[run->parent];
    place[i] = end;
    lore_assignment_pack(m, order[i], window + queue->records + end);
    end += (int64_t)lore_assignment_length(m, order[i]);
  }
  place[m->runs] = end;
}

static lore_status allocate_leader(lore_queue *queue, const lore_queue_size *size) {
  queue->seen = calloc((size_t)queue->runs + 1, 1);
  queue->settled = calloc((size_t)count_blocks(queue) + 1, 1);
  queue->block = calloc(BLOCK, sizeof *queue->block);
  queue->base = calloc(1, sizeof *queue->base);
  queue->packed = calloc((size_t)size->longest + 1, 1);
  if (size->parents)
    queue->parent = calloc((size_t)queue->runs, sizeof *queue->parent);
  bool complete = queue->seen && queue->settled && queue->block && queue->packed && queue->base;
  return complete && (queue->parent || !size->parents) ? LORE_OK : fail_queue(queue);
}

static void free_leader(lore_queue *queue) {
  free(queue->seen);
  free(queue->settled);
  free(queue->block);
  free(queue->parent);
  free(queue->packed);
  free(queue->base);
}

/* All ranks; `order` is rank 0's. */
static lore_status create_window(lore_queue *queue, lore_team world, const lore_manifest *manifest,
                                 const lore_queue_size *size, const int *order, int wave) {
  unsigned char *window = NULL;
  MPI_Aint bytes = lay_out_window(queue, size);
  int *place_of = world.rank == 0 ? calloc((size_t)queue->runs + 1, sizeof *place_of) : NULL;
  LORE_TRY_TOGETHER(world, world.rank > 0 || place_of ? LORE_OK : fail_queue(queue));
  lore_status status = LORE_MPI_DO(MPI_Win_allocate(world.rank == 0 ? bytes : 0, 1, MPI_INFO_NULL,
                                                    world.comm, &window, &queue->window));
  if (status == LORE_OK)
    status = LORE_MPI_DO(MPI_Win_set_errhandler(queue->window, MPI_ERRORS_RETURN));
  if (status == LORE_OK && world.rank == 0) {
    for (int i = 0; i < queue->runs; i++)
      place_of[order[i]] = i;
    fill_window(queue, manifest, order, place_of, wave, window);
  }
  free(place_of);
  LORE_TRY(status);
  LORE_TRY_MPI(MPI_Barrier(world.comm));
  LORE_TRY_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, queue->window));
  return LORE_OK;
}

/* Of leaders: the table as it is at first, and what of it does not change. */
static lore_status read_table(lore_queue *queue) {
  for (int block = 0; block < count_blocks(queue); block++)
    LORE_TRY(read_block(queue, block));
  return queue->parent
             ? get_bytes(queue, queue->parents, (int)sizeof(int) * queue->runs, queue->parent)
             : LORE_OK;
}

lore_status lore_queue_create(lore_team world, bool leader, const lore_manifest *manifest,
                              const char *directory, int wave, int chunk, int chunks,
                              lore_queue *queue) {
  lore_queue_size size = {0};
  int *order = NULL;
  const char *pause = getenv("LORE_RETRY_WAIT");
  *queue = (lore_queue){.directory = directory,
                        .window = MPI_WIN_NULL,
                        .base_index = -1,
                        .pause = pause && *pause ? atof(pause) : RETRY_WAIT};
  lore_status status = lore_team_agree(
      world, world.rank == 0 ? measure_queue(manifest, chunk, chunks, &order, &size) : LORE_OK);
  if (status == LORE_OK)
    status = lore_team_spread(world, &size, sizeof size);
  queue->runs = (int)size.runs;
  if (status == LORE_OK)
    status = lore_team_agree(world, leader ? allocate_leader(queue, &size) : LORE_OK);
  if (status == LORE_OK)
    status = create_window(queue, world, manifest, &size, order, wave);
  if (status == LORE_OK && leader)
    status = read_table(queue);
  free(order);
  if (status != LORE_OK)
    free_leader(queue);
  return status;
}

lore_status lore_queue_destroy(lore_queue *queue) {
  free_leader(queue);
  LORE_TRY_MPI(MPI_Win_unlock_all(queue->window));
  return LORE_MPI_DO(MPI_Win_free(&queue->window));
}

/* --- records --- */

/* Reads the record of `run` into queue->packed. */
static lore_status read_record(lore_queue *queue, int run) {
  int64_t place[2]; /* of this one and of the next */
  LORE_TRY(
      get_bytes(queue, queue->places + (MPI_Aint)sizeof *place * run, (int)sizeof place, place));
  return get_bytes(queue, queue->records + (MPI_Aint)place[0], (int)(place[1] - place[0]),
                   queue->packed);
}

lore_status lore_queue_read(lore_queue *queue, int run, lore_assignment *assignment) {
  LORE_TRY(read_record(queue, run));
  int base = lore_assignment_base(queue->packed);
  if (base != queue->base_index)
    LORE_TRY(get_bytes(queue, queue->bases + (MPI_Aint)sizeof *queue->base * base,
                       (int)sizeof *queue->base, queue->base));
  queue->base_index = base;
  lore_assignment_unpack(queue->packed, queue->base, assignment);
  return LORE_OK;
}

/* --- taking --- */

/* *state: what a run that is not this job's, or was another's, has become, from its files. */
static lore_status look_outside(lore_queue *queue, int run, lore_queue_state *now) {
  char directory[LORE_PATH_MAX];
  lore_state state;
  *now = LORE_QUEUE_FAILED;
  LORE_TRY(read_record(queue, run));
  if (lore_directory_of_run(queue->directory, lore_assignment_id(queue->packed), directory) ||
      lore_state_read(directory, &state))
    return LORE_OK;
  if (state.stage == LORE_RUN_DONE)
    *now = LORE_QUEUE_DONE;
  else if (lore_state_locked(directory))
    *now = LORE_QUEUE_ELSEWHERE;
  else if (state.stage != LORE_RUN_DIVERGED && state.stage != LORE_RUN_FAILED)
    *now = LORE_QUEUE_STOPPED;
  return LORE_OK;
}

/* The state of the parent of `run`, as far as it decides whether the run can begin. A parent that
 * another job has let go of stays that job's until reclaim_runs gives it to this one. */
static lore_status find_parent_state(lore_queue *queue, int run, lore_queue_state *state) {
  int parent = queue->parent ? queue->parent[run] : -1;
  *state = parent < 0 ? LORE_QUEUE_DONE : (lore_queue_state)queue->seen[parent];
  lore_queue_state was = *state;
  if (!queue->looks || (was != LORE_QUEUE_OUTSIDE && was != LORE_QUEUE_ELSEWHERE))
    return LORE_OK;
  LORE_TRY(look_outside(queue, parent, state));
  if (was == LORE_QUEUE_ELSEWHERE && *state != LORE_QUEUE_DONE)
    *state = was;
  return LORE_OK;
}

/* *ready: `run` can be taken now; sets *later if others may have to end first. */
static lore_status check_ready(lore_queue *queue, int run, bool *ready, bool *later) {
  lore_queue_state parent;
  bool changed;
  LORE_TRY(find_parent_state(queue, run, &parent));
  *ready = parent == LORE_QUEUE_DONE;
  *later |= !*ready; /* children of a blocked run have to be told, too */
  if (parent == LORE_QUEUE_FAILED || parent == LORE_QUEUE_BLOCKED || parent == LORE_QUEUE_STOPPED)
    return swap_state(queue, run, LORE_QUEUE_WAITING, LORE_QUEUE_BLOCKED, &changed);
  return LORE_OK;
}

static lore_status take_from_block(lore_queue *queue, int block, int *taken, bool *later) {
  LORE_TRY(read_block(queue, block));
  for (int run = block * BLOCK; run < block_end(queue, block); run++) {
    bool mine = false;
    if (queue->seen[run] != LORE_QUEUE_WAITING)
      continue;
    LORE_TRY(check_ready(queue, run, &mine, later));
    if (mine)
      LORE_TRY(swap_state(queue, run, LORE_QUEUE_WAITING, LORE_QUEUE_TAKEN, &mine));
    if (!mine)
      continue;
    *taken = run;
    return LORE_OK;
  }
  return LORE_OK;
}

/* Runs that another job had and has left unfinished come back; *any: some did. */
static lore_status reclaim_runs(lore_queue *queue, bool *any) {
  for (int run = 0; run < queue->runs && queue->looks; run++) {
    lore_queue_state now;
    bool changed = false;
    if (queue->seen[run] != LORE_QUEUE_ELSEWHERE)
      continue;
    LORE_TRY(look_outside(queue, run, &now));
    if (now == LORE_QUEUE_DONE)
      LORE_TRY(swap_state(queue, run, LORE_QUEUE_ELSEWHERE, LORE_QUEUE_DONE, &changed));
    if (now != LORE_QUEUE_STOPPED && now != LORE_QUEUE_FAILED)
      continue;
    LORE_TRY(swap_state(queue, run, LORE_QUEUE_ELSEWHERE, LORE_QUEUE_WAITING, &changed));
    *any |= changed;
  }
  return LORE_OK;
}

lore_status lore_queue_defer(lore_queue *queue, int run) {
  return lore_queue_set(queue, run, LORE_QUEUE_SUSPECT);
}

lore_status lore_queue_share(lore_queue *queue) {
  int was;
  if (!queue->alone)
    return LORE_OK;
  queue->alone = false;
  return fetch_integer(queue, at_suspect(), 0, MPI_REPLACE, &was);
}

static int find_seen(const lore_queue *queue, lore_queue_state state) {
  int run = 0;
  while (run < queue->runs && queue->seen[run] != state)
    run++;
  return run;
}

/* *run: a suspect, if there is one and no other group trains one; *later: there is one. */
static lore_status take_suspect(lore_queue *queue, int *run, bool *later) {
  const int one = 1, none = 0;
  int was, suspect = find_seen(queue, LORE_QUEUE_SUSPECT);
  if (suspect == queue->runs)
    return LORE_OK;
  *later = true;
  LORE_TRY_MPI(MPI_Compare_and_swap(&one, &none, &was, MPI_INT, 0, at_suspect(), queue->window));
  LORE_TRY_MPI(MPI_Win_flush(0, queue->window));
  if (was != none)
    return LORE_OK;
  queue->alone = true;
  bool mine = false;
  LORE_TRY(swap_state(queue, suspect, LORE_QUEUE_SUSPECT, LORE_QUEUE_TAKEN, &mine));
  *run = mine ? suspect : LORE_QUEUE_EMPTY;
  return mine ? LORE_OK : lore_queue_share(queue);
}

lore_status lore_queue_retry(lore_queue *queue, int run) {
  int was;
  LORE_TRY(fetch_integer(queue, at_failure(), short_time(lore_clock_unix()), MPI_REPLACE, &was));
  return lore_queue_set(queue, run, LORE_QUEUE_RETRY);
}

/* *run: one to be tried once more, if it is time; *later: there is one. */
static lore_status take_retry(lore_queue *queue, int *run, bool *later) {
  int retry = find_seen(queue, LORE_QUEUE_RETRY), failed = 0;
  if (retry == queue->runs)
    return LORE_OK;
  *later = true;
  LORE_TRY(fetch_integer(queue, at_failure(), 0, MPI_NO_OP, &failed));
  int since = time_between(short_time(lore_clock_unix()), failed);
  if (since >= 0 && since < queue->pause) /* clocks may differ */
    return LORE_OK;
  LORE_TRY(swap_state(queue, retry, LORE_QUEUE_RETRY, LORE_QUEUE_TAKEN, &queue->retries));
  *run = queue->retries ? retry : LORE_QUEUE_EMPTY;
  return LORE_OK;
}

static lore_status take_any(lore_queue *queue, int *run) {
  bool later = false;
  *run = LORE_QUEUE_EMPTY;
  queue->retries = false;
  for (int block = 0; block < count_blocks(queue) && *run < 0; block++)
    if (!queue->settled[block])
      LORE_TRY(take_from_block(queue, block, run, &later));
  if (*run >= 0)
    return LORE_OK;
  LORE_TRY(reclaim_runs(queue, &later));
  LORE_TRY(take_suspect(queue, run, &later));
  if (*run < 0)
    LORE_TRY(take_retry(queue, run, &later));
  if (*run < 0 && later)
    *run = LORE_QUEUE_LATER;
  return LORE_OK;
}

lore_status lore_queue_take(lore_queue *queue, int *run) {
  double now = lore_clock_seconds();
  queue->looks = !queue->idle || now - queue->looked >= LOOK_WAIT;
  queue->looked = queue->looks ? now : queue->looked;
  LORE_TRY(take_any(queue, run));
  queue->idle = *run == LORE_QUEUE_LATER;
  return LORE_OK;
}
