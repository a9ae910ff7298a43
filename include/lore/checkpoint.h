/* Weights as NetCDF: one variable per tensor, so that any NetCDF tool gives the weights by name.
 * Layout, names and how to rebuild the forward pass: doc/checkpoint.md. */
#ifndef LORE_CHECKPOINT_H
#define LORE_CHECKPOINT_H

#include <stdint.h>

#include "lore/metrics.h"
#include "lore/model.h"
#include "lore/status.h"
#include "lore/vocabulary.h"

/* Writes the parameters after `step` updates to `path` (temporary file, checksum, fsync, rename),
 * with the vocabulary's words, the model's settings and `provenance` as global attributes. */
lore_status lore_checkpoint_write(const char *path, const lore_model *model, const real *parameters,
                                  const lore_vocabulary *vocabulary, int64_t step, int provenances,
                                  const lore_provenance *provenance);

/* Reads parameters back into `parameters` (model->elements reals). LORE_USER if the file's tensors
 * are not the model's (says which differs), LORE_NETCDF if it cannot be read or its checksum is
 * wrong. */
lore_status lore_checkpoint_read(const char *path, const lore_model *model, real *parameters,
                                 int64_t *step);

#endif
