/* Training the toy associative memory: one thread, one process. */
#ifndef LORE_TRAIN_MEMORY_TRAINER_H
#define LORE_TRAIN_MEMORY_TRAINER_H

#include "lore/model/memory.h"
#include "lore/train/schedule.h"

typedef struct {
  lore_pairs pairs;
  lore_train_config config;
  int64_t first_step; /* of the random streams: behind those of the run whose weights it
                         continues */
  int64_t elements;
  lore_tensor tensor[LORE_MEMORY_VARIABLES];
  lore_arena arena;
  int rows; /* pairs that the workspace has room for: a batch at least */
  lore_memory_workspace workspace;
  real *parameters, *gradient, *first_moment, *second_moment; /* `elements` each */
} lore_memory_trainer;

/* Result of one step: mean cross-entropy (nats) and norm of its gradient before clipping. */
typedef struct {
  double loss, gradient_norm;
} lore_memory_step;

/* Makes the pairs and initial parameters. Destroy also after a failure. LORE_MEMORY. */
lore_status lore_memory_trainer_create(const lore_memory_config *memory,
                                       const lore_train_config *train, uint64_t seed,
                                       int64_t first_step, lore_memory_trainer *trainer);
void lore_memory_trainer_destroy(lore_memory_trainer *trainer);

/* Bytes that it allocates beside the pairs. */
size_t lore_memory_trainer_bytes(const lore_memory_config *memory, const lore_train_config *train);

/* One update, number `step` from 0. Allocates nothing. */
lore_memory_step lore_memory_trainer_step(lore_memory_trainer *trainer, int64_t step);

#endif
