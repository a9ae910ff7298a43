/* How fast matrix products are here, for a prediction of hours. */
#include <stdio.h>

#include "lore/base/threads.h"
#include "lore/cost/plan.h"
#include "lore/model/decoder.h"
#include "lore/model/gemm.h"
#include "lore/model/memory.h"
#include "lore/run/assembly.h"

enum {
  SHAPES_MAX = (int)LORE_GEMM_SHAPES_MAX > (int)LORE_MEMORY_GEMM_SHAPES
                   ? (int)LORE_GEMM_SHAPES_MAX
                   : (int)LORE_MEMORY_GEMM_SHAPES
};

static double operations_of(int count, const lore_gemm_shape *shape) {
  double operations = 0;
  for (int i = 0; i < count; i++)
    operations += 2.0 * shape[i].m * shape[i].n * shape[i].k * shape[i].count;
  return operations;
}

/* A shard's products, in no more rows than a pass in a few hundredths of a second allows. */
static lore_status make_shapes(const lore_settings *s, int *count, lore_gemm_shape *shape) {
  enum { ROWS_MIN = 64, ROWS_MAX = 512 };
  *count = LORE_MEMORY_GEMM_SHAPES;
  if (s->task == LORE_TASK_MEMORY) {
    lore_memory_gemm_shapes(&s->memory, s->train.batch, shape);
    return LORE_OK;
  }
  lore_vocabulary *vocabulary = NULL;
  lore_model *model = NULL;
  lore_status status = lore_vocabulary_create(&vocabulary);
  if (status == LORE_OK) {
    int longest = lore_vocabulary_longest_biography(vocabulary);
    status = lore_model_create(&s->model, lore_vocabulary_size(vocabulary), longest, &model);
    if (status == LORE_OK) {
      double affordable = 3e9 / lore_model_flops_per_token(model, 0);
      double rows = (double)s->train.shard * longest;
      rows = rows > ROWS_MAX ? ROWS_MAX : rows;
      rows = rows > affordable ? affordable : rows;
      *count = lore_decoder_gemm_shapes(model, rows < ROWS_MIN ? ROWS_MIN : (int)rows, shape);
    }
  }
  lore_model_destroy(model);
  lore_vocabulary_destroy(vocabulary);
  return status;
}

lore_status lore_plan_measure(const lore_manifest *manifest, const lore_plan_run *run,
                              double seconds, lore_plan_speed *speed) {
  lore_gemm_shape shape[SHAPES_MAX];
  int largest = 0, shapes;
  double each;
  char text[128];
  for (int r = 0; r < manifest->runs; r++)
    if (run[r].operations > run[largest].operations)
      largest = r;
  lore_settings settings;
  const lore_settings *s = &settings;
  lore_manifest_settings(manifest, largest, &settings);
  int threads = run[largest].threads;
  LORE_TRY(make_shapes(s, &shapes, shape));
  LORE_TRY(lore_threads_pin(threads));
  if (s->compute.gemm == LORE_GEMM_AUTO)
    LORE_TRY(lore_gemm_choose(shape, shapes, threads, seconds / 2, sizeof text, text));
  else
    LORE_TRY(lore_gemm_select(s->compute.gemm));
  LORE_TRY(lore_gemm_time(lore_gemm_selected(), shape, shapes, threads, seconds / 2, &each));
  *speed = (lore_plan_speed){.gemm_gflops = 1e-9 * threads * operations_of(shapes, shape) / each};
  speed->gflops = LORE_PLAN_STEP_SHARE * speed->gemm_gflops;
  snprintf(speed->backend, sizeof speed->backend, "%s", lore_gemm_name(lore_gemm_selected()));
  return LORE_OK;
}
