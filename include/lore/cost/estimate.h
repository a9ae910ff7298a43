/* What a run will need, without running it. */
#ifndef LORE_COST_ESTIMATE_H
#define LORE_COST_ESTIMATE_H

#include "lore/settings/settings.h"

/* What a run needs on each rank; sizes in bytes. */
typedef struct {
  int vocabulary, context, threads;
  int64_t parameters;
  double tokens_per_biography; /* mean over a sample */
  double baseline, empirical_baseline;
  int64_t steps, evaluations;
  double tokens;                /* of the whole training */
  double operations;            /* floating-point operations of the whole training */
  double evaluation_operations; /* and of all its evaluations */
  double attention_operations;  /* of both, attention's own products, which are always float32 */
  double other_operations;      /* these, and what is no matrix product, as the number of operations
                                   of float32 products that take as long */
  size_t population_bytes, trainer_bytes, evaluator_bytes, scratch_bytes;
  size_t process_bytes; /* what the program itself occupies already */
  size_t peak_bytes;    /* the sum */
  size_t checkpoint_bytes;
} lore_estimate;

/* Works out `estimate` for a run of `ranks` ranks without training; memory is that of the rank that
 * needs most. LORE_USER as lore_run_check_ranks. */
lore_status lore_run_estimate(const lore_settings *settings, int ranks, lore_estimate *estimate);

/* The same from at most 1,024 people of each group, in milliseconds: tokens_per_biography, and what
 * follows from it, within a per cent; empirical_baseline is that of the sample. */
lore_status lore_run_estimate_sampled(const lore_settings *settings, int ranks,
                                      lore_estimate *estimate);

#endif
