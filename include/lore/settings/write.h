/* Settings as text: as a study file, and as scalar coordinates of the files of a run. */
#ifndef LORE_SETTINGS_WRITE_H
#define LORE_SETTINGS_WRITE_H

#include <stddef.h>
#include <stdio.h>

#include "lore/io/metrics.h"
#include "lore/settings/settings.h"
#include "lore/settings/table.h"

/* The value as it stands in a study file into `text`, of `size` bytes; returned. */
char *lore_setting_print(const lore_setting *setting, const lore_settings *settings, size_t size,
                         char *text);

/* Writes all settings that count for the task as YAML that lore_settings_read reads back to the
 * same bits (1.0e-03 style). */
void lore_settings_write(const lore_settings *settings, FILE *stream);

/* The settings that count for the task as scalar coordinates ("train_learning_rate"); lists become
 * text. At most `capacity` entries; returns how many there are. Strings live in `buffer` of `size`
 * bytes. */
int lore_settings_scalars(const lore_settings *settings, int capacity, lore_scalar *scalar,
                          size_t size, char *buffer);

#endif
