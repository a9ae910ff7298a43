/* Sums of predicted sizes: what cannot be counted stays so (SIZE_MAX). */
#ifndef LORE_LINALG_BYTES_H
#define LORE_LINALG_BYTES_H

#include <stdint.h>

#include "lore/base/arena.h"

static inline size_t bytes_sum(size_t a, size_t b) {
  size_t sum;
  return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

/* One piece of an arena, of `count` elements of `size` bytes. */
static inline size_t bytes_piece(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes))
    return SIZE_MAX;
  return bytes_sum(bytes, LORE_ALIGNMENT);
}

#endif
