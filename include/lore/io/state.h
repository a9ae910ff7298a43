/* What is known of a run from outside: the file runs/<id>/state.yaml, replaced whole at every
 * change by the one process that holds the run's lock, and read by anybody at any time. */
#ifndef LORE_IO_STATE_H
#define LORE_IO_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/enum.h"
#include "lore/base/status.h"

/* waiting: no state file; running: a process trains it, or was interrupted if its lock is free;
 * stopped: checkpointed, to be resumed, or failed, to be retried by the same job (as the message
 * says); diverged: the loss became NaN or infinite, not retried; failed: the environment failed, on
 * the retry, too, and the next job retries it, or the run has killed its process too often
 * (deaths). */
#define LORE_RUN_STAGE_LIST(X)                                                                     \
  X(LORE_RUN_WAITING, "waiting")                                                                   \
  X(LORE_RUN_RUNNING, "running")                                                                   \
  X(LORE_RUN_STOPPED, "stopped")                                                                   \
  X(LORE_RUN_DONE, "done")                                                                         \
  X(LORE_RUN_DIVERGED, "diverged")                                                                 \
  X(LORE_RUN_FAILED, "failed")

typedef enum { LORE_RUN_STAGE_LIST(LORE_ENUM_VALUE) } lore_run_stage;

enum { LORE_STATE_TEXT = 64, LORE_STATE_MESSAGE = 1024 };

typedef struct {
  lore_run_stage stage;
  int64_t step, steps; /* done, and to do in all */
  int ranks, threads;  /* of the group that trains or trained it last */
  int attempts;        /* how often it was begun or resumed */
  int deaths;          /* how often in a row its process died of itself without a new checkpoint */
  uint64_t hash;       /* of what decides the result; 0: unknown, in files of earlier versions */
  int64_t records;     /* that its metrics file has at least; 0: unknown */
  char checksum[LORE_STATE_TEXT]; /* of its metrics file when the last session ended, else "" */
  double updated;                 /* s since 1970 */
  char host[LORE_STATE_TEXT];
  char job[LORE_STATE_TEXT];        /* Slurm job ("1234_5"), else "" */
  char message[LORE_STATE_MESSAGE]; /* why it failed or stopped, else "" */
  char isa[LORE_STATE_TEXT]; /* level of its kernels; "": unknown, in files of earlier versions */
} lore_state;

/* `directory` is the run's. A run without the file is waiting. LORE_FILE if it cannot be read or
 * written, or is damaged. */
lore_status lore_state_read(const char *directory, lore_state *state);
lore_status lore_state_write(const char *directory, const lore_state *state);

/* Takes the run: an open-file-description lock on directory/lock, which the system releases when
 * the process ends, however it ends. *lock >= 0 if it is ours now, -1 if another process has it
 * (`holder`, LORE_STATE_TEXT bytes, then says which: "host pid"). LORE_FILE if the file system
 * cannot lock. */
lore_status lore_state_lock(const char *directory, int *lock, char *holder);
void lore_state_unlock(int lock);

/* --- How the last holder ended. The lock's file names a holder from lock to unlock, and has a mark
 * for each of its ranks that was told to end: '.' becomes '!'. --- */

/* Whether the last holder, if the run is free, died without all of its ranks having been told to
 * end. Asked before the lock is taken, which forgets it. */
bool lore_state_died(const char *directory);

/* By the holder: puts down the marks of `ranks` ranks. */
void lore_state_put_marks(int lock, int ranks);

/* Where rank `rank` marks (lore_stop_mark); and the file for a rank that does not hold the lock
 * itself, to be closed by it; -1 if it cannot be opened. */
long lore_state_mark_offset(int rank);
int lore_state_open_marks(const char *directory);

/* Whether some process holds the run now. */
bool lore_state_locked(const char *directory);

#endif
