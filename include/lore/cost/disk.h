/* What the files of weights of runs will occupy, without running them. */
#ifndef LORE_COST_DISK_H
#define LORE_COST_DISK_H

#include <stddef.h>

#include "lore/manifest/manifest.h"
#include "lore/settings/settings.h"

/* Bytes of a run. */
typedef struct {
  double weights; /* files of weights that stay */
  double resume;  /* resume points at the most, until the run is done */
} lore_disk_run;

/* From the size of one file of weights. */
lore_disk_run lore_disk_of_run(const lore_settings *settings, size_t checkpoint_bytes);

/* The same for runs one after the other; sizes are worked out once as long as models are the same.
 * Begins as zero. */
typedef struct {
  bool known;
  lore_task task;
  lore_memory_config memory;
  lore_model_config model;
  size_t checkpoint_bytes;
} lore_disk_sizes;

lore_status lore_disk_predict(lore_disk_sizes *sizes, const lore_settings *settings,
                              lore_disk_run *run);

/* What the runs of `manifest`, read from `directory`, will still write there, bytes: of those that
 * are `unfinished` (one for each run) the weights that are not there yet, and resume points of
 * those that are `running`, of one at least. NAN if the settings of a run are not known, for
 * example because a table of the study is gone. */
double lore_disk_needed(const char *directory, const lore_manifest *manifest,
                        const bool *unfinished, const bool *running);

#endif
