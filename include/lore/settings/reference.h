/* The reference of all settings. */
#ifndef LORE_SETTINGS_REFERENCE_H
#define LORE_SETTINGS_REFERENCE_H

#include <stdio.h>

#include "lore/base/status.h"

/* Prints the reference: key, type, unit, default, range, help; as text, or as one JSON array with
 * all facts of the table. Of the settings and sections called `name`, all if `names` is 0.
 * LORE_USER if a name is neither, with the nearest valid one; nothing is printed then. */
lore_status lore_settings_reference(FILE *stream, int names, const char *const *name);
lore_status lore_settings_reference_json(FILE *stream, int names, const char *const *name);

#endif
