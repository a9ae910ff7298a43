/* The metrics of science.md section 2, on groups of individuals. */
#ifndef LORE_EVAL_EVALUATE_H
#define LORE_EVAL_EVALUATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/list.h"
#include "lore/base/team.h"
#include "lore/data/attribute.h"
#include "lore/data/exposure.h"
#include "lore/data/population.h"
#include "lore/model/model.h"

enum { LORE_GROUP_NAME_MAX = 32, LORE_GROUPS_MAX = 64 };

typedef struct {
  int64_t every; /* steps between evaluations; step 0 and the last step are always evaluated */
  int64_t dense_every; /* the same until step dense_until; 0: no dense part */
  int64_t dense_until;
  int sequences;           /* per group: biographies, and as many questions, if there are any */
  int attention_sequences; /* of these, used for attention signatures */
  double plateau_margin;   /* share of the baseline */
  lore_word_list groups;   /* names of groups; empty: those that the run has */
} lore_evaluate_config;

/* Whether `step` (0 .. steps) is evaluated. */
int lore_evaluate_due(const lore_evaluate_config *config, int64_t step, int64_t steps);
/* How many evaluations a whole run makes. */
int64_t lore_evaluate_count(const lore_evaluate_config *config, int64_t steps);

/* A named set of individuals [first, first+count). */
typedef struct {
  char name[LORE_GROUP_NAME_MAX];
  int64_t first, count;
} lore_group;

/* Of the values of individuals that are in one bin (lore/data/exposure.h). */
typedef struct {
  double values[LORE_EXPOSURE_BINS];   /* how many were evaluated */
  double accuracy[LORE_EXPOSURE_BINS]; /* share that is right; NAN without values */
  double loss[LORE_EXPOSURE_BINS];     /* mean; NAN without values */
} lore_binned_metrics;

/* Results for one group. Losses in nats; see science.md section 2 for the definitions. */
typedef struct {
  double attribute_loss, attribute_accuracy;
  double max_probability, entropy; /* over value tokens */
  double attribute_loss_by_attribute[LORE_ATTRIBUTES];
  double attribute_accuracy_by_attribute[LORE_ATTRIBUTES];
  double stored_bits;                          /* of all individuals of the group, at least */
  double stored_bits_per_parameter;            /* over all parameters */
  double stored_bits_per_layer_parameter;      /* over those but of embeddings and head */
  double calibration_error, confidently_wrong; /* of values: eval/answers.h */
  /* Area under the ROC curve of telling the first group's values from this group's by confidence,
   * and by entropy; NAN for the first group. */
  double auroc_confidence, auroc_entropy;
  /* By how often training has shown an individual, and by steps since it last did; all NAN if that
   * is not known. */
  lore_binned_metrics exposure, recency;
  /* Of the answers to questions, mean over questions; NAN if the vocabulary has none. */
  double question_loss, question_accuracy;
} lore_group_metrics;

/* Attention signatures of one layer, averaged over heads and sequences. */
typedef struct {
  double name_to_name, attribute_to_name, attribute_to_text, sharpness;
} lore_attention_metrics;

typedef struct lore_evaluator lore_evaluator;

/* Prepares evaluation of `groups` groups (copied) by `threads` threads on each rank of `team`;
 * `patched`: lore_evaluator_patch may be called. Keeps pointers to model and population.
 * LORE_MEMORY, which may be that of some ranks only: the caller has to make them agree. */
lore_status lore_evaluator_create(const lore_model *model, const lore_population *population,
                                  const lore_evaluate_config *config, int groups,
                                  const lore_group *group, lore_team team, int threads,
                                  bool patched, lore_evaluator **evaluator);
void lore_evaluator_destroy(lore_evaluator *evaluator);

/* Bytes of the arena that lore_evaluator_create maps, for sequences of at most `longest` tokens. */
size_t lore_evaluator_bytes(const lore_model *model, const lore_evaluate_config *config, int groups,
                            int longest, int threads, bool patched);

/* From now on the model is evaluated with the attention patterns of the parameters `reference`
 * (all of the model, lore_model.parameters), which must stay; NULL: with its own. */
void lore_evaluator_patch(lore_evaluator *evaluator, const real *reference);

/* What the next evaluations bin individuals by, which must stay; NULL: it is not known. All ranks
 * need the same counts. */
void lore_evaluator_expose(lore_evaluator *evaluator, const lore_exposure *exposure);

/* Evaluates `parameters`: metrics of each group (`groups` entries) and attention signatures of each
 * layer that attends (lore_model_attention_layers entries) on the first group's first
 * attention_sequences sequences. The same bits for any number of threads and ranks; all ranks call
 * it and get them. Allocates nothing but what the C library's qsort does. LORE_MPI. */
lore_status lore_evaluator_run(lore_evaluator *evaluator, const real *parameters,
                               lore_group_metrics *metrics, lore_attention_metrics *attention);

#endif
