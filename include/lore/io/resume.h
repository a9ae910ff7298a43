/* Resume points: checkpoints with everything that a run needs to resume. */
#ifndef LORE_IO_RESUME_H
#define LORE_IO_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/status.h"
#include "lore/data/vocabulary.h"
#include "lore/eval/phases.h"
#include "lore/io/elements.h"
#include "lore/io/metrics.h"
#include "lore/model/model.h"

/* Everything that a run needs to resume after `step` updates as if it had never stopped. */
typedef struct {
  int64_t step, tokens_seen;
  double loss_sum; /* nats, and tokens, since the last record */
  int64_t loss_tokens;
  double gradient_norm; /* of the last step */
  lore_phase_detector detector;
  double seconds;     /* of training so far */
  int64_t records;    /* in the metrics file */
  int64_t widened_at; /* lore_sampler.widened_at; LORE_NEVER: not yet */
  uint64_t settings_hash;
  char gemm_backend[16];
  char records_checksum[LORE_METRICS_CHECKSUM]; /* of those records; "": not known */
} lore_resume;

/* The three vectors of a run, model->elements reals each. */
typedef struct {
  real *parameters;
  lore_elements first_moment, second_moment;
} lore_training_state;

/* Writes directory/resume_<step>.nc: the weights as in lore_checkpoint_write, the moments as
 * further variables, `resume` as attributes (integers up to 2^53). Once it is complete all but it
 * and the one before are removed; a failure leaves all that were there and no temporary file. */
lore_status lore_resume_write(const char *directory, const lore_model *model,
                              const lore_training_state *state, const lore_vocabulary *vocabulary,
                              const lore_resume *resume, int provenances,
                              const lore_provenance *provenance);

/* Reads the newest one that is whole: a damaged one costs a warning and the one before is tried.
 * *found is false, and `state` untouched, if there is none. LORE_USER if it is of another model.
 * What writers that were killed have left is removed. */
lore_status lore_resume_read(const char *directory, const lore_model *model,
                             const lore_training_state *state, lore_resume *resume, bool *found);

/* The step in the name resume_<step>.nc; -1 if `name` is another one. */
int64_t lore_resume_step(const char *name);

/* What the resume point `path` says of the run, without weights and moments: LORE_NETCDF if that
 * cannot be. */
lore_status lore_resume_describe(const char *path, lore_resume *resume);

/* Removes all of them (the run is done). */
void lore_resume_remove(const char *directory);

/* Removes the weights beside them (a run with other settings begins there). */
void lore_resume_remove_weights(const char *directory);

/* The resume points of a directory, newest first. Free the steps, also after a failure. A directory
 * that does not exist has none. */
typedef struct {
  int count;
  int64_t *step;
} lore_resume_points;

lore_status lore_resume_list(const char *directory, lore_resume_points *points);

#endif
