/* What costs depend on the task: one entry for each, in its own file. */
#ifndef LORE_COST_TASK_H
#define LORE_COST_TASK_H

#include "lore/cost/estimate.h"
#include "lore/cost/operations.h"
#include "lore/model/decoder.h"
#include "lore/model/memory.h"

enum {
  LORE_COST_SHAPES_MAX = (int)LORE_GEMM_SHAPES_MAX > (int)LORE_MEMORY_GEMM_SHAPES
                             ? (int)LORE_GEMM_SHAPES_MAX
                             : (int)LORE_MEMORY_GEMM_SHAPES
};

typedef struct {
  bool sharded; /* all ranks of a run compute, else one; and it has resume points */
  /* As lore_run_estimate; `sampled` as lore_run_estimate_sampled. */
  lore_status (*estimate)(const lore_settings *settings, int ranks, bool sampled,
                          lore_estimate *estimate);
  /* The size of a file of weights, bytes. */
  lore_status (*checkpoint)(const lore_settings *settings, size_t *bytes);
  /* Floating-point operations of the training. */
  lore_status (*operations)(lore_operation_counter *counter, const lore_settings *settings,
                            double *operations);
  /* The matrix products of a step, at most LORE_COST_SHAPES_MAX, in no more rows than a pass of a
   * few hundredths of a second allows. */
  lore_status (*shapes)(const lore_settings *settings, int *count, lore_gemm_shape *shape);
} lore_cost_task;

extern const lore_cost_task lore_cost_biographies, lore_cost_memory;

const lore_cost_task *lore_cost_task_of(lore_task task);

/* Leaves at most 1,024 individuals of each kind, for what does not depend on how many there are.
 * Nothing can be drawn from a run of what is left. */
void lore_cost_sample(lore_settings *settings);

/* Memory of this process now, and what libraries allocate later, in bytes. */
size_t lore_process_bytes(void);

#endif
