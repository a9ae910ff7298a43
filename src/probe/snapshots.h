/* The snapshots of a run: its weights files. */
#ifndef LORE_PROBE_SNAPSHOTS_H
#define LORE_PROBE_SNAPSHOTS_H

#include "lore/base/list.h"
#include "lore/run/assembly.h"

/* The steps of the weights in `folder` (a run's), ascending; none if there is no such folder. */
lore_status lore_snapshots_list(const char *folder, lore_integer_list *steps);

/* Those of `wanted` (all if it is empty). LORE_USER if one is not there: says which there are. */
lore_status lore_snapshots_choose(const char *folder, const lore_integer_list *wanted,
                                  lore_integer_list *steps);

/* Reads the weights after `step` steps into `parameters`. LORE_USER if they are another model's or
 * another run's. One rank. */
lore_status lore_snapshot_read(const char *folder, int64_t step, const lore_assembly *assembly,
                               real *parameters);

#endif
