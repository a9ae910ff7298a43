/* Which individuals a training batch shows (science.md section 4). */
#ifndef LORE_DISTRIBUTION_H
#define LORE_DISTRIBUTION_H

#include <stdint.h>

typedef enum { LORE_DISTRIBUTION_UNIFORM } lore_distribution_kind;

typedef struct {
  lore_distribution_kind kind;
} lore_distribution_config;

/* The individual of `sequence` (position in the batch) at `step`: 0 .. known-1. O(1), any order. */
int64_t lore_distribution_draw(const lore_distribution_config *config, int64_t known, uint64_t seed,
                               uint64_t step, uint64_t sequence);

#endif
