/* Optimisers that update each element by itself: AdamW, Lion and SGD with momentum; and the
 * direction of Muon, which then works on whole matrices (src/train/muon.h). */
#ifndef LORE_TRAIN_OPTIMIZER_H
#define LORE_TRAIN_OPTIMIZER_H

#include "lore/base/real.h"
#include "lore/model/model.h"
#include "lore/train/schedule.h"

/* One update of `count` elements of equal decay, s = `gradient_scale`:
 *   AdamW  lore/train/adamw.h
 *   Lion   w -= rate (sign(beta1 m + (1-beta1) s g) + decay w); m = beta2 m + (1-beta2) s g
 *          (Chen et al. 2023, arXiv 2302.06675)
 *   SGD    m = momentum m + s g; w -= rate (m + decay w)
 * By Muon, whatever it leaves to AdamW. The second moment is used by AdamW alone. */
void lore_optimizer_update(const lore_train_config *config, int64_t update, double rate,
                           double decay, double gradient_scale, int64_t count, const real *gradient,
                           real *parameters, real *first_moment, real *second_moment);

/* What Muon orthogonalises (Jordan 2024): m = momentum m + s g; direction = s g + momentum m. */
void lore_muon_direction(double momentum, double gradient_scale, int64_t count,
                         const real *gradient, real *moment, real *direction);

/* Floating-point operations of one update beside those that grow with the elements only. */
double lore_optimizer_operations(const lore_model *model, const lore_train_config *config);

#endif
