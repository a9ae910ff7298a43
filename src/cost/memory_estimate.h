/* What a run of the toy memory will need. */
#ifndef LORE_COST_MEMORY_ESTIMATE_H
#define LORE_COST_MEMORY_ESTIMATE_H

#include "lore/cost/estimate.h"
#include "lore/run/run.h"

/* Floating-point operations of the training. */
double lore_memory_operations(const lore_settings *settings);

/* Fills the estimate; a pair counts as a biography of one token. `before`: bytes of the process
 * itself. `sampled`: the empirical baseline is that of at most 1,024 pairs. */
lore_status lore_memory_estimate(const lore_settings *settings, bool sampled, size_t before,
                                 lore_estimate *estimate);

#endif
