/* Every setting of a study, typed. The table in lore/settings/table.h says what each is called and
 * may be. */
#ifndef LORE_SETTINGS_SETTINGS_H
#define LORE_SETTINGS_SETTINGS_H

#include <stdint.h>

#include "lore/base/enum.h"
#include "lore/base/list.h"
#include "lore/data/distribution.h"
#include "lore/data/pairs.h"
#include "lore/data/population.h"
#include "lore/data/sampler.h"
#include "lore/eval/evaluate.h"
#include "lore/model/gemm.h"
#include "lore/model/kernels.h"
#include "lore/model/model.h"
#include "lore/train/schedule.h"

enum { LORE_NAME_MAX = 64 };

/* What is trained: a transformer on biographies, or the toy associative memory on pairs. */
#define LORE_TASK_LIST(X)                                                                          \
  X(LORE_TASK_BIOGRAPHIES, "biographies")                                                          \
  X(LORE_TASK_MEMORY, "memory")

typedef enum { LORE_TASK_LIST(LORE_ENUM_VALUE) } lore_task;

typedef struct {
  int64_t every; /* steps between checkpoints to resume from; 0: only when told to stop */
  lore_integer_list
      snapshots; /* steps after which weights are written; the final weights always are */
} lore_checkpoint_config;

typedef struct {
  int threads; /* 0: as many as this process may use */
  lore_gemm_backend gemm;
  lore_isa isa; /* highest level of kernels */
} lore_compute_config;

typedef struct {
  char name[LORE_NAME_MAX];
  uint64_t seed;
  lore_task task;
  lore_population_config population;
  lore_model_config model;
  lore_memory_config memory;
  lore_train_config train;
  lore_distribution_config distribution;
  lore_curriculum_config curriculum;
  lore_evaluate_config evaluate;
  lore_checkpoint_config checkpoint;
  lore_compute_config compute;
} lore_settings;

#endif
