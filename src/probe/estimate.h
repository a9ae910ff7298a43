/* What probing costs. */
#ifndef LORE_PROBE_ESTIMATE_H
#define LORE_PROBE_ESTIMATE_H

#include "lore/probe/probe.h"

/* Bytes of what is not a matrix: the reader's workspaces, orders, lists. */
size_t lore_probe_work_bytes(const lore_probe_problem *problem);

/* *levels: the most that can be probed at a time on this grid, at least 1. All ranks. LORE_MPI. */
lore_status lore_probe_levels_affordable(const lore_probe_problem *problem, const lore_grid *grid,
                                         int *levels);

#endif
