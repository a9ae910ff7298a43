/* AdamW in one pass over gradient, parameters and moments. */
#include "lore/train/adamw.h"

#include <math.h>

void lore_adamw_update(const lore_train_config *config, int64_t update, double rate, double decay,
                       double gradient_scale, int64_t count, const real *restrict gradient,
                       real *restrict parameters, real *restrict first_moment,
                       real *restrict second_moment) {
  const real b1 = (real)config->beta1, b2 = (real)config->beta2, s = (real)gradient_scale;
  const real rest1 = (real)(1 - config->beta1), rest2 = (real)(1 - config->beta2);
  const real unbias1 = (real)(1 / (1 - pow(config->beta1, (double)update)));
  const real unbias2 = (real)(1 / sqrt(1 - pow(config->beta2, (double)update)));
  const real keep = (real)(1 - rate * decay), step = (real)rate * unbias1;
  const real epsilon = (real)config->epsilon;
  for (int64_t i = 0; i < count; i++) {
    real g = gradient[i] * s;
    real m = b1 * first_moment[i] + rest1 * g;
    real v = b2 * second_moment[i] + rest2 * g * g;
    first_moment[i] = m;
    second_moment[i] = v;
    parameters[i] =
        keep * parameters[i] - step * m / ((real)__builtin_sqrt((double)v) * unbias2 + epsilon);
  }
}
