/* The header of a classic NetCDF file, checked before the library sees it.
 *
 * The library believes a header: with one flipped bit it may read for hours beyond the end of the
 * file, or take zeros for records that were cut off. */
#ifndef LORE_IO_CLASSIC_H
#define LORE_IO_CLASSIC_H

#include <stdint.h>
#include <sys/types.h>

/* Where a file's parts lie, in bytes. */
typedef struct {
  int64_t records;
  off_t records_at, record_size; /* 0 without record variables */
  off_t size;                    /* that the header needs; the file may be longer */
} lore_classic;

/* Reads the header at the beginning of `fd`, a file of `size` bytes, or of its `image` in memory.
 * 0, errno, LORE_NC_DAMAGED if it contradicts itself or LORE_NC_TRUNCATED if it needs a longer
 * file. `classic` is zero after a failure, but not of a truncated file whose header is whole. */
int lore_classic_read(int fd, const void *image, off_t size, lore_classic *classic);

#endif
