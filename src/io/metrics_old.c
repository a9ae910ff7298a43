/* Opening the metrics file of an interrupted run and taking over its records. */
#include "metrics_old.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK = 1 << 16 };

static lore_status no_memory(const lore_metrics_old *old) {
  return lore_fail(LORE_MEMORY, "no memory to read %s", old->path);
}

char *lore_metrics_old_text(lore_metrics_old *old, size_t length) {
  char **grown = realloc(old->text, sizeof *grown * (size_t)(old->texts + 1));
  if (!grown)
    return NULL;
  old->text = grown;
  char *text = calloc(length + 1, 1);
  if (text)
    old->text[old->texts++] = text;
  return text;
}

/* That it is a metrics file and has records enough. */
static lore_status count_records(const lore_metrics_old *old) {
  int dimension;
  size_t records;
  if (nc_inq_dimid(old->ncid, "step", &dimension) || nc_inq_dimlen(old->ncid, dimension, &records))
    return lore_fail(LORE_NETCDF, "%s is no metrics file: it has no dimension step", old->path);
  if (records < (size_t)old->records)
    return lore_fail(LORE_NETCDF, "%s has %zu records; the checkpoint was written after %lld",
                     old->path, records, (long long)old->records);
  return LORE_OK;
}

/* All global attributes of the file, which are texts, become the definition's provenance. */
static lore_status take_provenance(lore_metrics_old *old) {
  int count;
  int error = nc_inq_natts(old->ncid, &count);
  old->provenance = calloc((size_t)count + 1, sizeof *old->provenance);
  if (!old->provenance)
    return no_memory(old);
  for (int i = 0; i < count && !error; i++) {
    size_t length = 0;
    char *name = lore_metrics_old_text(old, NC_MAX_NAME), *text;
    if (!name)
      return no_memory(old);
    error = nc_inq_attname(old->ncid, NC_GLOBAL, i, name);
    if (!error)
      error = nc_inq_attlen(old->ncid, NC_GLOBAL, name, &length);
    text = lore_metrics_old_text(old, length);
    if (!text)
      return no_memory(old);
    if (!error)
      error = nc_get_att_text(old->ncid, NC_GLOBAL, name, text);
    old->provenance[i] = (lore_provenance){name, text};
  }
  if (error)
    return lore_netcdf_unreadable(old->path, "the global attributes", error);
  old->definition.provenances = count;
  old->definition.provenance = old->provenance;
  return LORE_OK;
}

static int get_scalar(const lore_metrics_old *old, const char *name, size_t at, double *value) {
  int variable;
  int error = nc_inq_varid(old->ncid, name, &variable);
  return error ? error : nc_get_var1_double(old->ncid, variable, &at, value);
}

/* A bound counts if the last record taken over lies in the phase behind it: later records, or the
 * beginning of one, may have set it. */
static lore_status take_plateau(lore_metrics_old *old) {
  double phase = 1, start, end;
  int error = get_scalar(old, "plateau_start", 0, &start);
  if (!error)
    error = get_scalar(old, "plateau_end", 0, &end);
  if (!error && old->records > 0)
    error = get_scalar(old, "phase", (size_t)old->records - 1, &phase);
  if (error)
    return lore_netcdf_unreadable(old->path, "the phase of learning", error);
  old->plateau_start = phase > 1 && start != NC_FILL_DOUBLE ? start : -1;
  old->plateau_end = phase > 2 && end != NC_FILL_DOUBLE ? end : -1;
  return LORE_OK;
}

lore_status lore_metrics_old_open(const char *path, const lore_metrics_definition *definition,
                                  int64_t records, lore_metrics_old *old) {
  size_t block = BLOCK;
  struct stat file;
  *old =
      (lore_metrics_old){.path = path, .ncid = -1, .records = records, .definition = *definition};
  if (stat(path, &file))
    return lore_netcdf_status(errno, "open", path);
  old->size = file.st_size;
  int error = nc__open(path, NC_NOWRITE, &block, &old->ncid);
  if (error) {
    old->ncid = -1;
    return lore_netcdf_status(error, "open", path);
  }
  old->setting = calloc((size_t)definition->settings + 1, sizeof *old->setting);
  if (!old->setting)
    return no_memory(old);
  LORE_TRY(count_records(old));
  LORE_TRY(lore_metrics_old_compare(old));
  LORE_TRY(take_provenance(old));
  return take_plateau(old);
}

lore_status lore_metrics_old_copy(const lore_metrics_old *old, int ncid,
                                  const lore_metrics_ids *ids, size_t groups, size_t layers,
                                  double *scratch) {
  int from[sizeof ids->variable / sizeof *ids->variable];
  int error = NC_NOERR;
  for (int i = 0; i < lore_metrics_count && !error; i++)
    if (ids->variable[i] >= 0)
      error = nc_inq_varid(old->ncid, lore_metric_table[i].name, &from[i]);
  for (int64_t r = 0; r < old->records && !error; r++)
    for (int i = 0; i < lore_metrics_count && !error; i++) {
      size_t start[3] = {(size_t)r, 0, 0}, count[3];
      if (ids->variable[i] < 0)
        continue;
      lore_metric_extent(&lore_metric_table[i], groups, layers, count);
      error = nc_get_vara_double(old->ncid, from[i], start, count, scratch);
      if (!error)
        error = nc_put_vara_double(ncid, ids->variable[i], start, count, scratch);
    }
  return lore_netcdf_status(error, "copy the records of", old->path);
}

void lore_metrics_old_close(lore_metrics_old *old) {
  if (old->ncid >= 0)
    nc_close(old->ncid);
  for (int i = 0; i < old->texts; i++)
    free(old->text[i]);
  free(old->text);
  free(old->setting);
  free(old->provenance);
}
