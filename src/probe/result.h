/* What a probe finds, as a table: drives memory, the file and doc/probe.md. */
#ifndef LORE_PROBE_RESULT_H
#define LORE_PROBE_RESULT_H

#include "lore/probe/probe.h"

typedef enum {
  LORE_PROBE_BY_GROUP,
  LORE_PROBE_BY_LEVEL,
  LORE_PROBE_BY_POSITION,
  LORE_PROBE_BY_TARGET,
  LORE_PROBE_BY_ATTRIBUTE,
  LORE_PROBE_BY_DIRECTION,
  LORE_PROBE_BY_TENSOR,
  LORE_PROBE_BY_SINGULAR,
  LORE_PROBE_BY_PERSON,
  LORE_PROBE_SIDES
} lore_probe_side;

enum { LORE_PROBE_RANK = 4 };

typedef struct {
  const char *name, *long_name, *units;
  size_t offset; /* of a double * in lore_probe_result */
  int rank;
  lore_probe_side side[LORE_PROBE_RANK];
} lore_probe_quantity;

extern const lore_probe_quantity lore_probe_quantity_table[];
extern const int lore_probe_quantities;

size_t lore_probe_side_length(lore_probe_sizes sizes, lore_probe_side side);
/* Values of a quantity in one snapshot. */
size_t lore_probe_quantity_values(lore_probe_sizes sizes, const lore_probe_quantity *quantity);

/* Where readout (group, level, position, target) stands. */
static inline size_t lore_probe_at(lore_probe_sizes sizes, int group, int level, int position,
                                   int target) {
  int cell = (group * sizes.levels + level) * LORE_PROBE_POSITIONS + position;
  return (size_t)cell * LORE_PROBE_TARGETS + (size_t)target;
}

/* Where spectrum (level, position, attribute) stands. */
static inline size_t lore_probe_spectrum_at(int level, int position, int attribute) {
  int cell = level * LORE_PROBE_POSITIONS + position;
  return (size_t)cell * LORE_ATTRIBUTES + (size_t)attribute;
}

#endif
