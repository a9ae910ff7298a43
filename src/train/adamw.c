/* AdamW: the numbers of an update, and one pass over gradient, parameters and moments. */
#include "lore/train/adamw.h"

#include <math.h>

#include "lore/model/kernels.h"

void lore_adamw_update(const lore_train_config *config, int64_t update, double rate, double decay,
                       double gradient_scale, int64_t count, const real *gradient, real *parameters,
                       real *first_moment, real *second_moment) {
  const real unbias1 = (real)(1 / (1 - pow(config->beta1, (double)update)));
  const lore_update numbers = {.beta1 = (real)config->beta1,
                               .beta2 = (real)config->beta2,
                               .rest1 = (real)(1 - config->beta1),
                               .rest2 = (real)(1 - config->beta2),
                               .scale = (real)gradient_scale,
                               .keep = (real)fma(-rate, decay, 1),
                               .step = (real)rate * unbias1,
                               .unbias2 = (real)(1 / sqrt(1 - pow(config->beta2, (double)update))),
                               .epsilon = (real)config->epsilon};
  lore_kernels()->vector_update(&numbers, count, gradient, parameters, first_moment, second_moment);
}
