/* Axes of a manifest and ids of its runs. */
#ifndef LORE_MANIFEST_NAMES_H
#define LORE_MANIFEST_NAMES_H

#include "axes.h"
#include "lore/manifest/manifest.h"

/* Fills the manifest's axes, and values and ids of all its runs, which have their settings; values
 * has one entry for each run. LORE_USER if two runs are the same. */
lore_status lore_manifest_name_runs(const lore_source *file, lore_manifest *manifest,
                                    const lore_run_values *values);

#endif
