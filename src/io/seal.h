/* The seal of a file: its last variable, the XXH3 (128 bits) of all bytes before it.
 *
 * NetCDF may loop for hours over a header with one flipped bit, so it only sees files whose seal
 * has been verified. */
#ifndef LORE_IO_SEAL_H
#define LORE_IO_SEAL_H

#include "lore/base/status.h"
#include "lore/io/ncfile.h"

enum {
  LORE_SEAL_SIZE = 16, /* bytes */
  LORE_XXH3_TEXT = 33  /* an XXH3 of 128 bits in hexadecimal digits */
};

/* Defines the variable, after all others; returns its id. */
int lore_seal_define(lore_ncfile *file);

/* Makes room for the seal: zeros. Data mode, after everything else. */
void lore_seal_reserve(lore_ncfile *file, int variable);

/* Seals the closed file at `path`. LORE_FILE. */
lore_status lore_seal_put(const char *path);

/* LORE_NETCDF unless the file is whole, LORE_FILE if it cannot be read; the seal as hexadecimal
 * digits. */
lore_status lore_seal_verify(const char *path, char text[LORE_XXH3_TEXT]);

#endif
