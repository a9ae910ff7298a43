/* Where a run's weights, or the attention that it uses, come from: said in its files. */
#ifndef LORE_RUN_ORIGIN_H
#define LORE_RUN_ORIGIN_H

#include "lore/run/provenance.h"
#include "lore/run/run.h"

enum { LORE_ORIGIN_SCALARS = 5 };

/* start_run, start_step, start_checksum (of another study's), patch_run, patch_step as coordinates:
 * empty text and NAN for what there is none of. Texts are those of `options`. */
void lore_origin_scalars(const lore_run_options *options, lore_scalar scalar[LORE_ORIGIN_SCALARS]);

/* Adds run_id, steps_before, and those of the five that there are, to the provenance; with a
 * checksum also start_file. */
lore_status lore_origin_add(const lore_run_options *options, const char *id,
                            lore_provenance_list *list);

#endif
