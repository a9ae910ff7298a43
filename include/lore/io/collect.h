/* One NetCDF-4 file of many runs' metrics (doc/collect.md). */
#ifndef LORE_IO_COLLECT_H
#define LORE_IO_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lore/base/status.h"

/* A run to collect. Texts belong to the caller. */
typedef struct {
  const char *id, *experiment;
  const char *path; /* of its metrics file, which need not exist */
  uint64_t seed;
  int state;                /* index of a state's name */
  const char *const *value; /* of each swept setting, as a study says it; "" if not swept here */
  bool ended;               /* it must have a metrics file, with the next two */
  int64_t records;          /* at least */
  const char *checksum;     /* "": not known */
} lore_collect_run;

typedef struct {
  const char *study, *command; /* for the title and the history */
  bool probes;                 /* files of lore probe, not metrics */
  int states;
  const char *const *state; /* names for run_state; the last stands for a damaged run */
  int swept;
  const char *const *swept_setting; /* variables: "train_learning_rate" */
  int runs;
  const lore_collect_run *run;
} lore_collection;

typedef struct {
  int collected, damaged; /* runs; the others have no metrics file yet */
  size_t steps, groups;
} lore_collect_result;

/* Writes `path` (temporary name, flush, rename). Runs are read one after the other: memory holds
 * one variable of one run. A run that cannot be read is warned about and marked. LORE_USER if no
 * run has a record that can be read. */
lore_status lore_collect_write(const char *path, const lore_collection *collection,
                               lore_collect_result *result);

/* Opens a collected file, without the locks of its library. *memory is the file's, to be freed
 * after it was closed, also after a failure. Returns a code that lore_netcdf_reason explains. */
int lore_collect_open(const char *path, int *ncid, void **memory);

/* Reads every value of a collected file, of which the library keeps checksums. LORE_FILE,
 * LORE_NETCDF. */
lore_status lore_collect_verify(const char *path);

#endif
