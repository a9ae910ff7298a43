/* Where the knowledge sits: from which level and token position attribute values can be read by a
 * linear map, how many directions carry them, and how close to each other names lie (doc/probe.md).
 */
#ifndef LORE_PROBE_PROBE_H
#define LORE_PROBE_PROBE_H

#include "lore/linalg/grid.h"
#include "problem.h"
#include "result.h"

/* Probes the model with `parameters`. As many levels at a time as memory allows; LORE_MEMORY if not
 * even one, before anything is computed. All ranks of the grid get the same result. */
lore_status lore_probe_snapshot(const lore_probe_problem *problem, const lore_grid *grid,
                                const real *parameters, lore_probe_result *result);

#endif
