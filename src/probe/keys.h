/* How close to each other names lie. */
#ifndef LORE_PROBE_KEYS_H
#define LORE_PROBE_KEYS_H

#include "work.h"

/* Nearest neighbours of names at the levels of this pass, which uses work->x. All ranks. */
lore_status lore_probe_compare_keys(lore_probe_work *work);

#endif
