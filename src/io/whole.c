/* NetCDF files made in memory, then written by our own code, which overlooks no error. */
#include "lore/io/whole.h"

#include <netcdf_mem.h>
#include <stdlib.h>

#include "classic.h"
#include "lore/base/textfile.h"
#include "seal.h"

/* The library wants a name, and its version 4.9.3 opens a file that has it: none can have this one.
 */
#define NOWHERE "/dev/null/image"

/* The bytes of a file that `fill` makes, in memory, where no disk can be full; *memory is to be
 * freed. */
static int make_image(int mode, bool sealed, lore_ncfile_fill *fill, void *content,
                      NC_memio *image) {
  enum { ROOM = 1 << 16 };
  lore_ncfile file = {.sealed = sealed};
  *image = (NC_memio){0};
  int error = nc_create_mem(NOWHERE, mode, ROOM, &file.ncid);
  if (error)
    return error;
  fill(&file, content);
  error = nc_close_memio(file.ncid, image);
  return file.error ? file.error : error;
}

/* The library's buffer is longer than a classic file. */
static int end_classic(NC_memio *image) {
  lore_classic classic;
  int error = lore_classic_read(-1, image->memory, (off_t)image->size, &classic);
  if (!error)
    image->size = (size_t)classic.size;
  return error;
}

/* Behind a NetCDF-4 file, whose end the library finds in its header. */
static int add_room(NC_memio *image) {
  void *longer = realloc(image->memory, image->size + LORE_SEAL_SIZE);
  if (!longer)
    return NC_ENOMEM;
  image->memory = longer;
  image->size += LORE_SEAL_SIZE;
  return NC_NOERR;
}

lore_status lore_ncfile_make(const char *path, int mode, bool sealed, lore_ncfile_fill *fill,
                             void *content) {
  NC_memio image;
  int error = make_image(mode, sealed, fill, content, &image);
  if (!error && !(mode & NC_NETCDF4))
    error = end_classic(&image);
  else if (!error && sealed)
    error = add_room(&image);
  if (!error && sealed)
    lore_seal_stamp(image.memory, image.size);
  lore_status status = lore_netcdf_status(error, "write", path);
  if (status == LORE_OK)
    status = lore_bytes_put(path, image.memory, image.size);
  free(image.memory);
  return status;
}

lore_status lore_ncfile_verify(const char *path) {
  char text[LORE_XXH3_TEXT];
  int ncid;
  LORE_TRY(lore_netcdf_status(lore_netcdf_open(path, 0, &ncid), "read", path));
  bool sealed = lore_seal_exists(ncid);
  nc_close(ncid);
  if (sealed && lore_seal_verify(path, text) != LORE_OK)
    return lore_netcdf_status(LORE_NC_CHECKSUM, "read", path);
  return LORE_OK;
}

void lore_ncfile_end(lore_ncfile *file) {
  int format = NC_FORMAT_64BIT_OFFSET;
  if (!file->error)
    file->error = nc_inq_format(file->ncid, &format);
  if (file->sealed && format == NC_FORMAT_NETCDF4)
    lore_ncfile_text(file, NC_GLOBAL, LORE_SEAL_VARIABLE,
                     "the last 16 bytes are the XXH3 (128 bits) of all bytes before them");
  else if (file->sealed)
    lore_seal_define(file);
  if (!file->error)
    file->error = nc_enddef(file->ncid);
}
