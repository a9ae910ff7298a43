/* How fast matrix products are here, for a prediction of hours. */
#include "lore/cost/speed.h"

#include <stdio.h>

#include "lore/base/threads.h"
#include "lore/model/gemm.h"
#include "lore/model/kernels.h"
#include "task.h"

static double operations_of(int count, const lore_gemm_shape *shape) {
  double operations = 0;
  for (int i = 0; i < count; i++)
    operations += 2.0 * shape[i].m * shape[i].n * shape[i].k * shape[i].count;
  return operations;
}

static lore_status time_products(lore_precision precision, lore_gemm_backend backend,
                                 const lore_gemm_shape *shape, int shapes, int threads,
                                 double seconds, double *gflops) {
  double each;
  LORE_TRY(lore_gemm_time(precision, backend, shape, shapes, threads, seconds, &each));
  *gflops = 1e-9 * threads * operations_of(shapes, shape) / each;
  return LORE_OK;
}

lore_status lore_speed_measure(const lore_settings *s, int threads, double seconds,
                               lore_plan_speed *speed) {
  lore_gemm_shape shape[LORE_COST_SHAPES_MAX];
  int shapes, level;
  char text[128];
  *speed = (lore_plan_speed){0};
  LORE_TRY(lore_cost_task_of(s->task)->shapes(s, &shapes, shape));
  LORE_TRY(lore_threads_pin(threads));
  LORE_TRY(lore_level_limit(s->compute.isa, &level));
  lore_level_select(level);
  lore_gemm_backend backend = lore_gemm_for(s->model.precision, s->compute.gemm);
  if (backend == LORE_GEMM_AUTO)
    LORE_TRY(lore_gemm_choose(shape, shapes, threads, seconds / 2, sizeof text, text));
  else
    LORE_TRY(lore_gemm_select(backend));
  LORE_TRY(time_products(s->model.precision, lore_gemm_selected(), shape, shapes, threads,
                         seconds / 2, &speed->gemm_gflops));
  speed->float32_gflops = speed->gemm_gflops;
  if (s->model.precision != LORE_FLOAT32)
    LORE_TRY(time_products(LORE_FLOAT32, LORE_GEMM_BUILTIN, shape, shapes, threads, seconds / 2,
                           &speed->float32_gflops));
  snprintf(speed->backend, sizeof speed->backend, "%s", lore_gemm_name(lore_gemm_selected()));
  return LORE_OK;
}
