/* What settings know about distributions and curricula. */
#ifndef LORE_SETTINGS_SAMPLING_H
#define LORE_SETTINGS_SAMPLING_H

#include <stddef.h>

#include "lore/settings/settings.h"
#include "lore/settings/study.h"

/* LORE_USER: contradictions between distribution, curriculum and population. */
lore_status lore_study_check_sampling(const lore_study *study);

/* The sampling distribution in words, "uniform over 64", into `text`, of `size` bytes; returns
 * `text`. */
char *lore_distribution_describe(const lore_settings *settings, size_t size, char *text);

/* The curriculum: "warm_up: 8 individuals until step 40". */
char *lore_curriculum_describe(const lore_settings *settings, size_t size, char *text);

#endif
