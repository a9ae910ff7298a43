/* All runs of a study in one MPI job: groups of ranks take them from a queue. */
#ifndef LORE_RUN_SWEEP_H
#define LORE_RUN_SWEEP_H

#include <mpi.h>
#include <stdbool.h>

#include "lore/manifest/manifest.h"
#include "lore/run/run.h"

enum { LORE_SWEEP_PATIENCE = 4 /* s for a question about the job's end */ };

typedef struct {
  const char *directory; /* of the study */
  const char *command;   /* how the program was called */
  int ranks_per_run;     /* 0: all ranks if there is one run, else 1 */
  int wave;              /* only runs of this wave; -1: all */
  int chunk, chunks;     /* begin with the chunk-th (from 0) of `chunks` parts */
  bool fail_fast;        /* the first failure stops all groups */
  int deaths_max;        /* after which a run is set aside; 0: never */
  bool retry;            /* also runs that were set aside */
  bool overwrite, quiet, verbose;
  double job_end;              /* s since 1970; 0: not known. Of all ranks */
  double (*ask_job_end)(void); /* anew when it comes near, within LORE_SWEEP_PATIENCE s; 0: not
                                  known. One group asks for all. NULL: nobody to ask */
} lore_sweep_options;

/* What came of it; the same on all ranks. */
typedef struct {
  int runs, groups;
  int done;             /* complete now, whoever trained them */
  int trained;          /* of these, by this job */
  int retried;          /* failed for the environment and were tried once more by this job */
  int recovered;        /* of these, complete now */
  int failed;           /* or diverged */
  int blocked;          /* not begun, as the run that they start from has not been completed */
  int unfinished;       /* begun or not, left for the next job */
  int elsewhere;        /* another job trains them */
  double seconds;       /* wall time */
  double busy;          /* share of the groups' time, until the last run was taken, spent on runs;
                           NAN if groups have trained no more than a run each */
  lore_run_result last; /* of the only run of a study that has one */
} lore_sweep_result;

/* LORE_USER if `ranks` ranks cannot be divided into groups of `ranks_per_run` (0: as in the options
 * above), there are more groups than runs, or a group has more ranks than a batch has shards.
 * `ranks` 0: not known yet. */
lore_status lore_sweep_check_ranks(int ranks, const lore_manifest *manifest, int ranks_per_run);

/* Trains. All ranks of `world`, which fits the runs (lore_sweep_check_ranks), call it; rank 0
 * brings an expanded manifest, the others may pass NULL: they hear of a run when they take it.
 * Prints a line to stderr for every run that ends. LORE_RUNS_FAILED if some runs failed,
 * LORE_STOPPED if told to stop before all were done; of a study of one run, what lore_run_execute
 * returns. LORE_MEMORY, LORE_MPI. */
lore_status lore_sweep_run(MPI_Comm world, const lore_manifest *manifest,
                           const lore_sweep_options *options, lore_sweep_result *result);

#endif
