/* How often, and how long ago, training has shown each individual. Draws are pure functions, so
 * they are made once more to count them, which costs as much as a few steps. */
#ifndef LORE_DATA_EXPOSURE_H
#define LORE_DATA_EXPOSURE_H

#include <stddef.h>
#include <stdint.h>

#include "lore/base/status.h"
#include "lore/data/sampler.h"

/* Bin 0 holds 0, bin b the numbers from 2^(b-1) to 2^b - 1, and the last all that are larger. */
enum { LORE_EXPOSURE_BINS = 20 };

typedef struct {
  int64_t individuals, steps;      /* steps 0 .. steps-1 are counted */
  int32_t *draws;                  /* of each individual: sequences about it, at most INT32_MAX */
  int32_t *first_step, *last_step; /* that showed it; -1: none has */
} lore_exposure;

/* Nothing is counted yet. Destroy also after a failure. LORE_MEMORY. */
lore_status lore_exposure_create(int64_t individuals, lore_exposure *exposure);
void lore_exposure_destroy(lore_exposure *exposure);

/* Bytes that lore_exposure_create allocates. */
size_t lore_exposure_bytes(int64_t individuals);

/* Counts what `sampler` draws in the steps up to `steps`, without it. */
void lore_exposure_count(lore_exposure *exposure, const lore_sampler *sampler, int64_t steps);

/* Steps since the individual was last shown, 1 if the last step counted showed it; 0: never. */
int64_t lore_exposure_age(const lore_exposure *exposure, int64_t individual);

/* The bin of a number that is not negative, and the smallest number in a bin. */
int lore_exposure_bin(int64_t number);
int32_t lore_exposure_least(int bin);

#endif
