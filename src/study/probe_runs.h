/* One run's snapshots. */
#ifndef LORE_STUDY_PROBE_RUNS_H
#define LORE_STUDY_PROBE_RUNS_H

#include "lore/probe_study.h"

typedef enum { LORE_PROBE_DONE, LORE_PROBE_DONE_BEFORE, LORE_PROBE_WITHOUT } lore_probe_outcome;

/* Probes the run `id` on `grid`'s ranks, which all call it and get the same. *snapshots: how many
 * were probed now. */
lore_status lore_probe_run(const lore_probe_options *options, const char *id, const lore_grid *grid,
                           lore_probe_outcome *outcome, int *snapshots);

#endif
