/* A metrics file beside the state of its run. */
#include "lore/io/metrics_check.h"

#include <string.h>
#include <unistd.h>

#include "classic.h"
#include "lore/io/ncfile.h"
#include "lore/io/path.h"
#include "seal.h"

_Static_assert(sizeof((lore_metrics_summary){0}.checksum) == LORE_XXH3_TEXT, "an XXH3");

lore_status lore_metrics_summarise(const char *path, lore_metrics_summary *summary) {
  lore_classic classic;
  off_t size;
  int fd, error = lore_file_open(path, &fd, &size);
  *summary = (lore_metrics_summary){0};
  if (!error)
    error = lore_classic_read(fd, NULL, size, &classic);
  if (!error)
    error = lore_seal_hash(fd, classic.size, summary->checksum);
  if (fd >= 0)
    close(fd);
  if (!error)
    summary->records = classic.records;
  return lore_netcdf_status(error, "read", path);
}

int lore_metrics_compare(const char *path, int64_t records, const char *checksum) {
  lore_classic classic;
  char computed[LORE_XXH3_TEXT];
  off_t size;
  int fd, error = lore_file_open(path, &fd, &size);
  if (error)
    return error;
  error = lore_classic_read(fd, NULL, size, &classic);
  if (!error && classic.records < records)
    error = LORE_NC_RECORDS;
  if (!error && *checksum && classic.records == records)
    error = lore_seal_hash(fd, classic.size, computed);
  if (!error && *checksum && (classic.records != records || strcmp(computed, checksum) != 0))
    error = LORE_NC_CHECKSUM;
  close(fd);
  return error;
}

lore_status lore_metrics_check_run(const char *directory, const lore_state *state, bool whole) {
  char path[LORE_PATH_MAX];
  bool ended = state->stage == LORE_RUN_DONE;
  int64_t records = state->records > 0 ? state->records : ended;
  LORE_TRY(lore_path_join(directory, LORE_PATH_METRICS, path));
  int error = lore_metrics_compare(path, records, whole ? state->checksum : "");
  return lore_netcdf_status(error, "use", path);
}
