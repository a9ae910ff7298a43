/* The metrics file of a run: classic 64-bit-offset NetCDF, complete up to its last record at every
 * moment.
 *
 * The file is made under a temporary name, filled with everything that does not change, synced and
 * renamed; then one record is appended and synced per evaluation. A reader may open it at any time.
 * Dimensions and variables: doc/metrics.md. */
#ifndef LORE_IO_METRICS_H
#define LORE_IO_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/base/status.h"
#include "lore/data/distribution.h"
#include "lore/eval/evaluate.h"
#include "lore/io/metrics_check.h"
#include "lore/io/ncfile.h"

typedef struct lore_metrics lore_metrics;

enum { LORE_METRICS_CHECKSUM = 17 /* bytes of its text */ };

/* What a file is made of. All pointers are read only during lore_metrics_create. */
typedef struct {
  const char *title;
  int groups, layers,
      attention_layers; /* attention_layers: layers that have attention signatures */
  bool pairs;           /* of a toy memory's pairs, which have no attributes */
  const lore_group *group;
  int settings;
  const lore_scalar *setting;
  int provenances;
  const lore_provenance *provenance;
  lore_provenance change; /* of a resumed file: appended to the attribute of that name, or to
                             "unknown" if there is none; nothing if its text is empty or NULL */
  double no_knowledge_baseline, empirical_baseline;
} lore_metrics_definition;

/* One evaluation. Quantities that do not exist yet (train_loss at step 0) are NAN and stored as the
 * fill value. */
typedef struct {
  int64_t step;
  double train_loss; /* nats per token, mean over the tokens since the last record */
  double learning_rate, gradient_norm;
  int64_t tokens_seen;
  double wall_time; /* s since the run began */
  int phase;
  lore_draw draw; /* what the next step draws from; first and count below 0: stored as fill */
  const lore_group_metrics *group;         /* groups entries */
  const lore_attention_metrics *attention; /* layers entries; NULL: fill values */
  double plateau_start, plateau_end;       /* so far; < 0: not reached, stored as fill */
} lore_metrics_record;

/* Creates `path`. LORE_FILE / LORE_NETCDF say which operation failed on which file, with the
 * system's reason; nothing is left behind then. */
lore_status lore_metrics_create(const char *path, const lore_metrics_definition *definition,
                                lore_metrics **metrics);

/* Opens the file of an interrupted run to resume after its first `records` records, whose checksum
 * was `checksum` (lore_metrics_checksum; "": not known): a new file with these, the attributes of
 * the old one with `change`, and its values of the settings that do not change results
 * (checkpoint_*, compute_*, train_reduction) is put in its place. LORE_USER names the first of its
 * groups, layers or other settings that is not as in `definition`, LORE_NETCDF if it has fewer or
 * other records or is no such file; the old file then stays. */
lore_status lore_metrics_resume(const char *path, const lore_metrics_definition *definition,
                                int64_t records, const char *checksum, lore_metrics **metrics);

/* Appends one record and syncs. */
lore_status lore_metrics_append(lore_metrics *metrics, const lore_metrics_record *record);

/* XXH3 (64 bits) of the values of all records so far, in hexadecimal digits. */
void lore_metrics_checksum(const lore_metrics *metrics, char text[LORE_METRICS_CHECKSUM]);

/* Forces all records to the disk: before a checkpoint that counts on them. */
lore_status lore_metrics_flush(lore_metrics *metrics);

/* Flushes and closes the file at the end of a session, compares it with what was written, and frees
 * `metrics`, also after a failure. */
lore_status lore_metrics_finish(lore_metrics *metrics, lore_metrics_summary *summary);

/* Closes the file and frees `metrics`, also after a failure. */
lore_status lore_metrics_close(lore_metrics *metrics);

#endif
