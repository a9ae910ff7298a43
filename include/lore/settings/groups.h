/* Named groups of individuals. */
#ifndef LORE_SETTINGS_GROUPS_H
#define LORE_SETTINGS_GROUPS_H

#include "lore/settings/settings.h"
#include "lore/settings/study.h"

/* The groups that a run evaluates, in order, at most LORE_GROUPS_MAX; returns how many. */
int lore_groups_of(const lore_settings *settings, lore_group *group);

/* LORE_USER unless each word of evaluate.groups is a group, with a name of its own. */
lore_status lore_study_check_groups(const lore_study *study);

#endif
