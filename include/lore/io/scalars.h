/* Settings as scalar coordinates of a file, so that runs can be told apart and joined. */
#ifndef LORE_IO_SCALARS_H
#define LORE_IO_SCALARS_H

#include "lore/io/ncfile.h"

/* Length of the text dimension that they need. */
size_t lore_scalars_text_length(int scalars, const lore_scalar *scalar);

/* Defines variables, their ids in variable[scalars], and names them in the global attribute
 * `coordinates`: xarray makes them coordinates, and the header stays readable, as it would not with
 * the same list at every variable. */
void lore_scalars_define(lore_ncfile *file, int text_dimension, int scalars,
                         const lore_scalar *scalar, int *variable);

/* Writes them. Data mode. */
void lore_scalars_put(lore_ncfile *file, int scalars, const lore_scalar *scalar,
                      const int *variable);

#endif
