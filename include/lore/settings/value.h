/* Values of settings, checked against type and range: of YAML nodes, and defaults. */
#ifndef LORE_SETTINGS_VALUE_H
#define LORE_SETTINGS_VALUE_H

#include "lore/settings/table.h"
#include "lore/settings/yaml.h"

/* Stores the value that `node` gives to `setting`. A value that was left out is reported at byte
 * `key_at`. LORE_USER: wrong type, out of range, not among the choices. */
lore_status lore_setting_parse(const lore_setting *setting, const lore_yaml *yaml, int node,
                               size_t key_at, lore_settings *settings);

/* Fills `settings` with the defaults. */
void lore_settings_default(lore_settings *settings);

/* Gives the setting with this index its default. */
void lore_setting_reset(int setting, lore_settings *settings);

enum { LORE_RANGE_SIZE = 96 };

/* The choices with `between` between two of them ("rms, layer") into `text`, of `size` bytes;
 * returned. */
char *lore_setting_choices(const lore_setting *setting, const char *between, size_t size,
                           char *text);

/* The bounds as text ("1 to 128"). `text` has LORE_RANGE_SIZE bytes; returned. */
char *lore_setting_range(const lore_setting *setting, char *text);

#endif
