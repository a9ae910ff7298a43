/* The level of processors whose kernels train a run. */
#ifndef LORE_RUN_LEVEL_H
#define LORE_RUN_LEVEL_H

#include "session.h"

/* Selects, on all ranks of the run's team, the level that it was computed at before if it is to be
 * resumed, else the highest that all of them may use (lore_level_limit). If the former is not at
 * hand, the leader says that results will differ. Before anything is laid out for kernels.
 * LORE_USER on all ranks if one cannot do what compute.isa or its LORE_ISA say. */
lore_status lore_run_choose_level(lore_run *run);

#endif
