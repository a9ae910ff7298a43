/* Settings that are right one by one, but not together. */
#ifndef LORE_SETTINGS_CONTRADICTIONS_H
#define LORE_SETTINGS_CONTRADICTIONS_H

#include "lore/settings/study.h"

/* LORE_USER if settings contradict each other, or have no effect. Points at an override that takes
 * part, else at the setting in the file, else at the file as a whole. */
lore_status lore_study_contradictions(const lore_study *study);

#endif
