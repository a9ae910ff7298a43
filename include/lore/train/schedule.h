/* How a run trains, and what happens at which step: learning rate, patching. */
#ifndef LORE_TRAIN_SCHEDULE_H
#define LORE_TRAIN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/enum.h"

/* How ranks add gradients: in the order of one tree over shards, or in the order of
 * MPI_Iallreduce. */
#define LORE_REDUCTION_LIST(X)                                                                     \
  X(LORE_REDUCTION_REPRODUCIBLE, "reproducible")                                                   \
  X(LORE_REDUCTION_MPI, "mpi")
#define LORE_SCHEDULE_LIST(X)                                                                      \
  X(LORE_SCHEDULE_COSINE, "cosine")                                                                \
  X(LORE_SCHEDULE_CONSTANT, "constant")

#define LORE_OPTIMIZER_LIST(X)                                                                     \
  X(LORE_OPTIMIZER_ADAMW, "adamw")                                                                 \
  X(LORE_OPTIMIZER_MUON, "muon")                                                                   \
  X(LORE_OPTIMIZER_LION, "lion")                                                                   \
  X(LORE_OPTIMIZER_SGD, "sgd")

typedef enum { LORE_REDUCTION_LIST(LORE_ENUM_VALUE) } lore_reduction;
typedef enum { LORE_SCHEDULE_LIST(LORE_ENUM_VALUE) } lore_schedule;
typedef enum { LORE_OPTIMIZER_LIST(LORE_ENUM_VALUE) } lore_optimizer;

enum { LORE_REFERENCE_NAME = 64 };

/* Attention patching (science.md section 6): from step `start` on, the attention patterns of a
 * reference, as they were after `reference` of its steps, take the place of the model's own. */
typedef struct {
  char from[LORE_REFERENCE_NAME]; /* experiment; "none": no patching */
  int64_t reference;              /* -1: its last step */
  int64_t start;                  /* the optimiser's state is reset there */
} lore_patch_config;

/* Whether there is a reference. */
bool lore_patch_wanted(const lore_patch_config *patch);

/* Whether `step` of `steps` uses the reference's patterns. */
bool lore_patch_active(const lore_patch_config *patch, int64_t step, int64_t steps);

typedef struct {
  int64_t steps;
  int batch;                                 /* sequences per step */
  int shard;                                 /* sequences per shard; divides batch */
  double learning_rate, final_learning_rate; /* cosine goes from the first to the second */
  int64_t warmup_steps;                      /* linear, the first with 1/warmup_steps of the rate */
  lore_schedule schedule;
  lore_optimizer optimizer;
  double matrix_learning_rate; /* Muon: highest rate of the matrices that it takes */
  double momentum;             /* Muon and SGD */
  double weight_decay;
  double beta1, beta2, epsilon;
  double clip; /* largest global gradient norm; 0 leaves gradients alone */
  lore_reduction reduction;
  lore_patch_config patch;
} lore_train_config;

/* Learning rate of `step` (0 .. steps-1). */
double lore_learning_rate(const lore_train_config *config, int64_t step);

/* The same of matrices that Muon takes: as large a part of their highest rate. */
double lore_matrix_learning_rate(const lore_train_config *config, int64_t step);

#endif
