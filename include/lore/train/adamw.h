/* AdamW with decoupled weight decay (Loshchilov and Hutter 2019). */
#ifndef LORE_TRAIN_ADAMW_H
#define LORE_TRAIN_ADAMW_H

#include "lore/base/real.h"
#include "lore/train/schedule.h"

/* One update of `count` elements of equal decay:
 *   m = beta1 m + (1-beta1) s g;  v = beta2 v + (1-beta2) (s g)^2;
 *   w -= rate * (m^ / (sqrt(v^) + epsilon) + decay * w)
 * with s = `gradient_scale` and bias-corrected m^, v^ for update number `update` (from 1). */
void lore_adamw_update(const lore_train_config *config, int64_t update, double rate, double decay,
                       double gradient_scale, int64_t count, const real *gradient, real *parameters,
                       real *first_moment, real *second_moment);

#endif
