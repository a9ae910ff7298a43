/* A vector of the model's elements that this process has as a whole, or that is moved to and from
 * it in parts. */
#ifndef LORE_IO_ELEMENTS_H
#define LORE_IO_ELEMENTS_H

#include <stdint.h>

#include "lore/base/real.h"
#include "lore/base/status.h"

typedef struct {
  real *memory; /* all of it; NULL: it is reached by these */

  /* Copies elements [from, from + count) to `to`, and to the vector from `values`. */
  lore_status (*fetch)(void *context, int64_t from, int64_t count, real *to);
  lore_status (*store)(void *context, int64_t from, int64_t count, const real *values);
  void *context;
} lore_elements;

#endif
