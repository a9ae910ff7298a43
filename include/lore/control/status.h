/* How far a run is, from its files alone, at any time. */
#ifndef LORE_CONTROL_STATUS_H
#define LORE_CONTROL_STATUS_H

#include "lore/base/enum.h"
#include "lore/io/state.h"
#include "lore/manifest/manifest.h"

/* interrupted: its state says running, but nobody holds its lock; damaged: its state says done, but
 * its metrics file does not hold what the state claims. */
#define LORE_SEEN_LIST(X)                                                                          \
  X(LORE_SEEN_WAITING, "waiting")                                                                  \
  X(LORE_SEEN_RUNNING, "running")                                                                  \
  X(LORE_SEEN_INTERRUPTED, "interrupted")                                                          \
  X(LORE_SEEN_STOPPED, "stopped")                                                                  \
  X(LORE_SEEN_DONE, "done")                                                                        \
  X(LORE_SEEN_DIVERGED, "diverged")                                                                \
  X(LORE_SEEN_FAILED, "failed")                                                                    \
  X(LORE_SEEN_DAMAGED, "damaged")

typedef enum { LORE_SEEN_LIST(LORE_ENUM_VALUE) LORE_SEEN_STAGES } lore_seen_stage;

/* "waiting", "running", "interrupted", ... */
const char *lore_seen_name(lore_seen_stage stage);

/* Whether nothing is left to be done: done, diverged or damaged. */
bool lore_seen_is_over(lore_seen_stage stage);

/* The last records of a metrics file; NAN where there is none. */
typedef struct {
  bool exists;                      /* there is a readable file with a record */
  int64_t step, steps;              /* of the last record; train.steps */
  int phase;                        /* 0: none */
  double loss, accuracy;            /* attribute loss (nats) and accuracy of the first group */
  double bits_per_parameter;        /* stored of the first group; NAN if an earlier version wrote */
  double train_loss;                /* nats per token, since the record before */
  double interval;                  /* s between records: of the last ones, or of those to come */
  double tokens_per_s, steps_per_s; /* over the last records */
  double age;                       /* s since the file was written */
} lore_seen_metrics;

typedef struct {
  lore_seen_stage stage;
  lore_state state; /* as read; zero but for `stage` if it could not be */
  lore_seen_metrics metrics;
  int64_t step, steps; /* done, and to do in all (0: not known) */
  double left;         /* s, of a running run; else NAN */
  double silence; /* s since its last record, or since its state changed if that was later; NAN:
                     neither is there */
  int blocker;    /* of a waiting run: index of the run that has failed, diverged or is damaged and
                     that it begins from, maybe by way of others; else -1 */
} lore_seen;

/* Looks at directory/runs/<run->id>. A file that cannot be read (yet) counts as missing. */
lore_status lore_seen_read(const char *directory, const lore_manifest_run *run, lore_seen *seen);

/* Fills in the blockers. `seen` has one entry for each run of the manifest. */
void lore_seen_find_blockers(const lore_manifest *manifest, lore_seen *seen);

/* All runs of a study. */
typedef struct {
  int count[LORE_SEEN_STAGES]; /* runs */
  int64_t step, steps;         /* done and to do; a diverged run has nothing left to do */
  double left;                 /* s, NAN: not known (nothing runs) */
} lore_seen_totals;

/* `seen` has one entry for each run of the manifest. */
lore_seen_totals lore_seen_total(const lore_manifest *manifest, const lore_seen *seen);

#endif
