/* YAML nodes become values of settings, checked against type and range. */
#ifndef LORE_SETTINGS_VALUE_H
#define LORE_SETTINGS_VALUE_H

#include "lore/settings/settings.h"
#include "lore/settings/yaml.h"

/* Stores the value that `node` gives to `setting`. A value that was left out is reported at byte
 * `key_at`. LORE_USER: wrong type, out of range, not among the choices. */
lore_status lore_setting_parse(const lore_setting *setting, const lore_yaml *yaml, int node,
                               size_t key_at, lore_settings *settings);

enum { LORE_RANGE_SIZE = 96, LORE_ALLOWED_SIZE = 256 };

/* What may stand there: "an integer from 1 to 128". `text` has LORE_ALLOWED_SIZE bytes; returned.
 */
char *lore_setting_allowed(const lore_setting *setting, char *text);

/* The bounds as text ("1 to 128"). `text` has LORE_RANGE_SIZE bytes; returned. */
char *lore_setting_range(const lore_setting *setting, char *text);

#endif
