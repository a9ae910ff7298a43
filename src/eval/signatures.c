/* Attention signatures. */
#include "lore/eval/evaluate.h"

#include "signatures.h"

#include <math.h>

/* Attention of one query row to earlier tokens of `role`; `query` itself is left out. */
static double weight_on(const real *row, const uint8_t *role, int query, lore_role wanted) {
  double sum = 0;
  for (int j = 0; j < query; j++)
    if (role[j] == wanted)
      sum += (double)row[j];
  return sum;
}

/* Entropy of the row over the logarithm of how many tokens it can attend to. */
static double row_sharpness(const real *row, int query) {
  double entropy = 0;
  for (int j = 0; j <= query; j++)
    if (row[j] > 0)
      entropy -= (double)row[j] * log((double)row[j]);
  return entropy / log(query + 1.0);
}

static void add_head(const real *probability, int stride, const lore_batch *batch, int sequence,
                     lore_signature_sums *sums) {
  int start = batch->offset[sequence];
  const uint8_t *role = batch->role + start;
  for (int k = 0; k < LORE_ATTRIBUTES; k++) {
    int sentence = sequence * LORE_ATTRIBUTES + k;
    int name = batch->name_at[sentence] - start + LORE_NAME_TOKENS - 1;
    int attribute = batch->value_at[sentence] - start;
    const real *from_name = probability + (size_t)name * (size_t)stride;
    const real *from_attribute = probability + (size_t)attribute * (size_t)stride;
    sums->name_to_name += weight_on(from_name, role, name, LORE_ROLE_NAME);
    sums->attribute_to_name += weight_on(from_attribute, role, attribute, LORE_ROLE_NAME);
    sums->attribute_to_text += weight_on(from_attribute, role, attribute, LORE_ROLE_TEMPLATE);
    sums->sharpness += row_sharpness(from_attribute, attribute);
    sums->sentences++;
  }
}

void lore_signatures_add(const lore_workspace *workspace, const lore_batch *batch, int sequence,
                         int layer, int heads, lore_signature_sums *sums) {
  for (int head = 0; head < heads; head++) {
    int stride;
    const real *probability = lore_decoder_attention(workspace, layer, head, sequence, &stride);
    add_head(probability, stride, batch, sequence, sums);
  }
}

lore_attention_metrics lore_signatures_mean(const lore_signature_sums *sums) {
  double n = sums->sentences ? (double)sums->sentences : NAN;
  return (lore_attention_metrics){.name_to_name = sums->name_to_name / n,
                                  .attribute_to_name = sums->attribute_to_name / n,
                                  .attribute_to_text = sums->attribute_to_text / n,
                                  .sharpness = sums->sharpness / n};
}
