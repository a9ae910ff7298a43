/* Creating, describing and questioning NetCDF files. */
#include "lore/io/ncfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "classic.h"
#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/io/path.h"

enum { TEXT_ROUNDING = 64 /* of the length of text settings: most runs agree, as NCO wants it */ };

const char *lore_netcdf_reason(int code) {
  switch (code) {
  case LORE_NC_NO_FILE:
    return "it is not a regular file";
  case LORE_NC_TRUNCATED:
    return "it is truncated: its header needs a longer file";
  case LORE_NC_DAMAGED:
    return "it is damaged: its header contradicts itself";
  case LORE_NC_CHECKSUM:
    return "it is damaged: its checksum is wrong";
  case LORE_NC_NUMBER:
    return "it is not a whole number from 0 to 2^53 - 1";
  case LORE_NC_RECORDS:
    return "it is damaged: it has fewer records than its run has written";
  case NC_ENOTNC:
    return "it is not a NetCDF file";
  case NC_ENOMEM:
    return "cannot allocate memory";
  default:
    return nc_strerror(code);
  }
}

lore_status lore_netcdf_status(int code, const char *operation, const char *path) {
  if (code == NC_NOERR)
    return LORE_OK;
  return lore_fail(code == NC_ENOMEM ? LORE_MEMORY
                   : code > 0        ? LORE_FILE
                                     : LORE_NETCDF,
                   "cannot %s %s: %s", operation, path, lore_netcdf_reason(code));
}

lore_status lore_netcdf_unreadable(const char *path, const char *what, int code) {
  return lore_fail(LORE_NETCDF, "cannot read %s of %s: %s", what, path, lore_netcdf_reason(code));
}

int lore_file_open(const char *path, int *fd, off_t *size) {
  struct stat about;
  *size = 0;
  *fd = lore_path_open(path, O_RDONLY);
  if (*fd < 0)
    return errno == ENXIO ? LORE_NC_NO_FILE : errno;
  if (!fstat(*fd, &about)) {
    *size = about.st_size;
    return 0;
  }
  int error = errno;
  close(*fd);
  *fd = -1;
  return error;
}

bool lore_netcdf_is_version4(const void *bytes, size_t size) {
  static const char hdf5[] = "\211HDF\r\n\032\n";
  return size >= sizeof hdf5 - 1 && !memcmp(bytes, hdf5, sizeof hdf5 - 1);
}

/* Whether the library can be trusted with the open file. */
static int check_header(int fd, off_t size) {
  char magic[8];
  lore_classic classic;
  ssize_t got = pread(fd, magic, sizeof magic, 0);
  if (got < 0)
    return errno;
  if (lore_netcdf_is_version4(magic, (size_t)got))
    return NC_NOERR;
  return got < 4 ? NC_ENOTNC : lore_classic_read(fd, NULL, size, &classic);
}

int lore_netcdf_open(const char *path, size_t block, int *ncid) {
  int fd;
  off_t size;
  *ncid = -1;
  int error = lore_file_open(path, &fd, &size);
  if (error)
    return error;
  error = check_header(fd, size);
  close(fd);
  if (!error)
    error = nc__open(path, NC_NOWRITE, &block, ncid);
  if (error)
    *ncid = -1;
  return error;
}

int lore_netcdf_get_text(int ncid, const char *name, size_t size, char *text) {
  size_t length = 0;
  memset(text, 0, size);
  int error = nc_inq_attlen(ncid, NC_GLOBAL, name, &length);
  if (!error && length >= size)
    error = NC_ERANGE;
  return error ? error : nc_get_att_text(ncid, NC_GLOBAL, name, text);
}

int lore_netcdf_get_number(int ncid, const char *name, double *value) {
  size_t length = 0;
  int error = nc_inq_attlen(ncid, NC_GLOBAL, name, &length);
  if (!error && length != 1)
    error = NC_ERANGE;
  return error ? error : nc_get_att_double(ncid, NC_GLOBAL, name, value);
}

int lore_netcdf_get_whole(int ncid, const char *name, int64_t *value) {
  double number;
  int error = lore_netcdf_get_number(ncid, name, &number);
  if (error)
    return error;
  if (!(number >= 0 && number <= (double)LORE_NC_WHOLE_MAX) || number != floor(number))
    return LORE_NC_NUMBER;
  *value = (int64_t)number;
  return NC_NOERR;
}

int lore_file_reserve(int fd, int mode, off_t at, off_t size) {
  int error;
  do
    error = fallocate(fd, mode, at, size) ? errno : 0;
  while (error == EINTR); /* a signal that only asks for a stop */
  return error == EOPNOTSUPP || error == ENOSYS ? 0 : error;
}

void lore_partial_discard(int ncid, const char *partial) {
  bool emptied = truncate(partial, 0) == 0;
  if (nc_close(ncid))
    emptied = truncate(partial, 0) == 0;
  if (unlink(partial) && errno != ENOENT && !emptied)
    lore_say("warning: cannot remove %s: %s", partial, strerror(errno));
}

int lore_ncfile_dimension(lore_ncfile *file, const char *name, size_t length) {
  int id = -1;
  if (!file->error)
    file->error = nc_def_dim(file->ncid, name, length, &id);
  return id;
}

int lore_ncfile_variable(lore_ncfile *file, const char *name, nc_type type, int rank,
                         const int *dimension, const char *long_name, const char *units) {
  int id = -1;
  if (!file->error)
    file->error = nc_def_var(file->ncid, name, type, rank, dimension, &id);
  assert(file->error != NC_ENAMEINUSE);
  lore_ncfile_text(file, id, "long_name", long_name);
  if (units)
    lore_ncfile_text(file, id, "units", units);
  /* Without this, xarray and netCDF4-python give bytes instead of strings. */
  if (type == NC_CHAR)
    lore_ncfile_text(file, id, "_Encoding", "utf-8");
  return id;
}

void lore_ncfile_text(lore_ncfile *file, int variable, const char *name, const char *text) {
  if (!file->error)
    file->error = nc_put_att_text(file->ncid, variable, name, strlen(text), text);
}

void lore_ncfile_integer(lore_ncfile *file, int variable, const char *name, int64_t value) {
  long long number = value;
  /* Doubles where 32 bits are too few: the classic format has no wider integer, and R reads no
   * 64-bit attributes. */
  nc_type type = value == (int32_t)value ? NC_INT : NC_DOUBLE;
  if (!file->error)
    file->error = nc_put_att_longlong(file->ncid, variable, name, type, 1, &number);
}

void lore_ncfile_real(lore_ncfile *file, int variable, const char *name, double value) {
  if (!file->error)
    file->error = nc_put_att_double(file->ncid, variable, name, NC_DOUBLE, 1, &value);
}

void lore_ncfile_globals(lore_ncfile *file, const char *title, const char *summary, int provenances,
                         const lore_provenance *provenance) {
  char now[32], history[64];
  lore_clock_utc(now, sizeof now);
  snprintf(history, sizeof history, "%s: created by lore", now);
  lore_ncfile_text(file, NC_GLOBAL, "Conventions", "CF-1.8 ACDD-1.3");
  lore_ncfile_text(file, NC_GLOBAL, "title", title);
  lore_ncfile_text(file, NC_GLOBAL, "summary", summary);
  lore_ncfile_text(file, NC_GLOBAL, "keywords", "language model, training dynamics, recall");
  lore_ncfile_text(file, NC_GLOBAL, "source", "LORE (Learning dynamics Of REcall)");
  lore_ncfile_text(file, NC_GLOBAL, "history", history);
  lore_ncfile_text(file, NC_GLOBAL, "date_created", now);
  for (int i = 0; i < provenances; i++)
    lore_ncfile_text(file, NC_GLOBAL, provenance[i].name, provenance[i].text);
}

void lore_ncfile_put_row(lore_ncfile *file, int variable, size_t row, size_t length,
                         const char *text) {
  char padded[1024] = "";
  assert(length <= sizeof padded && strlen(text) <= length);
  memcpy(padded, text, strlen(text));
  if (!file->error)
    file->error =
        nc_put_vara_text(file->ncid, variable, (size_t[]){row, 0}, (size_t[]){1, length}, padded);
}

int lore_ncfile_text_length(lore_ncfile *file, const char *name, size_t length) {
  char dimension[NC_MAX_NAME + 1];
  snprintf(dimension, sizeof dimension, "%s_length", name);
  return lore_ncfile_dimension(file, dimension, length);
}

/* The classic format has no 64-bit integers, so large ones become doubles, with the exact number
 * beside them where a double cannot hold it. */
static int define_scalar(lore_ncfile *file, const lore_scalar *scalar) {
  const char *name = scalar->name, *long_name = scalar->long_name, *units = scalar->units;
  if (scalar->kind == LORE_SCALAR_TEXT) {
    size_t length = strlen(scalar->text) + !*scalar->text;
    length = (length + TEXT_ROUNDING - 1) / TEXT_ROUNDING * TEXT_ROUNDING;
    int dimension = lore_ncfile_text_length(file, name, length);
    return lore_ncfile_variable(file, name, NC_CHAR, 1, &dimension, long_name, units);
  }
  bool small = scalar->kind == LORE_SCALAR_INTEGER && scalar->integer == (int32_t)scalar->integer;
  int id = lore_ncfile_variable(file, name, small ? NC_INT : NC_DOUBLE, 0, NULL, long_name, units);
  if (scalar->kind == LORE_SCALAR_OPTIONAL)
    lore_ncfile_real(file, id, "_FillValue", NC_FILL_DOUBLE);
  if (scalar->kind == LORE_SCALAR_INTEGER && llabs(scalar->integer) > (INT64_C(1) << 53)) {
    char exact[32];
    snprintf(exact, sizeof exact, "exactly %lld", (long long)scalar->integer);
    lore_ncfile_text(file, id, "comment", exact);
  }
  return id;
}

static void name_coordinates(lore_ncfile *file, int scalars, const lore_scalar *scalar) {
  size_t size = 1;
  for (int i = 0; i < scalars; i++)
    size += strlen(scalar[i].name) + 1;
  char *list = calloc(size, 1), *end = list;
  if (!list && !file->error)
    file->error = NC_ENOMEM;
  for (int i = 0; list && i < scalars; i++)
    end += sprintf(end, "%s%s", i ? " " : "", scalar[i].name);
  if (list && scalars > 0)
    lore_ncfile_text(file, NC_GLOBAL, "coordinates", list);
  free(list);
}

void lore_scalars_define(lore_ncfile *file, int scalars, const lore_scalar *scalar, int *variable) {
  name_coordinates(file, scalars, scalar);
  for (int i = 0; i < scalars; i++)
    variable[i] = define_scalar(file, &scalar[i]);
}

static void put_scalar(lore_ncfile *file, int variable, const lore_scalar *scalar) {
  double number = scalar->kind == LORE_SCALAR_INTEGER ? (double)scalar->integer : scalar->number;
  if (scalar->kind == LORE_SCALAR_OPTIONAL && isnan(number))
    number = NC_FILL_DOUBLE;
  if (file->error)
    return;
  if (scalar->kind != LORE_SCALAR_TEXT) {
    file->error = nc_put_var_double(file->ncid, variable, &number);
  } else if (*scalar->text) {
    size_t count = strlen(scalar->text);
    file->error =
        nc_put_vara_text(file->ncid, variable, (size_t[]){0}, (size_t[]){count}, scalar->text);
  }
}

void lore_scalars_put(lore_ncfile *file, int scalars, const lore_scalar *scalar,
                      const int *variable) {
  for (int i = 0; i < scalars; i++)
    put_scalar(file, variable[i], &scalar[i]);
}
