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

#define LORE_SEAL_VARIABLE "file_checksum"

/* Defines the variable, after all others; returns its id. */
int lore_seal_define(lore_ncfile *file);

/* Makes room for the seal: zeros. Data mode, after everything else. */
void lore_seal_reserve(lore_ncfile *file, int variable);

/* Seals and flushes the file `fd`, to which nothing else is written any more. LORE_FILE with `path`
 * in the message. */
lore_status lore_seal_put(int fd, const char *path);

/* Seals a file of `size` bytes in memory. */
void lore_seal_stamp(void *bytes, size_t size);

/* XXH3 of the first `size` bytes of `fd`, in hexadecimal digits. 0 or errno. */
int lore_seal_hash(int fd, off_t size, char text[LORE_XXH3_TEXT]);

/* Whether `path`, a NetCDF file that is open as `ncid`, has a seal: those of earlier versions have
 * not. */
bool lore_seal_exists(int ncid);

/* LORE_NETCDF unless the file is whole, LORE_FILE if it cannot be read; the seal as hexadecimal
 * digits. */
lore_status lore_seal_verify(const char *path, char text[LORE_XXH3_TEXT]);

#endif
