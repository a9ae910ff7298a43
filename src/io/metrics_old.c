/* Opening the metrics file of an interrupted run, comparing it with the run here, and copying its
 * records. */
#include "metrics_old.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "classic.h"

enum { BLOCK = 1 << 16 };

static lore_status fail_memory(const lore_metrics_old *old) {
  return lore_fail(LORE_MEMORY, "cannot allocate the values read from %s", old->path);
}

/* A string of `length` zero bytes that lives as long as `old`; NULL without memory. */
static char *keep_text(lore_metrics_old *old, size_t length) {
  char **grown = realloc(old->text, sizeof *grown * (size_t)(old->texts + 1));
  if (!grown)
    return NULL;
  old->text = grown;
  char *text = calloc(length + 1, 1);
  if (text)
    old->text[old->texts++] = text;
  return text;
}

/* The length of a dimension, 0 if there is none. */
static size_t dimension_length(const lore_metrics_old *old, const char *name) {
  int dimension;
  size_t length;
  bool there =
      !nc_inq_dimid(old->ncid, name, &dimension) && !nc_inq_dimlen(old->ncid, dimension, &length);
  return there ? length : 0;
}

/* The length of a text variable's last dimension, which earlier versions shared between variables;
 * 0 if it has none. */
static size_t characters_of(const lore_metrics_old *old, int variable) {
  int rank, dimension[NC_MAX_VAR_DIMS];
  size_t length = 0;
  bool there = !nc_inq_var(old->ncid, variable, NULL, NULL, &rank, dimension, NULL) && rank > 0 &&
               !nc_inq_dimlen(old->ncid, dimension[rank - 1], &length);
  return there ? length : 0;
}

static lore_status compare_dimensions(const lore_metrics_old *old) {
  const lore_metrics_definition *d = &old->definition;
  const struct {
    const char *name;
    int wanted;
  } dimension[] = {{"group", d->groups},
                   {"attribute", d->pairs ? 0 : LORE_ATTRIBUTES},
                   {"layer", d->attention_layers ? d->layers : 0}};
  for (size_t i = 0; i < sizeof dimension / sizeof *dimension; i++) {
    size_t length = dimension_length(old, dimension[i].name);
    if (length != (size_t)dimension[i].wanted)
      return lore_fail(LORE_USER,
                       "%s belongs to another run: its dimension %s is %zu there and %d here",
                       old->path, dimension[i].name, length, dimension[i].wanted);
  }
  return LORE_OK;
}

static lore_status compare_groups(const lore_metrics_old *old) {
  int variable;
  int error = nc_inq_varid(old->ncid, "group", &variable);
  if (!error && characters_of(old, variable) != LORE_GROUP_NAME_MAX)
    error = NC_EBADDIM;
  for (int i = 0; i < old->definition.groups && !error; i++) {
    const char *wanted = old->definition.group[i].name;
    char name[LORE_GROUP_NAME_MAX + 1] = "";
    error = nc_get_vara_text(old->ncid, variable, (size_t[]){(size_t)i, 0},
                             (size_t[]){1, LORE_GROUP_NAME_MAX}, name);
    if (!error && strcmp(name, wanted))
      return lore_fail(LORE_USER, "%s belongs to another run: group %d is %s there and %s here",
                       old->path, i + 1, name, wanted);
  }
  return error ? lore_netcdf_unreadable(old->path, "group", error) : LORE_OK;
}

/* An integer that a double cannot hold is in the variable's comment. */
static int64_t exact_integer(const lore_metrics_old *old, int variable, double value) {
  char comment[64] = "";
  size_t length;
  long long exact;
  if (nc_inq_attlen(old->ncid, variable, "comment", &length) || length >= sizeof comment ||
      nc_get_att_text(old->ncid, variable, "comment", comment) ||
      sscanf(comment, "exactly %lld", &exact) != 1)
    return (int64_t)value;
  return exact;
}

/* Reads the value of a setting into `stored`, which begins as a copy of the one here. */
static int read_setting(lore_metrics_old *old, lore_scalar *stored) {
  int variable;
  nc_type type;
  int error = nc_inq_varid(old->ncid, stored->name, &variable);
  if (!error)
    error = nc_inq_vartype(old->ncid, variable, &type);
  if (!error && (type == NC_CHAR) != (stored->kind == LORE_SCALAR_TEXT))
    error = NC_ECHAR;
  if (error)
    return error;
  if (type == NC_CHAR) {
    char *text = keep_text(old, characters_of(old, variable));
    stored->text = text;
    return text ? nc_get_var_text(old->ncid, variable, text) : NC_ENOMEM;
  }
  error = nc_get_var_double(old->ncid, variable, &stored->number);
  if (!error && stored->kind == LORE_SCALAR_OPTIONAL && stored->number == NC_FILL_DOUBLE)
    stored->number = NAN;
  if (!error && stored->kind == LORE_SCALAR_INTEGER)
    stored->integer = exact_integer(old, variable, stored->number);
  return error;
}

static bool same_setting(const lore_scalar *a, const lore_scalar *b) {
  switch (a->kind) {
  case LORE_SCALAR_TEXT:
    return !strcmp(a->text, b->text);
  case LORE_SCALAR_INTEGER:
    return a->integer == b->integer;
  case LORE_SCALAR_OPTIONAL:
    return a->number == b->number || (isnan(a->number) && isnan(b->number));
  default:
    return a->number == b->number;
  }
}

/* Whether it says that there is none of what it stands for. */
static bool says_none(const lore_scalar *setting) {
  return setting->kind == LORE_SCALAR_TEXT       ? !*setting->text
         : setting->kind == LORE_SCALAR_OPTIONAL ? isnan(setting->number)
                                                 : false;
}

static void print_setting(const lore_scalar *setting, size_t size, char *text) {
  if (setting->kind == LORE_SCALAR_TEXT)
    snprintf(text, size, "\"%s\"", setting->text);
  else if (setting->kind == LORE_SCALAR_INTEGER)
    snprintf(text, size, "%lld", (long long)setting->integer);
  else if (says_none(setting))
    snprintf(text, size, "none");
  else
    snprintf(text, size, "%.17g", setting->number);
}

static lore_status compare_setting(lore_metrics_old *old, const lore_scalar *here,
                                   lore_scalar *stored) {
  char there_text[256], here_text[256];
  *stored = *here;
  int error = read_setting(old, stored);
  if (error == NC_ENOTVAR && (here->runtime || here->initial || says_none(here)))
    return LORE_OK; /* as files of an earlier version do */
  if (error == NC_ENOTVAR)
    return lore_fail(LORE_USER, "%s belongs to another run: it has no setting %s", old->path,
                     here->name);
  if (error)
    return lore_netcdf_unreadable(old->path, here->name, error);
  if (here->runtime || same_setting(here, stored))
    return LORE_OK;
  print_setting(stored, sizeof there_text, there_text);
  print_setting(here, sizeof here_text, here_text);
  return lore_fail(LORE_USER, "%s belongs to another run: the setting %s is %s there and %s here",
                   old->path, here->name, there_text, here_text);
}

static bool has_setting(const lore_metrics_definition *definition, const char *name) {
  for (int i = 0; i < definition->settings; i++)
    if (!strcmp(definition->setting[i].name, name))
      return true;
  return false;
}

/* That the file has no setting that is unknown here: the attribute `coordinates` lists them. */
static lore_status compare_names(lore_metrics_old *old) {
  size_t length;
  if (nc_inq_attlen(old->ncid, NC_GLOBAL, "coordinates", &length))
    return LORE_OK; /* no settings */
  char *list = keep_text(old, length), *rest;
  int error = list ? nc_get_att_text(old->ncid, NC_GLOBAL, "coordinates", list) : NC_ENOMEM;
  if (error)
    return lore_netcdf_unreadable(old->path, "coordinates", error);
  for (char *name = strtok_r(list, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
    if (!has_setting(&old->definition, name))
      return lore_fail(LORE_USER,
                       "%s belongs to another run: it has the setting %s, which is unknown here",
                       old->path, name);
  return LORE_OK;
}

static lore_status compare_definition(lore_metrics_old *old) {
  LORE_TRY(compare_dimensions(old));
  LORE_TRY(compare_groups(old));
  LORE_TRY(compare_names(old));
  for (int i = 0; i < old->definition.settings; i++)
    LORE_TRY(compare_setting(old, &old->definition.setting[i], &old->setting[i]));
  old->definition.setting = old->setting;
  return LORE_OK;
}

/* That it is a metrics file and has records enough. */
static lore_status count_records(const lore_metrics_old *old) {
  int dimension;
  size_t records;
  if (nc_inq_dimid(old->ncid, "step", &dimension) || nc_inq_dimlen(old->ncid, dimension, &records))
    return lore_fail(LORE_NETCDF, "%s is not a metrics file: it has no dimension step", old->path);
  if (records < (size_t)old->records)
    return lore_fail(LORE_NETCDF, "%s has %zu records; the checkpoint was written after %lld",
                     old->path, records, (long long)old->records);
  return LORE_OK;
}

/* `text` with what is appended to the attribute `name`. */
static char *changed_text(lore_metrics_old *old, const char *name, char *text) {
  const lore_provenance *change = &old->definition.change;
  if (!change->text || !*change->text || strcmp(name, change->name) != 0)
    return text;
  char *longer = keep_text(old, strlen(text) + strlen(change->text));
  if (longer)
    sprintf(longer, "%s%s", text, change->text);
  return longer;
}

/* Files of earlier versions lack the attribute. */
static lore_status add_change(lore_metrics_old *old) {
  static char unknown[] = "unknown";
  lore_metrics_definition *d = &old->definition;
  if (!d->change.text || !*d->change.text)
    return LORE_OK;
  for (int i = 0; i < d->provenances; i++)
    if (!strcmp(old->provenance[i].name, d->change.name))
      return LORE_OK;
  char *text = changed_text(old, d->change.name, unknown);
  if (!text)
    return fail_memory(old);
  old->provenance[d->provenances++] = (lore_provenance){d->change.name, text};
  return LORE_OK;
}

/* All global attributes of the file, which are texts, become the definition's provenance. */
static lore_status take_provenance(lore_metrics_old *old) {
  int count;
  int error = nc_inq_natts(old->ncid, &count);
  old->provenance = calloc((size_t)count + 1, sizeof *old->provenance);
  if (!old->provenance)
    return fail_memory(old);
  for (int i = 0; i < count && !error; i++) {
    size_t length = 0;
    char *name = keep_text(old, NC_MAX_NAME), *text;
    if (!name)
      return fail_memory(old);
    error = nc_inq_attname(old->ncid, NC_GLOBAL, i, name);
    if (!error)
      error = nc_inq_attlen(old->ncid, NC_GLOBAL, name, &length);
    text = keep_text(old, length);
    if (!text)
      return fail_memory(old);
    if (!error)
      error = nc_get_att_text(old->ncid, NC_GLOBAL, name, text);
    text = changed_text(old, name, text);
    if (!text)
      return fail_memory(old);
    old->provenance[i] = (lore_provenance){name, text};
  }
  if (error)
    return lore_netcdf_unreadable(old->path, "the global attributes", error);
  old->definition.provenances = count;
  old->definition.provenance = old->provenance;
  return add_change(old);
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

/* A file whose last records were cut off may have enough of them. */
static int open_old(lore_metrics_old *old) {
  size_t block = BLOCK;
  lore_classic classic;
  int fd, error = lore_file_open(old->path, &fd, &old->size);
  if (error)
    return error;
  error = lore_classic_read(fd, NULL, old->size, &classic);
  close(fd);
  if (error == LORE_NC_TRUNCATED && classic.record_size > 0)
    error = NC_NOERR;
  old->needed = classic.records_at + (off_t)old->records * classic.record_size;
  if (!error)
    error = nc__open(old->path, NC_NOWRITE, &block, &old->ncid);
  if (error)
    old->ncid = -1;
  return error;
}

lore_status lore_metrics_old_open(const char *path, const lore_metrics_definition *definition,
                                  int64_t records, const char *checksum, lore_metrics_old *old) {
  *old = (lore_metrics_old){.path = path,
                            .ncid = -1,
                            .records = records,
                            .checksum = checksum,
                            .definition = *definition};
  LORE_TRY(lore_netcdf_status(open_old(old), "open", path));
  old->setting = calloc((size_t)definition->settings + 1, sizeof *old->setting);
  if (!old->setting)
    return fail_memory(old);
  LORE_TRY(count_records(old));
  LORE_TRY(compare_definition(old));
  LORE_TRY(take_provenance(old));
  return take_plateau(old);
}

/* The variable of `metric`; -1 if an earlier version did not write it. */
static int find_variable(const lore_metrics_old *old, const lore_metric *metric, int *variable) {
  *variable = -1;
  int error = nc_inq_varid(old->ncid, metric->name, variable);
  return error == NC_ENOTVAR && metric->later ? NC_NOERR : error;
}

/* `count` values from `start` on; fill values if the file lacks the variable. */
static int read_values(const lore_metrics_old *old, int variable, const size_t *start,
                       const size_t *count, double *values) {
  if (variable >= 0)
    return nc_get_vara_double(old->ncid, variable, start, count, values);
  for (size_t i = 0; i < count[1] * count[2]; i++)
    values[i] = NC_FILL_DOUBLE;
  return NC_NOERR;
}

lore_status lore_metrics_old_copy(const lore_metrics_old *old, int ncid,
                                  const lore_metrics_ids *ids, size_t groups, size_t layers,
                                  double *scratch, lore_metrics_digest *there,
                                  lore_metrics_digest *digest) {
  int from[LORE_METRICS_MOST];
  int error = NC_NOERR;
  for (int i = 0; i < lore_metrics_count && !error; i++)
    if (ids->variable[i] >= 0)
      error = find_variable(old, &lore_metric_table[i], &from[i]);
  for (int64_t r = 0; r < old->records && !error; r++)
    for (int i = 0; i < lore_metrics_count && !error; i++) {
      size_t start[3] = {(size_t)r, 0, 0}, count[3];
      if (ids->variable[i] < 0)
        continue;
      lore_metric_extent(&lore_metric_table[i], groups, layers, count);
      error = read_values(old, from[i], start, count, scratch);
      if (!error)
        error = nc_put_vara_double(ncid, ids->variable[i], start, count, scratch);
      if (from[i] >= 0)
        lore_metrics_digest_add(there, scratch, count[1] * count[2]);
      lore_metrics_digest_add(digest, scratch, count[1] * count[2]);
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
