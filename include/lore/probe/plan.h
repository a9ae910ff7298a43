/* What probing all snapshots of a study will cost. */
#ifndef LORE_PROBE_PLAN_H
#define LORE_PROBE_PLAN_H

#include "lore/manifest/manifest.h"

typedef struct {
  int runs, snapshots; /* that will be probed */
  int ranks;           /* that probe one run together */
  int largest;         /* run that needs most memory; -1: no run can be probed */
  size_t bytes;        /* of each rank, all levels at once */
  size_t bytes_least;  /* of each rank, one level at a time */
  double operations;   /* of the model; single precision */
  double algebra;      /* operations in double precision */
  double hours;
} lore_probe_plan;

/* With the defaults of lore probe, by `ranks` ranks of `threads` threads that make matrix products
 * at `gflops` GFLOP/s each; algebra is taken to run at half of that. LORE_USER if a run has too few
 * individuals. */
lore_status lore_probe_plan_make(const lore_manifest *manifest, int ranks, int threads,
                                 double gflops, lore_probe_plan *plan);

#endif
