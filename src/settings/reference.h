/* Which settings a reference lists. */
#ifndef LORE_SETTINGS_REFERENCE_H
#define LORE_SETTINGS_REFERENCE_H

#include "lore/settings/settings.h"

/* LORE_USER unless every name is a setting or a section. */
lore_status lore_reference_check(int names, const char *const *name);

/* Whether `setting` is one of the names, or in a section that is; always if there are none. */
bool lore_reference_has(const lore_setting *setting, int names, const char *const *name);

/* "text", "integer", "number", "boolean", "choice", "list". */
const char *lore_reference_type(const lore_setting *setting);

#endif
