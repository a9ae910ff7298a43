/* What decides the result of a run, as a number; and how settings differ. */
#ifndef LORE_SETTINGS_HASH_H
#define LORE_SETTINGS_HASH_H

#include "lore/settings/settings.h"

/* Settings that decide what comes out, as a 64-bit hash: all but those of the runtime. A setting at
 * its default is left out, so that a new one does not change the hash of older studies. */
uint64_t lore_settings_hash(const lore_settings *settings);

/* Lists, one line each ("train.steps: 2000 before, 4000 now"), how such settings differ, into
 * `text`; returns how many do. */
int lore_settings_differences(const lore_settings *before, const lore_settings *now, size_t size,
                              char *text);

/* Whether all settings are the same, but for those that only decide which files there are. */
bool lore_settings_same(const lore_settings *a, const lore_settings *b);

/* Whether weights of one model fit the other; if not, `text` says why. */
bool lore_settings_same_model(const lore_settings *a, const lore_settings *b, size_t size,
                              char *text);

#endif
