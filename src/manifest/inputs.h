/* What a manifest was expanded from, kept for the directory that it is frozen in. */
#ifndef LORE_MANIFEST_INPUTS_H
#define LORE_MANIFEST_INPUTS_H

#include "lore/manifest/manifest.h"
#include "lore/settings/source.h"

/* Keeps a copy of the study, as study.yaml. */
lore_status lore_manifest_keep_study(lore_manifest *manifest, const lore_source *study);

/* Puts an absolute path, quoted, in the place of bytes [from, to) of that copy: it lies elsewhere
 * than the study. The last place of the study first. */
lore_status lore_manifest_place_weights(lore_manifest *manifest, size_t from, size_t to,
                                        const char *path);

/* Keeps overrides, as study.overrides, a line for each. */
lore_status lore_manifest_keep_overrides(lore_manifest *manifest, int overrides,
                                         const char *const *override);

/* Keeps a copy of the table that the study calls `name`: under that name, so that study.yaml finds
 * it; under its last part if the name leads out of the study's directory. Once, if several
 * experiments share it. */
lore_status lore_manifest_keep_table(lore_manifest *manifest, const char *name,
                                     const lore_source *table);

/* LORE_USER if tables would take the place of each other or of other files. */
lore_status lore_manifest_check_inputs(const lore_manifest *manifest);

/* For a directory without a manifest: LORE_USER if other files have the names of these inputs, as
 * the user's own study.yaml has where she works in the directory of results. */
lore_status lore_manifest_check_place(const lore_manifest *manifest, const char *directory);

/* Writes all into `directory`, each whole or not at all. */
lore_status lore_manifest_put_inputs(const lore_manifest *manifest, const char *directory);

#endif
