/* Whether a metrics file holds what the state of its run claims. */
#ifndef LORE_IO_METRICS_CHECK_H
#define LORE_IO_METRICS_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/status.h"
#include "lore/io/state.h"

/* A metrics file as it is on disk. */
typedef struct {
  int64_t records;
  char checksum[33]; /* XXH3 (128 bits) of all that its header speaks of, in hexadecimal digits */
} lore_metrics_summary;

/* LORE_FILE, LORE_NETCDF. */
lore_status lore_metrics_summarise(const char *path, lore_metrics_summary *summary);

/* NetCDF's code, or errno, or one of lore/io/ncfile.h: LORE_NC_RECORDS if `path` has fewer records,
 * LORE_NC_CHECKSUM if a `checksum` that is not "" is another one. */
int lore_metrics_compare(const char *path, int64_t records, const char *checksum);

/* The same of the run in `directory`; with its checksum if `whole`. LORE_FILE or LORE_NETCDF with
 * "cannot use <path>: reason". */
lore_status lore_metrics_check_run(const char *directory, const lore_state *state, bool whole);

#endif
