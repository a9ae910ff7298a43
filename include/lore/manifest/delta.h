/* Settings as what differs from others: runs of a sweep differ in some of thousands of bytes. */
#ifndef LORE_MANIFEST_DELTA_H
#define LORE_MANIFEST_DELTA_H

#include "lore/settings/settings.h"

/* The most bytes that a delta has. */
enum { LORE_DELTA_MAX = sizeof(lore_settings) + 16 };

/* Writes what takes `base` to `settings` into `delta`; returns its length in bytes. Loses nothing:
 * all bytes count, so padding must be defined. */
size_t lore_delta_make(const lore_settings *base, const lore_settings *settings,
                       unsigned char *delta);

/* The length of a delta in bytes. */
size_t lore_delta_length(const unsigned char *delta);

/* Takes `base` back to the settings; the two may not overlap. */
void lore_delta_apply(const lore_settings *base, const unsigned char *delta,
                      lore_settings *settings);

#endif
