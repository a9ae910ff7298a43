/* Files that say something else than was written, with a checksum that is right. */
#ifndef LORE_TESTS_ATTRIBUTE_H
#define LORE_TESTS_ATTRIBUTE_H

#include <fcntl.h>
#include <netcdf.h>
#include <string.h>
#include <unistd.h>

#include "io/seal.h"

/* What messages call a number that is none or out of range. */
#define WILD "it is not a whole number from 0 to 2^53 - 1"

/* Replaces a global attribute; NetCDF's error code. */
static inline int attribute_put(const char *path, const char *name, const char *text,
                                double number) {
  int ncid, error = nc_open(path, NC_WRITE, &ncid);
  if (error)
    return error;
  error = nc_redef(ncid);
  if (!error && text)
    error = nc_put_att_text(ncid, NC_GLOBAL, name, strlen(text), text);
  else if (!error)
    error = nc_put_att_double(ncid, NC_GLOBAL, name, NC_DOUBLE, 1, &number);
  int closed = nc_close(ncid);
  return error ? error : closed;
}

static inline int attribute_put_number(const char *path, const char *name, double number) {
  return attribute_put(path, name, NULL, number);
}

static inline int attribute_put_text(const char *path, const char *name, const char *text) {
  return attribute_put(path, name, text, 0);
}

static inline int attribute_remove(const char *path, const char *name) {
  int ncid, error = nc_open(path, NC_WRITE, &ncid);
  if (error)
    return error;
  error = nc_redef(ncid);
  if (!error)
    error = nc_del_att(ncid, NC_GLOBAL, name);
  int closed = nc_close(ncid);
  return error ? error : closed;
}

/* Puts the right checksum on a file that was changed; -1 if it cannot. */
static inline int attribute_seal(const char *path) {
  int fd = open(path, O_RDWR);
  if (fd < 0)
    return -1;
  lore_status status = lore_seal_put(fd, path);
  close(fd);
  return status == LORE_OK ? 0 : -1;
}

#endif
