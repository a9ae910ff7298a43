/* How often a run has shown each individual. */
#ifndef LORE_RUN_EXPOSURE_H
#define LORE_RUN_EXPOSURE_H

#include "session.h"

/* Writes exposure.nc in the run's directory. Leader only. */
lore_status lore_exposure_write(lore_run *run);

#endif
