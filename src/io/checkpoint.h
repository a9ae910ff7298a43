/* What kinds of checkpoints share. */
#ifndef LORE_IO_CHECKPOINT_PARTS_H
#define LORE_IO_CHECKPOINT_PARTS_H

#include "lore/io/checkpoint.h"
#include "lore/io/ncfile.h"
#include "variables.h"

enum { LORE_CHECKPOINT_FORMAT = 1 };

/* What a checkpoint is made of. */
typedef struct {
  const char *title, *summary;
  const lore_model *model;
  int vectors;                        /* 1, or LORE_VECTORS */
  lore_elements vector[LORE_VECTORS]; /* parameters in memory */
  const lore_vocabulary *vocabulary;
  int64_t step;
  void (*put_more)(lore_ncfile *file, const void *more); /* further attributes; NULL: none */
  const void *more;
  int provenances;
  const lore_provenance *provenance;
} lore_checkpoint_content;

/* How a kind of checkpoint is written. The functions return NetCDF's code. */
typedef struct {
  int format; /* NetCDF's */

  /* Defines and writes everything, the seal last; `fd` is the same file. */
  int (*fill)(int ncid, int fd, const void *content);

  /* LORE_NC_DAMAGED unless the tensors are in the file. */
  int (*compare)(int ncid, const void *content);
} lore_checkpoint_writer;

/* Makes `path` of `content`: temporary file, flush, comparison, checksum, flush, rename. After a
 * failure there is no temporary file. */
lore_status lore_checkpoint_make(const char *path, const lore_checkpoint_writer *writer,
                                 const void *content);

/* Makes `path` of `content` in this way. */
lore_status lore_checkpoint_put(const char *path, const lore_checkpoint_content *content);

/* Reads further attributes of an open file. */
typedef lore_status lore_checkpoint_get_more(int ncid, const char *path, void *more);

/* Reads the first `vectors` vectors (parameters into memory), and what `get_more` (may be NULL)
 * reads into `more`, from a verified file. */
lore_status lore_checkpoint_take(const char *path, const lore_model *model, int vectors,
                                 const lore_elements *vector, int64_t *step,
                                 lore_checkpoint_get_more *get_more, void *more);

#endif
