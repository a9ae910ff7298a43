/* The runs of a results directory, planned or not. */
#ifndef LORE_MANIFEST_RUNS_H
#define LORE_MANIFEST_RUNS_H

#include "lore/manifest/manifest.h"

/* Reads directory/manifest.tsv; without one, the runs are the folders in directory/runs, in
 * alphabetical order, with what their study.yaml says, and there are no axes. LORE_USER if there is
 * neither. Free with lore_manifest_destroy, also after a failure. */
lore_status lore_runs_list(const char *directory, lore_manifest *manifest);

/* Adds the runs of directory/runs that a manifest read there does not have, single runs beside a
 * sweep, behind its own: with their seeds and steps, no experiment and no values of axes. */
lore_status lore_runs_add_unlisted(const char *directory, lore_manifest *manifest);

#endif
