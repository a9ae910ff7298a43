/* Where a run's weights, or the attention that it uses, come from: said in its files. */
#ifndef LORE_STUDY_ORIGIN_H
#define LORE_STUDY_ORIGIN_H

#include "lore/run.h"
#include "provenance.h"

enum { LORE_ORIGIN_SCALARS = 4 };

/* start_run, start_step, patch_run, patch_step as coordinates: empty text and NAN for what there is
 * none of. Texts are those of `options`. */
void lore_origin_scalars(const lore_run_options *options, lore_scalar scalar[LORE_ORIGIN_SCALARS]);

/* Adds run_id, and those of the four that there are, to the provenance. */
lore_status lore_origin_add(const lore_run_options *options, const char *id,
                            lore_provenance_list *list);

#endif
