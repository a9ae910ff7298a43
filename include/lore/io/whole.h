/* NetCDF files that appear whole or not at all, and their checksums. */
#ifndef LORE_IO_WHOLE_H
#define LORE_IO_WHOLE_H

#include <stdbool.h>

#include "lore/base/status.h"
#include "lore/io/ncfile.h"

/* Defines everything, calls lore_ncfile_end and writes; what goes wrong is in file->error. */
typedef void lore_ncfile_fill(lore_ncfile *file, void *content);

/* Makes `path`, of NetCDF's format `mode`, of what `fill` writes: whole or not at all. It is made
 * in memory, since the library overlooks errors of writing, and of closing NetCDF-4 files even
 * dies. A `sealed` file ends in its checksum: the last variable of a classic file, and behind a
 * NetCDF-4 file, which then has an attribute that says so. */
lore_status lore_ncfile_make(const char *path, int mode, bool sealed, lore_ncfile_fill *fill,
                             void *content);

/* Leaves define mode. */
void lore_ncfile_end(lore_ncfile *file);

/* Whether a classic file's header and, if it has one, its checksum are right: LORE_FILE or
 * LORE_NETCDF with "cannot read <path>: reason". */
lore_status lore_ncfile_verify(const char *path);

#endif
