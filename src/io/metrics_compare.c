/* Whether the metrics file of an interrupted run is of the same groups, layers and settings. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics_old.h"

/* Settings that do not change what a run computes. */
static bool may_differ(const char *setting) {
  static const char *const prefixes[] = {"checkpoint_", "compute_gemm", "compute_threads",
                                         "train_reduction"};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (!strncmp(setting, prefixes[i], strlen(prefixes[i])))
      return true;
  return false;
}

/* The length of a dimension, 0 if there is none. */
static size_t dimension_length(const lore_metrics_old *old, const char *name) {
  int dimension;
  size_t length;
  bool there =
      !nc_inq_dimid(old->ncid, name, &dimension) && !nc_inq_dimlen(old->ncid, dimension, &length);
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
      return lore_fail(LORE_USER, "%s is of another run: its dimension %s is %zu there and %d here",
                       old->path, dimension[i].name, length, dimension[i].wanted);
  }
  return LORE_OK;
}

static lore_status compare_groups(const lore_metrics_old *old) {
  int variable;
  int error = nc_inq_varid(old->ncid, "group", &variable);
  if (!error && dimension_length(old, "label_length") != LORE_GROUP_NAME_MAX)
    error = NC_EBADDIM;
  for (int i = 0; i < old->definition.groups && !error; i++) {
    const char *wanted = old->definition.group[i].name;
    char name[LORE_GROUP_NAME_MAX + 1] = "";
    error = nc_get_vara_text(old->ncid, variable, (size_t[]){(size_t)i, 0},
                             (size_t[]){1, LORE_GROUP_NAME_MAX}, name);
    if (!error && strcmp(name, wanted))
      return lore_fail(LORE_USER, "%s is of another run: group %d is %s there and %s here",
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
    char *text = lore_metrics_old_text(old, dimension_length(old, "text_length"));
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

static bool same(const lore_scalar *a, const lore_scalar *b) {
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

static void print(const lore_scalar *setting, size_t size, char *text) {
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
  if (error == NC_ENOTVAR && says_none(here))
    return LORE_OK; /* as files of an earlier version do */
  if (error == NC_ENOTVAR)
    return lore_fail(LORE_USER, "%s is of another run: it has no setting %s", old->path,
                     here->name);
  if (error)
    return lore_netcdf_unreadable(old->path, here->name, error);
  if (may_differ(here->name) || same(here, stored))
    return LORE_OK;
  print(stored, sizeof there_text, there_text);
  print(here, sizeof here_text, here_text);
  return lore_fail(LORE_USER, "%s is of another run: the setting %s is %s there and %s here",
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
  char *list = lore_metrics_old_text(old, length), *rest;
  int error = list ? nc_get_att_text(old->ncid, NC_GLOBAL, "coordinates", list) : NC_ENOMEM;
  if (error)
    return lore_netcdf_unreadable(old->path, "coordinates", error);
  for (char *name = strtok_r(list, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
    if (!has_setting(&old->definition, name))
      return lore_fail(LORE_USER,
                       "%s is of another run: it has the setting %s, which is unknown here",
                       old->path, name);
  return LORE_OK;
}

lore_status lore_metrics_old_compare(lore_metrics_old *old) {
  LORE_TRY(compare_dimensions(old));
  LORE_TRY(compare_groups(old));
  LORE_TRY(compare_names(old));
  for (int i = 0; i < old->definition.settings; i++)
    LORE_TRY(compare_setting(old, &old->definition.setting[i], &old->setting[i]));
  old->definition.setting = old->setting;
  return LORE_OK;
}
