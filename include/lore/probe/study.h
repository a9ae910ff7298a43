/* Probing the snapshots of the runs in a results directory: runs/<id>/probe.nc. */
#ifndef LORE_PROBE_STUDY_H
#define LORE_PROBE_STUDY_H

#include <mpi.h>

#include "lore/probe/options.h"

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
 * returned.
 * LORE_MPI ends probing at once. */
lore_status lore_probe_study(MPI_Comm world, const lore_probe_options *options,
                             lore_probe_totals *totals);

#endif
