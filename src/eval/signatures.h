/* Attention signatures (science.md section 2; paper figures 3 and F). */
#ifndef LORE_EVAL_SIGNATURES_H
#define LORE_EVAL_SIGNATURES_H

#include "lore/data/batch.h"
#include "lore/model/decoder.h"

/* Sums over heads and sentences of one layer; doubles throughout, as ranks add them. */
typedef struct {
  double name_to_name, attribute_to_name, attribute_to_text, sharpness;
  double sentences; /* heads x sentences counted */
} lore_signature_sums;

/* Adds all heads of `layer` and all sentences of `sequence`, whose attention is in `workspace`.
 *
 * Weights are summed over all earlier tokens of the role: a name counts in every sentence that
 * mentions it. Sharpness is measured at the position that predicts the first value token. */
void lore_signatures_add(const lore_workspace *workspace, const lore_batch *batch, int sequence,
                         int layer, int heads, lore_signature_sums *sums);

/* Means; NAN if nothing was counted. */
lore_attention_metrics lore_signatures_mean(const lore_signature_sums *sums);

#endif
