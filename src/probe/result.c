/* The table of what is found, and memory for it. */
#include "result.h"

#include <math.h>

#define AT(member) offsetof(lore_probe_result, member)
#define READOUT                                                                                    \
  4, {                                                                                             \
    LORE_PROBE_BY_GROUP, LORE_PROBE_BY_LEVEL, LORE_PROBE_BY_POSITION, LORE_PROBE_BY_TARGET         \
  }
#define MODEL                                                                                      \
  2, {                                                                                             \
    LORE_PROBE_BY_GROUP, LORE_PROBE_BY_TARGET                                                      \
  }
#define SPECTRUM                                                                                   \
  3, {                                                                                             \
    LORE_PROBE_BY_LEVEL, LORE_PROBE_BY_POSITION, LORE_PROBE_BY_ATTRIBUTE                           \
  }

const lore_probe_quantity lore_probe_quantity_table[] = {
    {"probe_accuracy", "share of individuals whose value a linear probe reads", "1", AT(accuracy),
     READOUT},
    {"probe_loss", "mean summed squared difference of a probe's scores from the one-hot value", "1",
     AT(loss), READOUT},
    {"probe_strength", "ridge penalty that was chosen, in mean squares of an activation", "1",
     AT(strength), READOUT},
    {"control_accuracy", "accuracy of a probe of values that were dealt out at random", "1",
     AT(control_accuracy), READOUT},
    {"control_loss", "loss of a probe of values that were dealt out at random", "1",
     AT(control_loss), READOUT},
    {"control_strength", "ridge penalty that was chosen for the control", "1", AT(control_strength),
     READOUT},
    {"model_accuracy", "accuracy of the model on the biographies that probes are judged on", "1",
     AT(model_accuracy), MODEL},
    {"chance", "accuracy of always saying the commonest value of the fitted individuals", "1",
     AT(chance), MODEL},
    {"ceiling", "share of individuals whose value some fitted individual has", "1", AT(ceiling),
     MODEL},
    {"lens_accuracy",
     "share of individuals of whose value the model's own norm and head read the first token",
     "1",
     AT(lens_accuracy),
     4,
     {LORE_PROBE_BY_GROUP, LORE_PROBE_BY_LEVEL, LORE_PROBE_BY_POSITION, LORE_PROBE_BY_ATTRIBUTE}},
    {"model_loss",
     "attribute loss on the biographies that probes are judged on",
     "nats",
     AT(model_loss),
     1,
     {LORE_PROBE_BY_GROUP}},
    {"model_confidence",
     "mean probability of the most likely token, over value tokens",
     "1",
     AT(model_confidence),
     1,
     {LORE_PROBE_BY_GROUP}},
    {"effective_rank", "exp of the entropy of the normalised eigenvalues", "1", AT(effective_rank),
     SPECTRUM},
    {"participation_ratio", "squared sum of the eigenvalues over the sum of their squares", "1",
     AT(participation), SPECTRUM},
    {"condition", "largest eigenvalue over the smallest", "1", AT(condition), SPECTRUM},
    {"eigenvalue",
     "eigenvalues of the covariance of activations, largest first",
     "1",
     AT(eigenvalue),
     4,
     {LORE_PROBE_BY_LEVEL, LORE_PROBE_BY_POSITION, LORE_PROBE_BY_ATTRIBUTE,
      LORE_PROBE_BY_DIRECTION}},
    {"weight_effective_rank",
     "exp of the entropy of the normalised singular values",
     "1",
     AT(weight_effective_rank),
     1,
     {LORE_PROBE_BY_TENSOR}},
    {"weight_participation_ratio",
     "squared sum of the singular values over the sum of their squares",
     "1",
     AT(weight_participation),
     1,
     {LORE_PROBE_BY_TENSOR}},
    {"weight_condition",
     "largest singular value over the smallest",
     "1",
     AT(weight_condition),
     1,
     {LORE_PROBE_BY_TENSOR}},
    {"singular_value",
     "singular values of a weight matrix, largest first",
     "1",
     AT(singular_value),
     2,
     {LORE_PROBE_BY_TENSOR, LORE_PROBE_BY_SINGULAR}},
    {"key_spread",
     "root mean square distance of names' activations from their mean",
     "1",
     AT(key_spread),
     1,
     {LORE_PROBE_BY_LEVEL}},
    {"key_distance",
     "distance of a name's activation to that of the nearest other known name",
     "1",
     AT(key_distance),
     2,
     {LORE_PROBE_BY_LEVEL, LORE_PROBE_BY_PERSON}},
    {"person_loss",
     "attribute loss of the model on the person's biography",
     "nats",
     AT(person_loss),
     1,
     {LORE_PROBE_BY_PERSON}},
    {"person_confidence",
     "mean probability of the most likely token, over the person's value tokens",
     "1",
     AT(person_confidence),
     1,
     {LORE_PROBE_BY_PERSON}},
};
const int lore_probe_quantities =
    sizeof lore_probe_quantity_table / sizeof *lore_probe_quantity_table;

size_t lore_probe_side_length(lore_probe_sizes sizes, lore_probe_side side) {
  const int length[LORE_PROBE_SIDES] = {
      [LORE_PROBE_BY_GROUP] = LORE_PROBE_GROUPS,       [LORE_PROBE_BY_LEVEL] = sizes.levels,
      [LORE_PROBE_BY_POSITION] = LORE_PROBE_POSITIONS, [LORE_PROBE_BY_TARGET] = LORE_PROBE_TARGETS,
      [LORE_PROBE_BY_ATTRIBUTE] = LORE_ATTRIBUTES,     [LORE_PROBE_BY_DIRECTION] = sizes.width,
      [LORE_PROBE_BY_TENSOR] = sizes.tensors,          [LORE_PROBE_BY_SINGULAR] = sizes.singular,
      [LORE_PROBE_BY_PERSON] = sizes.persons};
  return (size_t)length[side];
}

size_t lore_probe_quantity_values(lore_probe_sizes sizes, const lore_probe_quantity *quantity) {
  size_t values = 1;
  for (int i = 0; i < quantity->rank; i++)
    values *= lore_probe_side_length(sizes, quantity->side[i]);
  return values;
}

void lore_probe_result_layout(lore_probe_result *result, lore_arena *arena,
                              lore_probe_sizes sizes) {
  for (int q = 0; q < lore_probe_quantities; q++) {
    const lore_probe_quantity *quantity = &lore_probe_quantity_table[q];
    size_t values = lore_probe_quantity_values(sizes, quantity);
    double *value = lore_arena_take(arena, values, sizeof *value);
    *(double **)(void *)((char *)result + quantity->offset) = value;
    for (size_t i = 0; value && i < values; i++)
      value[i] = NAN;
  }
}
