/* What training or evaluation of a run shows, as a file of tokens (lore/io/tokens.h): made by what
 * fills the batches of training itself, without training. */
#ifndef LORE_RUN_EXPORT_H
#define LORE_RUN_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/status.h"
#include "lore/io/tokens.h"
#include "lore/manifest/manifest.h"

typedef struct {
  bool evaluation;     /* all groups; else steps */
  int64_t first, last; /* steps first .. last-1 of training */
  const char *results; /* directory in which the run is trained; NULL: not known */
  const char *output;  /* path of the file */
  const char *command; /* how the program was called, for the file's history */
} lore_export_options;

/* Writes run `run` of an expanded manifest. The same for any number of ranks and threads that the
 * run is trained by. LORE_USER: its task has no tokens, it has not so many steps, what it shows
 * depends on evaluations that `results` has not got, or the run there is another one. LORE_FILE,
 * LORE_NETCDF, LORE_MEMORY, LORE_STOPPED. */
lore_status lore_export_run(const lore_manifest *manifest, int run,
                            const lore_export_options *options, lore_tokens_size *size);

#endif
