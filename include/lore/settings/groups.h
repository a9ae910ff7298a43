/* Named groups of individuals. */
#ifndef LORE_SETTINGS_GROUPS_H
#define LORE_SETTINGS_GROUPS_H

#include "lore/settings/settings.h"
#include "lore/settings/study.h"

/* The groups that a run evaluates, in order, at most LORE_GROUPS_MAX; returns how many. */
int lore_groups_of(const lore_settings *settings, lore_group *group);

/* The group that `word` of evaluate.groups means; false, and why not in `text` of `size` bytes, if
 * there is none. */
bool lore_group_find(const lore_settings *settings, const char *word, lore_group *group,
                     size_t size, char *text);

/* LORE_USER unless each word of evaluate.groups is a group, with a name of its own. */
lore_status lore_study_check_groups(const lore_study *study);

#endif
