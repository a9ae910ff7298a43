/* What writing and reading checkpoints share. */
#ifndef LORE_IO_CHECKPOINT_PARTS_H
#define LORE_IO_CHECKPOINT_PARTS_H

#include <netcdf.h>

#include "checkpoint_layout.h"
#include "lore/base/status.h"
#include "lore/io/checkpoint.h"

#define LORE_CHECKPOINT_CHECKSUM "checksum_xxh3_128"
enum { LORE_CHECKPOINT_FORMAT = 1 };

#ifdef LORE_DOUBLE
#define LORE_NC_REAL   NC_DOUBLE
#define LORE_PUT_REALS nc_put_var_double
#define LORE_GET_REALS nc_get_var_double
#else
#define LORE_NC_REAL   NC_FLOAT
#define LORE_PUT_REALS nc_put_var_float
#define LORE_GET_REALS nc_get_var_float
#endif

/* What a checkpoint is made of. */
typedef struct {
  const char *title, *summary;
  const lore_model *model;
  int vectors; /* 1, or LORE_VECTORS */
  const real *vector[LORE_VECTORS];
  const lore_vocabulary *vocabulary;
  int64_t step;
  const lore_resume *resume; /* NULL: weights only */
  int provenances;
  const lore_provenance *provenance;
} lore_checkpoint_content;

/* Makes `path` of what `fill` defines and writes, the seal (zeros) last: temporary file, checksum,
 * fsync, rename. `fill` returns NetCDF's code. After a failure there is no temporary file. */
lore_status lore_checkpoint_make(const char *path, int format,
                                 int (*fill)(int ncid, const char *partial, const void *content),
                                 const void *content);

/* Writes it to `path`: temporary file, checksum, fsync, rename. After a failure there is no
 * temporary file. */
lore_status lore_checkpoint_put(const char *path, const lore_checkpoint_content *content);

/* Reads the first `vectors` vectors, and `resume` unless it is NULL, from a verified file. */
lore_status lore_checkpoint_take(const char *path, const lore_model *model, int vectors,
                                 real *const *vector, int64_t *step, lore_resume *resume);

/* LORE_USER unless format, settings and tensors of a file are those of `model`. */
lore_status lore_checkpoint_fits(int ncid, const char *path, const lore_model *model);

/* XXH3 (128 bits) of the tensors in table order, little-endian, as hexadecimal digits: tells
 * whether two checkpoints hold the same parameters. */
void lore_checkpoint_checksum(const lore_model *model, const real *parameters,
                              char text[LORE_CHECKSUM_TEXT]);

/* The last variable of the file, LORE_SEAL_SIZE bytes, is the XXH3 of all bytes before it. NetCDF
 * may loop for hours over a header with one flipped bit, so it only sees files that have been
 * verified. */
#define LORE_SEAL "file_checksum"
enum { LORE_SEAL_SIZE = 16 };
lore_status lore_checkpoint_seal(const char *path);
lore_status lore_checkpoint_verify(const char *path);

/* The same; the seal as hexadecimal digits. */
lore_status lore_checkpoint_verify_seal(const char *path, char text[LORE_CHECKSUM_TEXT]);

#endif
