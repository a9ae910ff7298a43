/* What is probed, who is read, and how much is found.
 *
 * A probe is fitted on three quarters of the known individuals that are used (training templates)
 * and judged on evaluation templates of three groups: fitted individuals, the other quarter, and
 * held-out ones. Only the other quarter tells what the model has made readable, as a linear map can
 * remember fitted individuals by itself; the control, the same with values dealt out at random
 * (Hewitt and Liang 2019), shows how much it remembers.
 *
 * Levels are those of lore_stream_watch: 0 is the embedding, l the stream after layer l. */
#ifndef LORE_PROBE_PROBLEM_H
#define LORE_PROBE_PROBLEM_H

#include "lore/base/arena.h"
#include "lore/data/population.h"
#include "lore/model/model.h"
#include "lore/probe/options.h"

typedef enum {
  LORE_PROBE_AT_NAME, /* last token of the name, in the sentence about the attribute */
  LORE_PROBE_AT_VALUE /* token that predicts the first token of the value */
} lore_probe_position;

typedef enum { LORE_PROBE_FITTED, LORE_PROBE_OTHER, LORE_PROBE_HELD_OUT } lore_probe_group;

enum {
  LORE_PROBE_POSITIONS = 2,
  LORE_PROBE_GROUPS = 3,
  LORE_PROBE_PARTS_MAX = 3, /* targets of one attribute: a birth date's day, month and year */
  LORE_PROBE_TARGETS = LORE_ATTRIBUTES + LORE_PROBE_PARTS_MAX - 1
};

/* "name", "value"; "fitted", "other", "held_out"; "birth_place", "birth_day", ... */
const char *lore_probe_position_name(int position);
const char *lore_probe_group_name(int group);
const char *lore_probe_target_name(int target);

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

/* Index in model->tensor of weight matrix `tensor` (0 .. tensors - 1). */
int lore_probe_tensor(const lore_model *model, int tensor);

/* What the biographies of a group serve. The number is the step of their random stream. */
typedef enum { LORE_PROBE_FIT, LORE_PROBE_CHOOSE, LORE_PROBE_JUDGE } lore_probe_use;

/* Individuals of `group` that serve `use`. Every fourth of the known ones is an other one; of the
 * fitted ones as many as of these choose and judge. */
int lore_probe_rows(const lore_probe_config *config, lore_probe_group group, lore_probe_use use);

/* Who row `row` of these is about. */
int64_t lore_probe_individual(const lore_probe_problem *problem, lore_probe_group group,
                              lore_probe_use use, int row);

/* Whose values stand in for those of that individual in the control: another one's of the same
 * kind (known or held out), by an order that is drawn once. */
typedef struct {
  uint32_t *known, *held_out; /* orders of `individuals` and `held_out` */
} lore_probe_shuffle;

void lore_probe_shuffle_layout(lore_probe_shuffle *shuffle, lore_arena *arena,
                               const lore_probe_problem *problem);
int64_t lore_probe_stand_in(const lore_probe_problem *problem, const lore_probe_shuffle *shuffle,
                            lore_probe_group group, lore_probe_use use, int row);

/* Who is compared: individual[persons], indices into the population. */
void lore_probe_persons(const lore_probe_problem *problem, int64_t *individual);

#endif
