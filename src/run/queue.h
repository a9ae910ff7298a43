/* The runs of a study, taken one by one by the groups of one MPI job.
 *
 * A window in the memory of rank 0 says of each run what has become of it, and what a group has to
 * know to train it. Leaders of groups read and change it by one-sided operations: nobody waits for
 * another group. Runs are called by their places in the order in which they should be taken. Other
 * ranks than leaders hold nothing, leaders some bytes for each run. */
#ifndef LORE_RUN_QUEUE_H
#define LORE_RUN_QUEUE_H

#include <mpi.h>

#include "assignment.h"
#include "lore/base/team.h"
#include "lore/manifest/manifest.h"

typedef enum {
  LORE_QUEUE_WAITING,
  LORE_QUEUE_TAKEN,
  LORE_QUEUE_DONE,
  LORE_QUEUE_FAILED,
  LORE_QUEUE_BLOCKED,   /* its parent failed */
  LORE_QUEUE_STOPPED,   /* begun, not finished */
  LORE_QUEUE_ELSEWHERE, /* another job trains it */
  LORE_QUEUE_SUSPECT,   /* waiting until it can be trained alone: lore_queue_defer */
  LORE_QUEUE_RETRY,     /* failed for the environment, to be tried once more: lore_queue_retry */
  LORE_QUEUE_OUTSIDE,   /* not this job's business */
  LORE_QUEUE_STATES
} lore_queue_state;

enum { LORE_QUEUE_EMPTY = -1, LORE_QUEUE_LATER = -2 };

typedef struct {
  const char *directory;
  MPI_Win window;
  int runs;
  MPI_Aint parents, places, bases, records; /* where they begin in the window */
  /* Of leaders only: */
  unsigned char *seen;    /* states as last read */
  unsigned char *settled; /* per block of the table: nothing in it will change */
  int *block;             /* states of one block, as they come */
  int *parent;            /* places of the runs' parents, -1: none; NULL: no run has one */
  unsigned char *packed;  /* a run as it comes */
  lore_settings *base;    /* the one that was used last */
  int base_index;         /* -1: none yet */
  bool alone;             /* the run that was taken last is a suspect */
  bool retries;           /* the run that was taken last is tried once more */
  double pause;           /* s before a retry: LORE_RETRY_WAIT */
  bool idle;              /* there was nothing to take the last time */
  bool looks;             /* this time, files are looked at for what other jobs do ... */
  double looked;          /* ... as they were at this time (lore_clock_seconds) */
} lore_queue;

/* All ranks of `world`; `leader` says which take runs, rank 0 among them. Rank 0 brings the runs;
 * others need no manifest. Runs of other waves than `wave` (-1: all), and those that are left out,
 * stay outside. With chunk i of n, this job begins with every n-th run of the order, from the i-th.
 * LORE_MEMORY, LORE_MPI; there is nothing to destroy then. */
lore_status lore_queue_create(lore_team world, bool leader, const lore_manifest *manifest,
                              const char *directory, int wave, int chunk, int chunks,
                              lore_queue *queue);

/* All ranks. */
lore_status lore_queue_destroy(lore_queue *queue);

/* The rest is for leaders, and returns LORE_MPI if communication fails. */

/* *run: one to train now, taken; LORE_QUEUE_LATER if one may come when others end;
 * LORE_QUEUE_EMPTY. */
lore_status lore_queue_take(lore_queue *queue, int *run);

/* Puts `run`, just taken, back behind all others: its process has died before. One such run at a
 * time is taken again (queue->alone), so that a run that kills all groups does it without making
 * others look guilty. */
lore_status lore_queue_defer(lore_queue *queue, int run);

/* The run that was taken alone has ended, or has come so far that it is no suspect: the next one
 * may be taken. Nothing if it was not taken alone. */
lore_status lore_queue_share(lore_queue *queue);

/* `run`, just taken, has failed for a reason that may pass. It is taken once more (queue->retries)
 * when no other run is left to take and the last such failure of any group is queue->pause s ago.
 */
lore_status lore_queue_retry(lore_queue *queue, int run);

/* What a group has to know of `run`. */
lore_status lore_queue_read(lore_queue *queue, int run, lore_assignment *assignment);

lore_status lore_queue_set(lore_queue *queue, int run, lore_queue_state state);

/* Counts runs by state into `count` (LORE_QUEUE_STATES entries). */
lore_status lore_queue_count(lore_queue *queue, int *count);

/* *end: when the job ends, as `ask` says it or has said it to another group some seconds ago (it
 * takes up to `patience` seconds, and is not called by all at once); 0: not known. */
lore_status lore_queue_ask_end(lore_queue *queue, double (*ask)(void), int patience, double *end);

/* Tells all groups to stop, and asks whether somebody did. */
lore_status lore_queue_stop(lore_queue *queue);
lore_status lore_queue_stopped(lore_queue *queue, bool *stopped);

#endif
