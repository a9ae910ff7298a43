/* How fast matrix products are here, for a prediction of hours. */
#ifndef LORE_COST_SPEED_H
#define LORE_COST_SPEED_H

#include "lore/settings/settings.h"

/* How fast a rank is. */
typedef struct {
  double gflops;         /* GFLOP/s of training steps */
  double gemm_gflops;    /* of matrix products alone, as measured; 0: not measured */
  double float32_gflops; /* of the same products in float32 */
  double share;          /* of matrix products in the time of a step, as predicted */
  char backend[32];      /* that made them */
} lore_plan_speed;

/* Fills what is measured, and `backend`. Times the matrix products of such a run on `threads`
 * threads for about `seconds`. Ties threads to processors (lore_threads_pin). */
lore_status lore_speed_measure(const lore_settings *settings, int threads, double seconds,
                               lore_plan_speed *speed);

#endif
