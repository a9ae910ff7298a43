/* The metrics file of an interrupted run, read to make one like it. */
#ifndef LORE_IO_METRICS_OLD_H
#define LORE_IO_METRICS_OLD_H

#include <sys/types.h>

#include "metrics_table.h"

typedef struct {
  const char *path;
  int ncid;             /* -1: not open */
  off_t size, needed;   /* bytes; needed for the records that are taken over */
  int64_t records;      /* to be taken over */
  const char *checksum; /* of them; "": not known */
  /* What the file is made of: as asked for, with the provenance and the free settings of the file.
   */
  lore_metrics_definition definition;
  lore_scalar *setting;
  lore_provenance *provenance;
  char **text; /* owned: of the two above, `texts` entries */
  int texts;
  double plateau_start, plateau_end; /* reached by the last of the records; < 0: not */
} lore_metrics_old;

/* Opens `path` and compares it with `definition`; LORE_USER and LORE_NETCDF as of
 * lore_metrics_resume. Close it, also after a failure. */
lore_status lore_metrics_old_open(const char *path, const lore_metrics_definition *definition,
                                  int64_t records, const char *checksum, lore_metrics_old *old);

/* Appends its records to the file `ncid` with the variables `ids`: fill values for those that an
 * earlier version did not write. Adds what the file has to `there`, and what is appended to
 * `digest`. */
lore_status lore_metrics_old_copy(const lore_metrics_old *old, int ncid,
                                  const lore_metrics_ids *ids, size_t groups, size_t layers,
                                  double *scratch, lore_metrics_digest *there,
                                  lore_metrics_digest *digest);

void lore_metrics_old_close(lore_metrics_old *old);

#endif
