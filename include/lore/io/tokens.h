/* Sequences as NetCDF-4, for other frameworks: what training shows at some of its steps, or what
 * evaluation shows of each group. Dimensions and variables: doc/export.md. */
#ifndef LORE_IO_TOKENS_H
#define LORE_IO_TOKENS_H

#include <stdint.h>

#include "lore/base/status.h"
#include "lore/data/batch.h"
#include "lore/data/vocabulary.h"
#include "lore/eval/evaluate.h"
#include "lore/io/ncfile.h"

/* A file has parts, steps or groups, of `sequences` sequences each. */
typedef struct {
  const char *title;
  const lore_vocabulary *vocabulary;
  int longest; /* tokens of the longest sequence */
  int sequences;
  int64_t first_step, steps; /* of training; or */
  int groups;                /* of evaluation: above 0 */
  const lore_group *group;

  /* Puts sequences [first, first+count) of step or group `part` into an empty batch. It is called
   * several times for each, and must do the same each time. */
  void (*fill)(const void *context, lore_batch *batch, int64_t part, int64_t first, int count);
  double (*learning_rate)(const void *context, int64_t step); /* NULL with groups */
  const void *context;

  int settings;
  const lore_scalar *setting;
  int provenances;
  const lore_provenance *provenance;
} lore_tokens;

/* How much a file holds. */
typedef struct {
  int64_t sequences, tokens;
} lore_tokens_size;

/* Writes `path`, whole or not at all, sequence after sequence: memory does not grow with the file.
 * LORE_FILE, LORE_NETCDF; LORE_STOPPED if told to stop (lore/base/stop.h). */
lore_status lore_tokens_write(const char *path, const lore_tokens *tokens, lore_tokens_size *size);

#endif
