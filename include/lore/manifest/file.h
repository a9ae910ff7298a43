/* The runs of a study in a results directory: manifest.tsv and what it was expanded from. */
#ifndef LORE_MANIFEST_FILE_H
#define LORE_MANIFEST_FILE_H

#include "lore/manifest/manifest.h"

/* Writes directory/manifest.tsv (temporary file, sync, rename), makes directory/runs/, and puts
 * copies of what it was expanded from beside it: study.yaml, study.overrides (if there are any, a
 * line for each), tables. If there is a manifest already: LORE_OK if every run in it is still in
 * the study with the same hash (runs that are new are added), LORE_USER with what has changed
 * otherwise. */
lore_status lore_manifest_freeze(const lore_manifest *manifest, const char *directory);

/* Whether runs were frozen there. */
bool lore_manifest_exists(const char *directory);

/* Reads directory/manifest.tsv, which does not have all settings of the runs. LORE_USER if there is
 * none or it is damaged (says where). */
lore_status lore_manifest_load(const char *directory, lore_manifest *manifest);

#endif
