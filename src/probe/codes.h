/* One-hot codes of values, side by side for all that is read from a sentence about one attribute:
 * first the truth of each target, then what stands in for it in the control. */
#ifndef LORE_PROBE_CODES_H
#define LORE_PROBE_CODES_H

#include "lore/linalg/regression.h"
#include "problem.h"

typedef struct {
  int parts; /* targets: first_target, first_target + 1, ... */
  int first_target;
  lore_classes group[2 * LORE_PROBE_PARTS_MAX]; /* columns: the truth's, then the control's */
  int columns;
} lore_probe_codes;

lore_probe_codes lore_probe_codes_of(const lore_vocabulary *vocabulary, lore_attribute attribute);

/* Class of `individual` for target `first_target + part` of `attribute`. */
int lore_probe_class(const lore_individual *individual, lore_attribute attribute, int part);

/* Fills y (rows of `group` and `use` x codes->columns). Each rank by itself. */
void lore_probe_codes_put(const lore_probe_problem *problem, const lore_probe_shuffle *shuffle,
                          lore_attribute attribute, lore_probe_group group, lore_probe_use use,
                          lore_matrix *y);

/* Of the individuals of `group` that probes are judged on: the share that has the commonest class
 * of the fitted ones, and the share whose class any fitted one has. LORE_MEMORY. */
lore_status lore_probe_limits(const lore_probe_problem *problem, lore_probe_group group,
                              lore_attribute attribute, int part, double *chance, double *ceiling);

#endif
