/* NetCDF files: written whole or not at all, described alike, with NetCDF's errors as ours. */
#ifndef LORE_IO_NCFILE_H
#define LORE_IO_NCFILE_H

#include <netcdf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lore/base/status.h"
#include "lore/base/textfile.h"

/* Codes of our own beside NetCDF's. */
enum {
  LORE_NC_NO_FILE = -9001, /* no regular file */
  LORE_NC_TRUNCATED,
  LORE_NC_DAMAGED,
  LORE_NC_CHECKSUM,
  LORE_NC_NUMBER,
  LORE_NC_RECORDS /* fewer records than were written */
};

/* What a code of ours, NetCDF's or the system's says. */
const char *lore_netcdf_reason(int code);

/* Whether a file that begins with these bytes is NetCDF-4, thus HDF5. */
bool lore_netcdf_is_version4(const void *bytes, size_t size);

/* Opens a regular file for reading, without waiting for the other end of anything else: 0, errno
 * or LORE_NC_NO_FILE; *fd is -1 then. */
int lore_file_open(const char *path, int *fd, off_t *size);

/* Opens a NetCDF file for reading if its header can be trusted, with buffers of `block` bytes (0:
 * the library's choice). Returns a code of the above. */
int lore_netcdf_open(const char *path, size_t block, int *ncid);

/* The status for NetCDF's `code` (LORE_OK for NC_NOERR), with "cannot <operation> <path>: reason".
 * System errors become LORE_FILE, the library's own LORE_NETCDF. */
lore_status lore_netcdf_status(int code, const char *operation, const char *path);

/* Says which part of a file, `what`, cannot be read: LORE_NETCDF. */
lore_status lore_netcdf_unreadable(const char *path, const char *what, int code);

/* A global attribute: text of less than `size` bytes, or one number. NetCDF's code. */
int lore_netcdf_get_text(int ncid, const char *name, size_t size, char *text);
int lore_netcdf_get_number(int ncid, const char *name, double *value);

/* The same of a whole number from 0 to LORE_NC_WHOLE_MAX; LORE_NC_NUMBER if it is none. */
#define LORE_NC_WHOLE_MAX INT64_C(9007199254740991) /* 2^53 - 1: exact as a double */
int lore_netcdf_get_whole(int ncid, const char *name, int64_t *value);

/* Reserves room for a part of a file, so that a full disk is noticed before it is written; returns
 * errno or 0. With mode 0 the file grows if need be, with FALLOC_FL_KEEP_SIZE it does not. File
 * systems that cannot reserve are found out when writing.
 */
int lore_file_reserve(int fd, int mode, off_t at, off_t size);

/* Closes and removes `partial`, which could not be written. The library does not let go of a file
 * that it cannot flush, and so of its space: emptying the file first makes room to flush, and
 * emptying it again leaves an open file of no size if that was not enough. */
void lore_partial_discard(int ncid, const char *partial);

/* A file in define mode. Only memory is touched there, so a failure is rare: the first one is kept,
 * the calls after it do nothing, and one check at the end is enough. */
typedef struct {
  int ncid;
  int error;   /* of the first call that failed */
  bool sealed; /* its last variable will be its checksum */
} lore_ncfile;

int lore_ncfile_dimension(lore_ncfile *file, const char *name, size_t length);

/* The dimension of the characters of the text variable `name`, <name>_length. Each has its own:
 * xarray gives texts that share one different lengths, and then cannot write them. */
int lore_ncfile_text_length(lore_ncfile *file, const char *name, size_t length);

/* Returns the variable's id. long_name and units become attributes; units may be NULL for text. */
int lore_ncfile_variable(lore_ncfile *file, const char *name, nc_type type, int rank,
                         const int *dimension, const char *long_name, const char *units);

void lore_ncfile_text(lore_ncfile *file, int variable, const char *name, const char *text);
void lore_ncfile_integer(lore_ncfile *file, int variable, const char *name, int64_t value);
void lore_ncfile_real(lore_ncfile *file, int variable, const char *name, double value);

/* One global attribute. */
typedef struct {
  const char *name, *text;
} lore_provenance;

/* What every file of ours says: conventions, date, history, then `provenance` (which may replace
 * any of it). */
void lore_ncfile_globals(lore_ncfile *file, const char *title, const char *summary, int provenances,
                         const lore_provenance *provenance);

/* Fills row `row` of the text variable (rows x length), padded with zeros. Data mode. */
void lore_ncfile_put_row(lore_ncfile *file, int variable, size_t row, size_t length,
                         const char *text);

typedef enum {
  LORE_SCALAR_INTEGER,
  LORE_SCALAR_REAL,
  LORE_SCALAR_OPTIONAL, /* a real; NAN: there is none, stored as the fill value */
  LORE_SCALAR_TEXT
} lore_scalar_kind;

/* One setting, stored as a scalar coordinate variable. */
typedef struct {
  const char *name; /* e.g. "train_learning_rate" */
  const char *long_name;
  const char *units; /* "1" where there is none */
  lore_scalar_kind kind;
  int64_t integer; /* also booleans, as 0 and 1 */
  double number;
  const char *text; /* also the names of enumeration values */
  bool runtime;     /* changes no result: may differ when a run is resumed */
  bool initial; /* has its default, as a file of a version that did not know it says by silence */
} lore_scalar;

/* Defines variables, their ids in variable[scalars], and names them in the global attribute
 * `coordinates`: xarray makes them coordinates, and the header stays readable, as it would not with
 * the same list at every variable. */
void lore_scalars_define(lore_ncfile *file, int scalars, const lore_scalar *scalar, int *variable);

/* Writes them. Data mode. */
void lore_scalars_put(lore_ncfile *file, int scalars, const lore_scalar *scalar,
                      const int *variable);

#endif
