/* Weights as NetCDF: one variable per tensor, so that any NetCDF tool gives the weights by name.
 * Layout, names and how to rebuild the forward pass: doc/checkpoint.md. */
#ifndef LORE_IO_CHECKPOINT_H
#define LORE_IO_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/status.h"
#include "lore/data/vocabulary.h"
#include "lore/io/metrics.h"
#include "lore/model/model.h"

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

enum { LORE_CHECKPOINT_RUN_MAX = 160, LORE_CHECKSUM_TEXT = 33 };

/* What a file of weights, of a transformer or a toy memory, says of itself. */
typedef struct {
  bool memory;                       /* of a toy memory */
  int64_t step;                      /* updates by the run that wrote it */
  int64_t steps_before;              /* that led to the weights this run began with */
  char run[LORE_CHECKPOINT_RUN_MAX]; /* its id; "" in files of versions that did not say */
  char checksum[LORE_CHECKSUM_TEXT]; /* hexadecimal: of the parameters, or of the whole file */
} lore_checkpoint_about;

/* Verifies the checksum of the whole file and reads what it says. LORE_FILE or LORE_NETCDF if it
 * cannot be read or is not a checkpoint. */
lore_status lore_checkpoint_describe(const char *path, lore_checkpoint_about *about);

/* The settings of the run that wrote a file that was described, as a study file; NULL if it does
 * not say. Free *text. */
lore_status lore_checkpoint_study(const char *path, char **text);

/* Whether the weights in a file that was described fit the model: LORE_USER says which setting,
 * tensor or word differs. Reads no tensor. */
lore_status lore_checkpoint_check(const char *path, const lore_model *model,
                                  const lore_vocabulary *vocabulary);

#endif
