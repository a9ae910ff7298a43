/* Updates of single elements, and which optimiser makes which. */
#include "lore/train/optimizer.h"

#include <math.h>

#include "lore/train/adamw.h"
#include "muon.h"

static void update_by_lion(const lore_train_config *config, double rate, double decay, real scale,
                           int64_t count, const real *restrict gradient, real *restrict parameters,
                           real *restrict moment) {
  const real beta1 = (real)config->beta1, rest1 = (real)(1 - config->beta1);
  const real beta2 = (real)config->beta2, rest2 = (real)(1 - config->beta2);
  const real keep = (real)fma(-rate, decay, 1), step = (real)rate;
  for (int64_t i = 0; i < count; i++) {
    real g = gradient[i] * scale, m = moment[i], towards = beta1 * m + rest1 * g;
    real sign = (real)((towards > 0) - (towards < 0));
    parameters[i] = keep * parameters[i] - step * sign;
    moment[i] = beta2 * m + rest2 * g;
  }
}

static void update_by_sgd(const lore_train_config *config, double rate, double decay, real scale,
                          int64_t count, const real *restrict gradient, real *restrict parameters,
                          real *restrict moment) {
  const real momentum = (real)config->momentum;
  const real keep = (real)fma(-rate, decay, 1), step = (real)rate;
  for (int64_t i = 0; i < count; i++) {
    real m = momentum * moment[i] + gradient[i] * scale;
    moment[i] = m;
    parameters[i] = keep * parameters[i] - step * m;
  }
}

void lore_optimizer_update(const lore_train_config *config, int64_t update, double rate,
                           double decay, double gradient_scale, int64_t count, const real *gradient,
                           real *parameters, real *first_moment, real *second_moment) {
  switch (config->optimizer) {
  case LORE_OPTIMIZER_LION:
    update_by_lion(config, rate, decay, (real)gradient_scale, count, gradient, parameters,
                   first_moment);
    break;
  case LORE_OPTIMIZER_SGD:
    update_by_sgd(config, rate, decay, (real)gradient_scale, count, gradient, parameters,
                  first_moment);
    break;
  default:
    lore_adamw_update(config, update, rate, decay, gradient_scale, count, gradient, parameters,
                      first_moment, second_moment);
  }
}

void lore_muon_direction(double momentum, double gradient_scale, int64_t count,
                         const real *restrict gradient, real *restrict moment,
                         real *restrict direction) {
  const real keep = (real)momentum, scale = (real)gradient_scale;
  for (int64_t i = 0; i < count; i++) {
    real g = gradient[i] * scale, m = keep * moment[i] + g;
    moment[i] = m;
    direction[i] = g + keep * m;
  }
}

double lore_optimizer_operations(const lore_model *model, const lore_train_config *config) {
  double operations = 0;
  if (config->optimizer != LORE_OPTIMIZER_MUON)
    return 0;
  for (int i = 0; i < model->tensors; i++)
    if (lore_muon_takes(&model->tensor[i]))
      operations += lore_muon_operations(&model->tensor[i]);
  return operations;
}
