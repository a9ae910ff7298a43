/* What runs start from: weights of another study, what ancestors have trained on, the reference of
 * a patched run. */
#ifndef LORE_MANIFEST_LINEAGE_H
#define LORE_MANIFEST_LINEAGE_H

#include "experiments.h"

/* Reads what the files that experiments start from say of themselves, into the manifest; once for
 * each experiment. LORE_USER at the place of `file` if one is missing or holds no weights. */
lore_status lore_weights_find(const lore_source *source, int count, lore_experiment *experiment,
                              lore_manifest *manifest);

/* LORE_USER at the place of `file` unless the weights fit a run with these settings. */
lore_status lore_weights_check(const lore_source *source, const lore_experiment *experiment,
                               const lore_settings *settings);

/* `hash` with the weights mixed in. */
uint64_t lore_weights_hash(const lore_manifest_weights *weights, uint64_t hash);

/* LORE_USER at byte `at` of the source if the run, which has these settings, holds out, or calls
 * new, individuals on whom an ancestor has trained the weights that it starts from. */
lore_status lore_trained_check(const lore_source *source, size_t at, const lore_manifest *manifest,
                               const lore_manifest_run *run, const lore_settings *settings);

/* LORE_USER if a patched run would have other initial weights or samples than its reference. The
 * first `inherited` values are the reference's; `overlay` is what experiments' own settings come
 * from. */
lore_status lore_patch_check(const lore_study *study, const lore_source *overlay,
                             const lore_experiment *experiment, const lore_settings *reference,
                             const lore_run_values *values, int inherited);

#endif
