/* The runs of a study, taken one by one by the groups of one MPI job.
 *
 * A table in the memory of rank 0 says of each run what has become of it. Leaders of groups read
 * and change it by one-sided atomic operations: nobody waits for another group. */
#ifndef LORE_RUN_QUEUE_H
#define LORE_RUN_QUEUE_H

#include <mpi.h>

#include "lore/manifest/manifest.h"

typedef enum {
  LORE_QUEUE_WAITING,
  LORE_QUEUE_TAKEN,
  LORE_QUEUE_DONE,
  LORE_QUEUE_FAILED,
  LORE_QUEUE_BLOCKED,   /* its parent failed */
  LORE_QUEUE_STOPPED,   /* begun, not finished */
  LORE_QUEUE_ELSEWHERE, /* another job trains it */
  LORE_QUEUE_OUTSIDE,   /* not this job's business */
  LORE_QUEUE_STATES
} lore_queue_state;

enum { LORE_QUEUE_EMPTY = -1, LORE_QUEUE_LATER = -2 };

typedef struct {
  const lore_manifest *manifest;
  const char *directory;
  MPI_Win window;
  int *order; /* runs, in the order in which they should be taken */
  int *seen;  /* the table as last read; its last entry tells all groups to stop */
} lore_queue;

/* All ranks of `world`. Runs of other waves than `wave` (-1: all) stay outside. With chunk i of n,
 * this job begins with every n-th run of the order, from the i-th. LORE_MEMORY. */
lore_status lore_queue_create(MPI_Comm world, const lore_manifest *manifest, const char *directory,
                              int wave, int chunk, int chunks, lore_queue *queue);
/* All ranks. */
void lore_queue_destroy(lore_queue *queue);

/* A run to train now, taken; LORE_QUEUE_LATER if one may come when others end, LORE_QUEUE_EMPTY. */
int lore_queue_take(lore_queue *queue);

void lore_queue_set(lore_queue *queue, int run, lore_queue_state state);

/* Counts runs by state into `count` (LORE_QUEUE_STATES entries). */
void lore_queue_count(lore_queue *queue, int *count);

/* Tells all groups to stop, and asks whether somebody did. */
void lore_queue_stop(lore_queue *queue);
bool lore_queue_stopped(lore_queue *queue);

#endif
