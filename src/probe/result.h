/* What is found in one snapshot, and a table of it that drives memory, the file and doc/probe.md.
 */
#ifndef LORE_PROBE_RESULT_H
#define LORE_PROBE_RESULT_H

#include "lore/linalg/spectra.h"
#include "problem.h"

/* What is found in one snapshot. Row-major along the dimensions in brackets; position, attribute
 * and so on are counts as above. NAN: does not exist (no held-out individuals). */
typedef struct {
  /* [group][level][position][target] */
  double *accuracy;         /* share of individuals whose largest score is the truth */
  double *loss;             /* mean summed squared difference from the one-hot truth */
  double *strength;         /* chosen for it on training templates that it was not fitted on */
  double *control_accuracy; /* the same three with values dealt out at random */
  double *control_loss;
  double *control_strength;
  /* [group][target] */
  double *model_accuracy; /* of the model itself on the same biographies */
  double *chance;         /* of the commonest value among fitted individuals */
  double *ceiling;        /* share of individuals whose value occurs among fitted ones */
  double *lens_accuracy; /* [group][level][position][attribute]: share of individuals of whose value
                            the model's own norm and head read the first token there */
  /* [group] */
  double *model_loss;       /* attribute loss, nats */
  double *model_confidence; /* mean probability of the most likely token, over value tokens */
  /* [level][position][attribute]: covariance of fitted individuals' activations */
  double *effective_rank, *participation, *condition;
  double *eigenvalue; /* [level][position][attribute][width], largest first */
  /* [tensor] */
  double *weight_effective_rank, *weight_participation, *weight_condition;
  double *singular_value; /* [tensor][singular], largest first, then NAN */
  /* names at their first mention in a biography */
  double *key_spread;   /* [level]: root mean square distance of known names from their mean */
  double *key_distance; /* [level][person]: to the nearest other known name */
  double *person_loss, *person_confidence; /* [person]: of the model, on the same biography */
} lore_probe_result;

/* Cuts (or counts) a result out of `arena`. */
void lore_probe_result_layout(lore_probe_result *result, lore_arena *arena, lore_probe_sizes sizes);

typedef enum {
  LORE_PROBE_BY_GROUP,
  LORE_PROBE_BY_LEVEL,
  LORE_PROBE_BY_POSITION,
  LORE_PROBE_BY_TARGET,
  LORE_PROBE_BY_ATTRIBUTE,
  LORE_PROBE_BY_DIRECTION,
  LORE_PROBE_BY_TENSOR,
  LORE_PROBE_BY_SINGULAR,
  LORE_PROBE_BY_PERSON,
  LORE_PROBE_SIDES
} lore_probe_side;

enum { LORE_PROBE_RANK = 4 };

typedef struct {
  const char *name, *long_name, *units;
  size_t offset; /* of a double * in lore_probe_result */
  int rank;
  lore_probe_side side[LORE_PROBE_RANK];
} lore_probe_quantity;

extern const lore_probe_quantity lore_probe_quantity_table[];
extern const int lore_probe_quantities;

size_t lore_probe_side_length(lore_probe_sizes sizes, lore_probe_side side);
/* Values of a quantity in one snapshot. */
size_t lore_probe_quantity_values(lore_probe_sizes sizes, const lore_probe_quantity *quantity);

/* Where readout (group, level, position, target) stands. */
static inline size_t lore_probe_at(lore_probe_sizes sizes, int group, int level, int position,
                                   int target) {
  int cell = (group * sizes.levels + level) * LORE_PROBE_POSITIONS + position;
  return (size_t)cell * LORE_PROBE_TARGETS + (size_t)target;
}

/* Where spectrum (level, position, attribute) stands. */
static inline size_t lore_probe_spectrum_at(int level, int position, int attribute) {
  int cell = level * LORE_PROBE_POSITIONS + position;
  return (size_t)cell * LORE_ATTRIBUTES + (size_t)attribute;
}

/* Puts a spectrum's summary where it belongs. */
static inline void lore_probe_put_spectrum(int count, const double *value, double *effective_rank,
                                           double *participation, double *condition) {
  lore_spectrum spectrum = lore_spectrum_of(count, value);
  *effective_rank = spectrum.effective_rank;
  *participation = spectrum.participation;
  *condition = spectrum.condition;
}

#endif
