/* Probing the snapshots of the runs in a results directory: runs/<id>/probe.nc. */
#ifndef LORE_PROBE_STUDY_H
#define LORE_PROBE_STUDY_H

#include <mpi.h>

#include "lore/base/list.h"
#include "lore/probe/probe.h"

enum { LORE_PROBE_RUNS_MAX = 256 };

typedef struct {
  const char *directory; /* of the study */
  const char *command;   /* how the program was called */
  int runs;
  const char *run[LORE_PROBE_RUNS_MAX]; /* ids; none: all that have snapshots */
  lore_integer_list snapshots;          /* steps; none: all that there are */
  int individuals;                      /* known ones; 0: all */
  int keys;
  int strengths;
  double strength[LORE_PROBE_STRENGTHS_MAX];
  int ranks_per_run; /* 0: all */
  bool overwrite, quiet;
} lore_probe_options;

/* Defaults of keys and strengths. */
enum { LORE_PROBE_KEYS = 1024 };
void lore_probe_options_default(lore_probe_options *options);

/* What came of it; the same on all ranks. */
typedef struct {
  int probed, done_before, failed; /* runs */
  int without;                     /* runs that have no snapshot yet: left out */
  int snapshots;                   /* probed now */
  double seconds;
} lore_probe_totals;

/* Probes; all ranks of `world` call it. Groups of ranks take runs in turn. A file that already has
 * what is asked for is left alone. LORE_USER for a run or snapshot that is not there, LORE_MEMORY
 * as in lore_probe_snapshot; of several runs those that fail are reported and LORE_RUNS_FAILED is
 * returned. */
lore_status lore_probe_study(MPI_Comm world, const lore_probe_options *options,
                             lore_probe_totals *totals);

/* The configuration for a population of so many known and held-out individuals. LORE_USER if these
 * are too few. */
lore_status lore_probe_configure(const lore_probe_options *options, int64_t known, int64_t held_out,
                                 lore_probe_config *config);

#endif
