/* Metrics of the toy memory. */
#include "lore/eval/pair_scores.h"

#include <math.h>

#include "lore/eval/answers.h"

int lore_pair_groups(const lore_memory_config *c, lore_group group[LORE_PAIR_GROUPS_MAX]) {
  const lore_group all[LORE_PAIR_GROUPS_MAX] = {{"known", 0, c->pairs},
                                                {"held_out", c->pairs, c->held_out},
                                                {"new", c->pairs + c->held_out, c->new_pairs}};
  int groups = 0;
  for (int i = 0; i < LORE_PAIR_GROUPS_MAX; i++)
    if (all[i].count > 0)
      group[groups++] = all[i];
  return groups;
}

void lore_pair_scores(const lore_pairs *pairs, const lore_group *group, const real *parameters,
                      int rows, lore_memory_workspace *w, lore_group_metrics *metrics) {
  double loss = 0, correct = 0, top = 0, entropy = 0, count = (double)group->count;
  for (int64_t done = 0; done < group->count; done += rows) {
    int64_t first = group->first + done, left = group->count - done;
    int chunk = left < rows ? (int)left : rows;
    lore_memory_score(&pairs->config, parameters, pairs->value_vector, chunk,
                      pairs->key + first * pairs->config.keys, pairs->value + first, w);
    for (int i = 0; i < chunk; i++) {
      loss += w->loss[i];
      correct += w->correct[i];
      top += w->top[i];
      entropy += w->entropy[i];
    }
  }
  *metrics = (lore_group_metrics){.attribute_loss = loss / count,
                                  .attribute_accuracy = correct / count,
                                  .max_probability = top / count,
                                  .entropy = entropy / count};
  double values = pairs->config.values;
  metrics->stored_bits = lore_stored_bits(1, &values, &metrics->attribute_loss, count);
  metrics->stored_bits_per_parameter = metrics->stored_bits_per_layer_parameter =
      metrics->stored_bits / (double)lore_memory_parameters(&pairs->config);
  metrics->calibration_error = metrics->confidently_wrong = NAN;
  metrics->auroc_confidence = metrics->auroc_entropy = NAN;
  metrics->question_loss = metrics->question_accuracy = NAN;
  for (int i = 0; i < LORE_ATTRIBUTES; i++)
    metrics->attribute_loss_by_attribute[i] = metrics->attribute_accuracy_by_attribute[i] = NAN;
}
