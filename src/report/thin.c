/* Thinning curves. */
#include "thin.h"

#include <assert.h>
#include <math.h>

/* The smallest and the largest of [from, to), in their order; one index if they are the same. */
static size_t keep_extremes(const double *value, size_t from, size_t to, size_t *kept) {
  size_t low = from, high = from;
  for (size_t i = from; i < to; i++) {
    if (value[i] < value[low] || isnan(value[low]))
      low = i;
    if (value[i] > value[high] || isnan(value[high]))
      high = i;
  }
  kept[0] = low < high ? low : high;
  kept[1] = low < high ? high : low;
  return low == high ? 1 : 2;
}

size_t lore_thin(const double *value, size_t count, size_t most, size_t *kept) {
  assert(most >= LORE_THIN_LEAST);
  size_t chosen = 0;
  if (count <= most) {
    for (; chosen < count; chosen++)
      kept[chosen] = chosen;
    return chosen;
  }
  size_t parts = (most - 2) / 2, inner = count - 2;
  kept[chosen++] = 0;
  for (size_t i = 0; i < parts; i++)
    chosen +=
        keep_extremes(value, 1 + i * inner / parts, 1 + (i + 1) * inner / parts, kept + chosen);
  kept[chosen++] = count - 1;
  return chosen;
}
