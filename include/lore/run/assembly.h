/* The parts of a run, made from its settings. */
#ifndef LORE_RUN_ASSEMBLY_H
#define LORE_RUN_ASSEMBLY_H

#include "lore/data/population.h"
#include "lore/eval/evaluate.h"
#include "lore/model/model.h"
#include "lore/settings/settings.h"
#include "lore/train/trainer.h"

typedef struct {
  const lore_settings *settings;
  int threads;
  lore_vocabulary *vocabulary;
  lore_population *population;
  int longest; /* tokens of the longest biography */
  lore_model *model;
  lore_population_source source;
  int groups;
  lore_group group[LORE_GROUPS_MAX];
  int held_out, subset; /* indices of these groups, or -1 */
  double baseline, empirical_baseline;
  double subset_baseline; /* where the loss of an adaptive curriculum's subset rests */
} lore_assembly;

/* Vocabulary, population and model. Destroy also after a failure. Keeps a pointer to `settings`. */
lore_status lore_assembly_create(const lore_settings *settings, lore_assembly *assembly);
void lore_assembly_destroy(lore_assembly *assembly);

/* Adaptive curriculum: the step from which all individuals are drawn, or LORE_NEVER, once the
 * subset has been evaluated at `step`; `before` is what it was. Unchanged with any other
 * curriculum. */
int64_t lore_assembly_widen(const lore_assembly *assembly, int64_t before, int64_t step,
                            double subset_loss);

/* Floating-point operations of a whole training on sequences of `tokens` tokens. A patched step
 * needs the reference's layers forward too. */
double lore_assembly_operations(const lore_model *model, const lore_settings *settings,
                                double tokens);

/* Mean tokens over a sample. */
typedef struct {
  double biography;
  double question;       /* 0: the vocabulary has none */
  double values, answer; /* of these, those that evaluations predict */
} lore_lengths;

lore_status lore_assembly_lengths(const lore_assembly *assembly, lore_lengths *lengths);

/* The share of a training's sequences that are questions, from a sample of its draws. */
double lore_assembly_asking(const lore_settings *settings);

/* Mean tokens of a sequence of a training. */
double lore_assembly_tokens(const lore_settings *settings, lore_lengths lengths);

#endif
