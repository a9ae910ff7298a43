/* The MLP's activation. */
#include "level.h"

#include "gelu.h"
#include "lore/model/layers.h"

static inline lore_vec relu(lore_vec u) {
  return lore_vec_max(u, (lore_vec){0});
}

static inline lore_vec relu_slope(lore_vec u) {
  lore_vec slope = {0};
  for (int i = 0; i < LORE_LANES; i++)
    slope[i] = u[i] > 0 ? 1 : 0;
  return slope;
}

#define FORWARD(function)                                                                          \
  do {                                                                                             \
    size_t i = 0;                                                                                  \
    for (; i + LORE_LANES <= count; i += LORE_LANES)                                               \
      lore_vec_store(a + i, function(lore_vec_load(u + i)));                                       \
    int rest = (int)(count - i);                                                                   \
    lore_vec_store_part(a + i, rest, function(lore_vec_load_part(u + i, rest, 0)));                \
  } while (0)

void lore_activation_forward(lore_activation activation, size_t count, const real *u, real *a) {
  if (activation == LORE_ACTIVATION_GELU)
    FORWARD(lore_gelu);
  else
    FORWARD(relu);
}

#define BACKWARD(slope)                                                                            \
  do {                                                                                             \
    size_t i = 0;                                                                                  \
    for (; i + LORE_LANES <= count; i += LORE_LANES)                                               \
      lore_vec_store(du + i, lore_vec_load(da + i) * slope(lore_vec_load(u + i)));                 \
    int rest = (int)(count - i);                                                                   \
    lore_vec_store_part(du + i, rest,                                                              \
                        lore_vec_load_part(da + i, rest, 0) *                                      \
                            slope(lore_vec_load_part(u + i, rest, 0)));                            \
  } while (0)

void lore_activation_backward(lore_activation activation, size_t count, const real *u,
                              const real *da, real *du) {
  if (activation == LORE_ACTIVATION_GELU)
    BACKWARD(lore_gelu_slope);
  else
    BACKWARD(relu_slope);
}
