/* Saying that settings contradict each other. */
#ifndef LORE_SETTINGS_CONTRADICT_H
#define LORE_SETTINGS_CONTRADICT_H

#include "lore/settings/place.h"

/* LORE_USER at the better place of two settings: an override if one of them is, as that is what was
 * changed last, else the first one that was given. */
lore_status lore_study_contradict(const lore_study *study, const char *key, const char *other,
                                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* " (default)" behind the value of a setting that nobody gave. */
const char *lore_study_origin(const lore_study *study, const char *key);

/* Contradictions between distribution, curriculum, population and groups. */
lore_status lore_study_check_distribution(const lore_study *study);

/* Settings that have no effect with the kinds of distribution and curriculum. */
lore_status lore_study_check_used(const lore_study *study);

/* Settings that do not count for the task, and contradictions of the memory. */
lore_status lore_study_check_task(const lore_study *study);

#endif
