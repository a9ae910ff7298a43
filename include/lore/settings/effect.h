/* Which settings have an effect, and on what, given the others. The facts are in the table. */
#ifndef LORE_SETTINGS_EFFECT_H
#define LORE_SETTINGS_EFFECT_H

#include "lore/settings/study.h"
#include "lore/settings/table.h"

/* Whether the study gives the setting called `key` the values of another one that it needs. */
bool lore_study_uses(const lore_study *study, const char *key);

/* Whether initial weights or samples depend on the setting. */
bool lore_setting_decides_start(const lore_setting *setting, const lore_settings *settings);

/* Resets settings that were given for a kind of distribution or curriculum that another one
 * overrides (an experiment's kind that of the base). */
void lore_study_drop_unused(lore_study *study);

/* LORE_USER if a setting was given that has no effect. */
lore_status lore_study_check_effects(const lore_study *study);

#endif
