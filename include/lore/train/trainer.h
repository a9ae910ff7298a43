/* One replica's training step: shards, gradient sum, update.
 *
 * The batch is cut into shards of a fixed number of sequences. The ranks of the replica's team
 * share them, and a thread computes whole shards, or a crew of threads computes one together;
 * gradients are added in the order of one binary tree over shard numbers, so the sum has the same
 * bits for any number of threads and ranks.
 * Sums over ranks begin while backward still runs. Each rank then updates the pieces of the
 * parameters that it owns, and keeps the optimiser's moments of them alone; with
 * LORE_REDUCTION_MPI, every rank does it all. Pieces are copied to all ranks while the next step's
 * forward runs. A step allocates nothing of ours and opens no file. */
#ifndef LORE_TRAIN_TRAINER_H
#define LORE_TRAIN_TRAINER_H

#include <stdint.h>

#include "lore/base/team.h"
#include "lore/data/batch.h"
#include "lore/data/sampler.h"
#include "lore/io/resume.h"
#include "lore/model/gemm.h"
#include "lore/model/model.h"
#include "lore/train/schedule.h"

/* Where sequences come from: fill() puts sequences [first, first+count) of `step` into an empty
 * batch. It is called from several threads at once. */
typedef struct {
  void (*fill)(const void *context, lore_batch *batch, uint64_t step, int64_t first, int count);
  const void *context;
} lore_batch_source;

/* What lore_batch_source_of_population needs to know; must outlive the source. */
typedef struct {
  const lore_population *population;
  lore_sampler sampler;
} lore_population_source;

/* Training biographies of a population. */
lore_batch_source lore_batch_source_of_population(const lore_population_source *population);

typedef struct {
  double loss;          /* nats per token, mean over the batch, before the update */
  double gradient_norm; /* of the mean gradient, before clipping */
  int64_t tokens;
  int votes;               /* ranks that have called lore_trainer_vote */
  double exchange_seconds; /* that this rank waited for gradients and parameters of others */
} lore_step;

typedef struct lore_trainer lore_trainer;

/* Initial parameters from `seed`, moments zero. `longest` is the longest sequence in tokens; `team`
 * has at most batch / shard ranks. Threads form crews only if the backend of products that is
 * selected now and later allows it (lore_gemm_divides). Keeps pointers to model and source, and
 * communicates on a duplicate of the team's communicator. All ranks of the team call it and get the
 * same status: LORE_MEMORY, LORE_MPI. */
lore_status lore_trainer_create(const lore_model *model, const lore_train_config *config,
                                lore_batch_source source, int longest, lore_team team, int threads,
                                uint64_t seed, lore_trainer **trainer);
/* All ranks of the team. */
void lore_trainer_destroy(lore_trainer *trainer);

/* Bytes of the arena that lore_trainer_create maps and touches, with products by `backend`;
 * LORE_GEMM_AUTO: at most. */
size_t lore_trainer_bytes(const lore_model *model, const lore_train_config *config, int longest,
                          lore_team team, int threads, lore_gemm_backend backend);

/* Makes step `step` (0 .. steps-1). All ranks of the team call it and get the same result.
 * LORE_MPI: the parameters are invalid then. */
lore_status lore_trainer_step(lore_trainer *trainer, int64_t step, lore_step *result);

/* From the next step on, this rank asks for the end: `votes` tells all ranks at the same step. */
void lore_trainer_vote(lore_trainer *trainer);

/* Waits until this rank has the parameters of the last step. All ranks, before anything but the
 * next step. LORE_MPI. */
lore_status lore_trainer_wait(lore_trainer *trainer);

/* Parameters and moments, owned by the trainer: to be saved, or filled to resume. Moments are
 * gathered from all ranks, or given to all, by rank 0; the others serve meanwhile, until rank 0
 * dismisses them. LORE_MPI. */
lore_training_state lore_trainer_state(lore_trainer *trainer);
lore_status lore_trainer_serve(lore_trainer *trainer);
lore_status lore_trainer_dismiss(lore_trainer *trainer);

/* The parameters, model->elements reals; owned by the trainer. */
real *lore_trainer_parameters(lore_trainer *trainer);

/* The parameters of the reference, to be filled before the first step; NULL without patching.
 * model->elements reals, owned by the trainer. */
real *lore_trainer_reference(lore_trainer *trainer);

/* The gradient of the last step, summed over the batch's tokens (not their mean). Of
 * a team of one rank. */
const real *lore_trainer_gradient(const lore_trainer *trainer);

#endif
