/* Who is probed: rows of a group and the individuals that they are about. */
#ifndef LORE_PROBE_PEOPLE_H
#define LORE_PROBE_PEOPLE_H

#include "lore/probe/probe.h"

/* What the biographies of a group serve. The number is the step of their random stream. */
typedef enum { LORE_PROBE_FIT, LORE_PROBE_CHOOSE, LORE_PROBE_JUDGE } lore_probe_use;

/* Individuals of `group` that serve `use`. Every fourth of the known ones is an other one; of the
 * fitted ones as many as of these choose and judge. */
int lore_probe_rows(const lore_probe_config *config, lore_probe_group group, lore_probe_use use);

/* Who row `row` of these is about. */
int64_t lore_probe_individual(const lore_probe_problem *problem, lore_probe_group group,
                              lore_probe_use use, int row);

/* Whose values stand in for those of that individual in the control: another one's of the same
 * kind (known or held out), by an order that is drawn once. */
typedef struct {
  uint32_t *known, *held_out; /* orders of `individuals` and `held_out` */
} lore_probe_shuffle;

void lore_probe_shuffle_layout(lore_probe_shuffle *shuffle, lore_arena *arena,
                               const lore_probe_problem *problem);
int64_t lore_probe_stand_in(const lore_probe_problem *problem, const lore_probe_shuffle *shuffle,
                            lore_probe_group group, lore_probe_use use, int row);

#endif
