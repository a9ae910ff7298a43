/* Ranks with probability proportional to rank^-alpha. */
#ifndef LORE_DATA_POWER_LAW_H
#define LORE_DATA_POWER_LAW_H

#include <stdint.h>

#include "lore/base/random.h"

/* A rank from 1 to `count`, alpha >= 0. Rejection-inversion (Hormann and Derflinger 1996, ACM
 * TOMACS 6(3)): no table, on average less than 1.2 rounds, so alpha and count may change with every
 * draw. */
int64_t lore_power_law_draw(lore_random *stream, int64_t count, double alpha);

#endif
