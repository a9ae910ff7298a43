/* Weights of another study, `start_from: {file: PATH}`. */
#ifndef LORE_MANIFEST_WEIGHTS_H
#define LORE_MANIFEST_WEIGHTS_H

#include "expand.h"
#include "lore/manifest/manifest.h"

/* Reads what the files that experiments start from say of themselves, into the manifest; once for
 * each experiment. LORE_USER at the place of `file` if one is missing or holds no weights. */
lore_status lore_weights_find(const lore_source *source, int count, lore_experiment *experiment,
                              lore_manifest *manifest);

/* LORE_USER at the place of `file` unless the weights fit a run with these settings. */
lore_status lore_weights_check(const lore_source *source, const lore_experiment *experiment,
                               const lore_settings *settings);

/* `hash` with the weights mixed in. */
uint64_t lore_weights_hash(const lore_manifest_weights *weights, uint64_t hash);

void lore_weights_drop(lore_manifest *manifest);

#endif
