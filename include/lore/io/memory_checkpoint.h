/* Weights of a toy memory as NetCDF: doc/checkpoint.md. */
#ifndef LORE_IO_MEMORY_CHECKPOINT_H
#define LORE_IO_MEMORY_CHECKPOINT_H

#include "lore/io/metrics.h"
#include "lore/model/memory.h"

/* Writes the parameters after `step` updates, and the values' fixed vectors, to `path`: temporary
 * file, checksum, fsync, rename. */
lore_status lore_memory_checkpoint_write(const char *path, const lore_pairs *pairs,
                                         const real *parameters, int64_t step, int provenances,
                                         const lore_provenance *provenance);

/* Reads parameters back. LORE_USER if they are not of such a memory (says why), LORE_NETCDF if the
 * file cannot be read or is damaged. */
lore_status lore_memory_checkpoint_read(const char *path, const lore_memory_config *config,
                                        real *parameters);

/* Whether a file that was described (lore/checkpoint.h) has parameters of such a memory. */
lore_status lore_memory_checkpoint_check(const char *path, const lore_memory_config *config);

#endif
