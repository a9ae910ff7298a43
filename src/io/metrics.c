/* Appending to a metrics file so that it is complete at every moment.
 *
 * In the classic format a record counts when the header's record number says so. The library writes
 * through one buffer of two adjacent blocks; nc_sync first asks for the header's block, to raise
 * the number. If the record lies in other blocks, they leave the buffer, and reach the file, before
 * the header's block even enters it. So records begin RECORD_ALIGNMENT bytes into the file, two
 * blocks clear of the header's first. Next to it they would leave in one write, which a signal can
 * cut after the first page: number raised, record missing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics_old.h"
#include "metrics_table.h"

enum { BLOCK = 4096, RECORD_ALIGNMENT = 4 * BLOCK, RECORD_NUMBER_AT = 4 };

struct lore_metrics {
  char *path;
  int ncid; /* -1 once a write has failed */
  int fd;   /* beside the library's own: reserves space, repairs */
  size_t groups, layers;
  uint32_t records;
  off_t records_at, record_size;     /* bytes */
  double plateau_start, plateau_end; /* as stored */
  lore_metrics_ids ids;
  double *scratch; /* values of the largest metric */
  lore_metrics_digest *digest;
};

static size_t largest(size_t a, size_t b) {
  return a > b ? a : b;
}

static lore_metrics *metrics_allocate(const char *path, const lore_metrics_definition *definition) {
  lore_metrics *metrics = calloc(1, sizeof *metrics);
  if (!metrics)
    return NULL;
  metrics->ncid = metrics->fd = -1;
  metrics->groups = (size_t)definition->groups;
  metrics->layers = (size_t)definition->layers;
  metrics->plateau_start = metrics->plateau_end = NC_FILL_DOUBLE;
  metrics->path = strdup(path);
  metrics->scratch =
      calloc(largest(metrics->groups * LORE_EXPOSURE_BINS, metrics->layers) + 1, sizeof(double));
  metrics->digest = lore_metrics_digest_create();
  if (metrics->path && metrics->scratch && metrics->digest)
    return metrics;
  lore_metrics_close(metrics);
  return NULL;
}

static off_t record_size(const lore_metrics *metrics) {
  off_t size = 0;
  for (int i = 0; i < lore_metrics_count; i++) {
    const lore_metric *metric = &lore_metric_table[i];
    size_t count[3];
    lore_metric_extent(metric, metrics->groups, metrics->layers, count);
    if (metrics->ids.variable[i] >= 0)
      size += (off_t)(count[1] * count[2] * (metric->type == NC_DOUBLE ? 8 : 4));
  }
  return size;
}

/* Makes the complete file without records at `partial`. */
static lore_status metrics_fill(lore_metrics *metrics, const char *partial,
                                const lore_metrics_definition *definition) {
  size_t block = BLOCK;
  LORE_TRY(lore_netcdf_status(
      nc__create(partial, NC_CLOBBER | NC_64BIT_OFFSET, 0, &block, &metrics->ncid), "create",
      partial));
  lore_ncfile file = {.ncid = metrics->ncid};
  lore_metrics_define(&file, definition, RECORD_ALIGNMENT, &metrics->ids);
  if (!file.error)
    file.error = nc_sync(metrics->ncid);
  /* Every value of a record is written, so filling it first would only cost writes. */
  if (!file.error)
    file.error = nc_set_fill(metrics->ncid, NC_NOFILL, NULL);
  LORE_TRY(lore_netcdf_status(file.error, "write", partial));
  metrics->record_size = record_size(metrics);
  metrics->fd = open(partial, O_RDWR | O_CLOEXEC);
  struct stat size;
  if (metrics->fd < 0 || fstat(metrics->fd, &size))
    return lore_netcdf_status(errno, "open", partial);
  metrics->records_at = (size.st_size + RECORD_ALIGNMENT - 1) / RECORD_ALIGNMENT * RECORD_ALIGNMENT;
  return LORE_OK;
}

/* Rewrites the plateau's bounds where they have changed; flushed before the record number is
 * raised, so that a reader never sees a phase without its bound. */
static int put_plateau(lore_metrics *metrics, const lore_metrics_record *record) {
  double start = record->plateau_start < 0 ? NC_FILL_DOUBLE : record->plateau_start;
  double end = record->plateau_end < 0 ? NC_FILL_DOUBLE : record->plateau_end;
  if (start == metrics->plateau_start && end == metrics->plateau_end)
    return NC_NOERR;
  int error = nc_put_var_double(metrics->ncid, metrics->ids.plateau_start, &start);
  if (!error)
    error = nc_put_var_double(metrics->ncid, metrics->ids.plateau_end, &end);
  if (!error)
    error = nc_sync(metrics->ncid);
  metrics->plateau_start = start;
  metrics->plateau_end = end;
  return error;
}

static void print_digest(const lore_metrics_digest *digest, char text[LORE_METRICS_CHECKSUM]) {
  snprintf(text, LORE_METRICS_CHECKSUM, "%016llx",
           (unsigned long long)lore_metrics_digest_value(digest));
}

void lore_metrics_checksum(const lore_metrics *metrics, char text[LORE_METRICS_CHECKSUM]) {
  print_digest(metrics->digest, text);
}

/* Copies the records of `old`, and tells whether they are those that its checksum is of. */
static lore_status copy_records(lore_metrics *metrics, const lore_metrics_old *old) {
  char checksum[LORE_METRICS_CHECKSUM] = "";
  lore_metrics_digest *there = lore_metrics_digest_create();
  if (!there)
    return lore_fail(LORE_MEMORY, "cannot allocate a checksum of %s", old->path);
  lore_status status =
      lore_metrics_old_copy(old, metrics->ncid, &metrics->ids, metrics->groups, metrics->layers,
                            metrics->scratch, there, metrics->digest);
  print_digest(there, checksum);
  lore_metrics_digest_destroy(there);
  LORE_TRY(status);
  if (*old->checksum && strcmp(checksum, old->checksum) != 0)
    return lore_fail(LORE_NETCDF,
                     "%s is damaged: its first %lld records are not those that it had when the "
                     "checkpoint was written",
                     metrics->path, (long long)old->records);
  return LORE_OK;
}

/* Takes over the records of `old` and the plateau's bounds that they have reached. */
static lore_status take_records(lore_metrics *metrics, const lore_metrics_old *old,
                                const char *partial) {
  if (old->records > 0 && old->size < old->needed)
    return lore_fail(LORE_NETCDF, "%s is truncated: %lld bytes, where %lld records need %lld",
                     metrics->path, (long long)old->size, (long long)old->records,
                     (long long)old->needed);
  LORE_TRY(copy_records(metrics, old));
  int error = put_plateau(metrics, &(lore_metrics_record){.plateau_start = old->plateau_start,
                                                          .plateau_end = old->plateau_end});
  metrics->records = (uint32_t)old->records;
  return lore_netcdf_status(error ? error : nc_sync(metrics->ncid), "write", partial);
}

/* Puts a new file at `path`, with the records of `old` unless it is NULL. */
static lore_status metrics_make(const char *path, const lore_metrics_definition *definition,
                                const lore_metrics_old *old, lore_metrics **out) {
  char *partial;
  LORE_TRY(lore_partial_name(path, &partial));
  lore_metrics *metrics = metrics_allocate(path, definition);
  lore_status status = LORE_OK;
  if (!metrics)
    status = lore_fail(LORE_MEMORY, "cannot allocate the metrics file %s", path);
  if (status == LORE_OK)
    status = metrics_fill(metrics, partial, definition);
  if (status == LORE_OK && old)
    status = take_records(metrics, old, partial);
  if (status == LORE_OK)
    status = lore_partial_flush(metrics->fd, partial);
  if (status == LORE_OK)
    status = lore_partial_rename(partial, path);
  if (status == LORE_OK) {
    *out = metrics;
  } else if (metrics) {
    if (metrics->ncid >= 0)
      lore_partial_discard(metrics->ncid, partial);
    metrics->ncid = -1;
    lore_metrics_close(metrics);
  }
  free(partial);
  return status;
}

lore_status lore_metrics_create(const char *path, const lore_metrics_definition *definition,
                                lore_metrics **metrics) {
  return metrics_make(path, definition, NULL, metrics);
}

lore_status lore_metrics_resume(const char *path, const lore_metrics_definition *definition,
                                int64_t records, const char *checksum, lore_metrics **metrics) {
  lore_metrics_old old;
  lore_status status = lore_metrics_old_open(path, definition, records, checksum, &old);
  if (status == LORE_OK)
    status = metrics_make(path, &old.definition, &old, metrics);
  lore_metrics_old_close(&old);
  return status;
}

/* So that a full disk is noticed before the record is begun. */
static int reserve_record(const lore_metrics *metrics) {
  off_t at = metrics->records_at + metrics->records * metrics->record_size;
  return lore_file_reserve(metrics->fd, 0, at, metrics->record_size);
}

static int put_record(lore_metrics *metrics, const lore_metrics_record *record) {
  int error = put_plateau(metrics, record);
  for (int i = 0; i < lore_metrics_count && !error; i++)
    if (metrics->ids.variable[i] >= 0)
      error = lore_metric_put(metrics->ncid, metrics->ids.variable[i], &lore_metric_table[i],
                              metrics->records, metrics->groups, metrics->layers, record,
                              metrics->scratch, metrics->digest);
  return error ? error : nc_sync(metrics->ncid);
}

/* Closing flushes what the library still holds and may so count a record whose
 * data could not be written: put the number of whole records back. */
static void close_damaged(lore_metrics *metrics) {
  nc_close(metrics->ncid);
  metrics->ncid = -1;
  uint32_t n = metrics->records;
  unsigned char big_endian[] = {n >> 24 & 255, n >> 16 & 255, n >> 8 & 255, n & 255};
  if (pwrite(metrics->fd, big_endian, sizeof big_endian, RECORD_NUMBER_AT) < 0)
    lore_fail_context(LORE_FILE, "%s may end in a damaged record", metrics->path);
}

static lore_status fail_closed(const lore_metrics *metrics) {
  return lore_fail(LORE_FILE, "%s is closed after an earlier write error", metrics->path);
}

lore_status lore_metrics_append(lore_metrics *metrics, const lore_metrics_record *record) {
  if (metrics->ncid < 0)
    return fail_closed(metrics);
  char operation[48];
  snprintf(operation, sizeof operation, "append record %u to", metrics->records + 1);
  LORE_TRY(lore_netcdf_status(reserve_record(metrics), operation, metrics->path));
  lore_status status = lore_netcdf_status(put_record(metrics, record), operation, metrics->path);
  if (status == LORE_OK)
    metrics->records++;
  else
    close_damaged(metrics);
  return status;
}

lore_status lore_metrics_flush(lore_metrics *metrics) {
  if (metrics->ncid < 0)
    return fail_closed(metrics);
  return lore_netcdf_status(fsync(metrics->fd) ? errno : 0, "flush", metrics->path);
}

/* Adds all values of the file `ncid` to `digest`. */
static int read_records(lore_metrics *metrics, int ncid, lore_metrics_digest *digest) {
  int error = NC_NOERR;
  for (size_t at = 0; at < metrics->records && !error; at++)
    for (int i = 0; i < lore_metrics_count && !error; i++) {
      size_t start[3] = {at, 0, 0}, count[3];
      if (metrics->ids.variable[i] < 0)
        continue;
      lore_metric_extent(&lore_metric_table[i], metrics->groups, metrics->layers, count);
      error = nc_get_vara_double(ncid, metrics->ids.variable[i], start, count, metrics->scratch);
      lore_metrics_digest_add(digest, metrics->scratch, count[1] * count[2]);
    }
  return error;
}

/* What readers find is what was written: no write was lost, and nobody else wrote. */
static lore_status compare_records(lore_metrics *metrics, int64_t records) {
  lore_metrics_digest *digest = lore_metrics_digest_create();
  int ncid, error = digest ? lore_netcdf_open(metrics->path, 0, &ncid) : NC_ENOMEM;
  if (!error) {
    error = read_records(metrics, ncid, digest);
    nc_close(ncid);
  }
  bool same = !error && records == metrics->records &&
              lore_metrics_digest_value(digest) == lore_metrics_digest_value(metrics->digest);
  lore_metrics_digest_destroy(digest);
  LORE_TRY(lore_netcdf_status(error, "read back", metrics->path));
  if (same)
    return LORE_OK;
  return lore_fail(LORE_FILE,
                   "%s does not hold the %u records that were written to it: another process has "
                   "changed it, or the file system has lost a write",
                   metrics->path, metrics->records);
}

static lore_status finish_file(lore_metrics *metrics, lore_metrics_summary *summary) {
  LORE_TRY(lore_metrics_flush(metrics));
  int error = nc_close(metrics->ncid);
  metrics->ncid = -1;
  LORE_TRY(lore_netcdf_status(error, "close", metrics->path));
  LORE_TRY(lore_netcdf_status(fsync(metrics->fd) ? errno : 0, "flush", metrics->path));
  LORE_TRY(lore_metrics_summarise(metrics->path, summary));
  return compare_records(metrics, summary->records);
}

lore_status lore_metrics_finish(lore_metrics *metrics, lore_metrics_summary *summary) {
  lore_status status = finish_file(metrics, summary);
  lore_status closed = lore_metrics_close(metrics);
  return status == LORE_OK ? closed : status;
}

lore_status lore_metrics_close(lore_metrics *metrics) {
  if (!metrics)
    return LORE_OK;
  lore_status status = LORE_OK;
  if (metrics->ncid >= 0)
    status = lore_netcdf_status(nc_close(metrics->ncid), "close", metrics->path);
  if (metrics->fd >= 0 && close(metrics->fd) && status == LORE_OK)
    status = lore_netcdf_status(errno, "close", metrics->path);
  free(metrics->path);
  free(metrics->scratch);
  lore_metrics_digest_destroy(metrics->digest);
  free(metrics);
  return status;
}
