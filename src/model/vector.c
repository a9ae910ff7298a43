/* Sums and updates of whole vectors of parameters. */
#include "level.h"

#include "lore/model/layers.h"

void lore_vector_add(int64_t count, const real *restrict from, real *restrict to) {
  for (int64_t i = 0; i < count; i++)
    to[i] += from[i];
}

void lore_vector_update(const lore_update *u, int64_t count, const real *restrict gradient,
                        real *restrict parameters, real *restrict first_moment,
                        real *restrict second_moment) {
  const real b1 = u->beta1, b2 = u->beta2, s = u->scale, rest1 = u->rest1, rest2 = u->rest2;
  const real unbias2 = u->unbias2, keep = u->keep, step = u->step, epsilon = u->epsilon;
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
