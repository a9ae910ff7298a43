/* How much work the runs of a study are. */
#ifndef LORE_COST_OPERATIONS_H
#define LORE_COST_OPERATIONS_H

#include "lore/manifest/manifest.h"
#include "lore/run/assembly.h"

/* What operations are counted from: the length of sequences does not depend on how many
 * individuals there are, and most runs of a study have the model of the run before. */
typedef struct {
  lore_settings few;
  lore_assembly sample;
  lore_lengths lengths;
  lore_model *model;
} lore_operation_counter;

/* Works out `operations` of every run of the manifest. */
lore_status lore_manifest_estimate(lore_manifest *manifest);

#endif
