/* What happens at which step. */
#include "lore/train/schedule.h"

#include <math.h>
#include <string.h>

bool lore_patch_wanted(const lore_patch_config *patch) {
  return *patch->from && strcmp(patch->from, "none") != 0;
}

bool lore_patch_active(const lore_patch_config *patch, int64_t step, int64_t steps) {
  return lore_patch_wanted(patch) && step >= patch->start && patch->start < steps;
}

double lore_learning_rate(const lore_train_config *config, int64_t step) {
  if (step < config->warmup_steps)
    return config->learning_rate * (double)(step + 1) / (double)config->warmup_steps;
  if (config->schedule == LORE_SCHEDULE_CONSTANT)
    return config->learning_rate;
  /* From the first full-rate step to the last one, which gets the final rate. */
  double span = (double)(config->steps - 1 - config->warmup_steps);
  double part = span > 0 ? (double)(step - config->warmup_steps) / span : 0;
  return config->final_learning_rate + (config->learning_rate - config->final_learning_rate) * 0.5 *
                                           (1 + cos(3.14159265358979323846 * part));
}

double lore_matrix_learning_rate(const lore_train_config *config, int64_t step) {
  return config->learning_rate > 0 ? config->matrix_learning_rate *
                                         lore_learning_rate(config, step) / config->learning_rate
                                   : 0;
}
