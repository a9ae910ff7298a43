/* Where the knowledge sits: from which level and token position attribute values can be read by a
 * linear map, how many directions carry them, and how close to each other names lie (doc/probe.md).
 *
 * A probe is fitted on three quarters of the known individuals that are used (training templates)
 * and judged on evaluation templates of three groups: fitted individuals, the other quarter, and
 * held-out ones. Only the other quarter tells what the model has made readable, as a linear map can
 * remember fitted individuals by itself; the control, the same with values dealt out at random
 * (Hewitt and Liang 2019), shows how much it remembers.
 *
 * Levels are those of lore_stream_watch: 0 is the embedding, l the stream after layer l. */
#ifndef LORE_PROBE_PROBE_H
#define LORE_PROBE_PROBE_H

#include <stddef.h>

#include "lore/base/arena.h"
#include "lore/data/population.h"
#include "lore/linalg/grid.h"
#include "lore/model/model.h"

typedef enum {
  LORE_PROBE_AT_NAME, /* last token of the name, in the sentence about the attribute */
  LORE_PROBE_AT_VALUE /* token that predicts the first token of the value */
} lore_probe_position;

typedef enum { LORE_PROBE_FITTED, LORE_PROBE_OTHER, LORE_PROBE_HELD_OUT } lore_probe_group;

enum {
  LORE_PROBE_POSITIONS = 2,
  LORE_PROBE_GROUPS = 3,
  LORE_PROBE_TARGETS = LORE_ATTRIBUTES + 2, /* a birth date's day, month and year are read apart */
  LORE_PROBE_STRENGTHS_MAX = 32,
  LORE_PROBE_INDIVIDUALS_LEAST = 8
};

/* "name", "value"; "fitted", "other", "held_out"; "birth_place", "birth_day", ... */
const char *lore_probe_position_name(int position);
const char *lore_probe_group_name(int group);
const char *lore_probe_target_name(int target);

typedef struct {
  int individuals; /* known ones, evenly spread; at least LORE_PROBE_INDIVIDUALS_LEAST */
  int held_out;    /* individuals of that group; may be 0 */
  int keys;        /* known individuals whose names are compared, and as many held-out ones */
  int strengths;
  double strength[LORE_PROBE_STRENGTHS_MAX]; /* of the ridge penalty, positive; as in regression.h */
} lore_probe_config;

/* What is probed. Pointers are kept, not owned. */
typedef struct {
  const lore_model *model;
  const lore_population *population;
  int longest; /* tokens of the longest biography */
  int threads;
  lore_probe_config config;
} lore_probe_problem;

/* Sizes of what is found. */
typedef struct {
  int levels;   /* layers + 1 */
  int width;    /* eigenvalues of a covariance */
  int tensors;  /* weight matrices */
  int singular; /* most singular values of one */
  int persons;  /* names that are compared: known ones first, then held-out ones */
  int known_persons;
} lore_probe_sizes;

lore_probe_sizes lore_probe_sizes_of(const lore_probe_problem *problem);

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

/* Who is compared: individual[persons], indices into the population. */
void lore_probe_persons(const lore_probe_problem *problem, int64_t *individual);

/* Index in model->tensor of weight matrix `tensor` (0 .. tensors - 1). */
int lore_probe_tensor(const lore_model *model, int tensor);

/* Rows and columns of a block for matrices of `width` columns on so many ranks: small enough that
 * every column of the grid gets its share, as block columns are not divided. */
int lore_probe_block(int width, int ranks);

/* Bytes that a rank needs at the most, all levels at once and one level at a time. */
lore_bytes_function lore_probe_bytes, lore_probe_bytes_least; /* of a lore_probe_problem */

/* Floating-point operations for one snapshot, over all ranks. */
typedef struct {
  double forward; /* the model's, in its own precision; with all levels at once */
  double algebra; /* in double precision */
} lore_probe_operations;

lore_probe_operations lore_probe_count(const lore_probe_problem *problem);

/* Probes the model with `parameters`. As many levels at a time as memory allows; LORE_MEMORY if not
 * even one, before anything is computed. All ranks of the grid get the same result. */
lore_status lore_probe_snapshot(const lore_probe_problem *problem, const lore_grid *grid,
                                const real *parameters, lore_probe_result *result);

#endif
