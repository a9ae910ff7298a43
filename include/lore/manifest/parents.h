/* Whether the weights that runs start from can still come to be. */
#ifndef LORE_MANIFEST_PARENTS_H
#define LORE_MANIFEST_PARENTS_H

#include "lore/manifest/manifest.h"

/* LORE_USER, with the remedy, if a run of `directory` is complete, or beyond that step, and has not
 * kept the weights that another one, which is not done, starts from. */
lore_status lore_manifest_check_parents(const lore_manifest *manifest, const char *directory);

#endif
