/* A study file becomes runs: its axes, seeds and experiments expanded. */
#ifndef LORE_MANIFEST_EXPAND_H
#define LORE_MANIFEST_EXPAND_H

#include "lore/manifest/manifest.h"

/* Expands the study file `path` with `overrides` ("key=value"), which win over the base's settings
 * and over experiments' own; a swept setting cannot be overridden, but the seed that a count of
 * seeds begins with. LORE_USER with the place in the file for whatever is wrong. Free with
 * lore_manifest_destroy, also after a failure. */
lore_status lore_manifest_expand(const char *path, int overrides, const char *const *override,
                                 lore_manifest *manifest);

/* Says in one line on stderr, from rank 0, which runs end before their curriculum does: allowed,
 * but maybe not meant. */
void lore_manifest_warn(const lore_manifest *manifest);

#endif
