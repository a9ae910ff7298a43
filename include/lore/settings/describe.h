/* Whom training shows when, in words for people. */
#ifndef LORE_SETTINGS_DESCRIBE_H
#define LORE_SETTINGS_DESCRIBE_H

#include "lore/settings/settings.h"

/* "uniform over 64" into `text`, of `size` bytes; returns `text`. */
char *lore_distribution_describe(const lore_settings *settings, size_t size, char *text);

/* "warm_up: 8 individuals until step 40". */
char *lore_curriculum_describe(const lore_settings *settings, size_t size, char *text);

#endif
