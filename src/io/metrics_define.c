/* The part of a metrics file that does not change: dimensions, attributes, coordinates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics_table.h"

enum { LABEL_LENGTH = LORE_GROUP_NAME_MAX, TEXT_ROUNDING = 64, FIXED_ALIGNMENT = 8 };

static const char summary_of_pairs[] =
    "One training run of a toy associative memory, evaluated at steps: loss and accuracy on the "
    "values of keys, and confidence. A pair of key and value stands where a biography has an "
    "attribute, and for one token.";

static const char summary[] =
    "One training run of a language model on synthetic biographies, evaluated at steps: loss and "
    "accuracy on attribute values, confidence, attention signatures and the phases of learning.";

typedef struct {
  int step, group, attribute, layer, label, text;
} dimensions;

/* Ids of the coordinates, and of the scalars that are known from the start. */
typedef struct {
  int group, attribute, layer;
  int no_knowledge_baseline, empirical_baseline;
  int *setting;
} static_ids;

/* Length of the text dimension: a multiple of TEXT_ROUNDING, so that most runs agree and can be
 * joined with NCO. */
static size_t text_length(const lore_metrics_definition *definition) {
  size_t longest = 1;
  for (int i = 0; i < definition->settings; i++)
    if (definition->setting[i].kind == LORE_SCALAR_TEXT) {
      size_t length = strlen(definition->setting[i].text);
      longest = length > longest ? length : longest;
    }
  return (longest + TEXT_ROUNDING - 1) / TEXT_ROUNDING * TEXT_ROUNDING;
}

static void define_dimensions(lore_ncfile *file, const lore_metrics_definition *definition,
                              dimensions *d) {
  d->step = lore_ncfile_dimension(file, "step", NC_UNLIMITED);
  d->group = lore_ncfile_dimension(file, "group", (size_t)definition->groups);
  d->attribute = definition->pairs ? -1 : lore_ncfile_dimension(file, "attribute", LORE_ATTRIBUTES);
  /* A length of 0 would mean a second unlimited dimension. */
  d->layer = definition->attention_layers
                 ? lore_ncfile_dimension(file, "layer", (size_t)definition->layers)
                 : -1;
  d->label = lore_ncfile_dimension(file, "label_length", LABEL_LENGTH);
  d->text = lore_ncfile_dimension(file, "text_length", text_length(definition));
}

static int define_scalar(lore_ncfile *file, const char *name, const char *long_name,
                         const char *units) {
  int id = lore_ncfile_variable(file, name, NC_DOUBLE, 0, NULL, long_name, units);
  lore_ncfile_real(file, id, "_FillValue", NC_FILL_DOUBLE);
  return id;
}

/* A setting: the classic format has no 64-bit integers, so large ones become doubles, with the
 * exact number beside them where a double cannot hold it. */
static int define_setting(lore_ncfile *file, const lore_scalar *setting, const dimensions *d) {
  const char *name = setting->name, *long_name = setting->long_name, *units = setting->units;
  if (setting->kind == LORE_SCALAR_TEXT)
    return lore_ncfile_variable(file, name, NC_CHAR, 1, &d->text, long_name, units);
  bool small =
      setting->kind == LORE_SCALAR_INTEGER && setting->integer == (int32_t)setting->integer;
  int id = lore_ncfile_variable(file, name, small ? NC_INT : NC_DOUBLE, 0, NULL, long_name, units);
  if (setting->kind == LORE_SCALAR_INTEGER && llabs(setting->integer) > (INT64_C(1) << 53)) {
    char exact[32];
    snprintf(exact, sizeof exact, "exactly %lld", (long long)setting->integer);
    lore_ncfile_text(file, id, "comment", exact);
  }
  return id;
}

/* The plateau's variables come first and the fixed part is aligned, so that neither lies across two
 * pages: a rewrite is whole even if the process is killed in it. */
static void define_fixed(lore_ncfile *file, const lore_metrics_definition *definition,
                         const dimensions *d, lore_metrics_ids *ids, static_ids *fixed) {
  ids->plateau_start =
      define_scalar(file, "plateau_start", "step at which the plateau begins", "1");
  ids->plateau_end = define_scalar(file, "plateau_end", "step at which the plateau ends", "1");
  fixed->no_knowledge_baseline =
      define_scalar(file, "no_knowledge_baseline",
                    "attribute loss of a model that knows how many values are possible", "nats");
  fixed->empirical_baseline =
      define_scalar(file, "empirical_baseline",
                    "attribute loss of a model that knows how often each value occurs", "nats");
  fixed->group =
      lore_ncfile_variable(file, "group", NC_CHAR, 2, (int[]){d->group, d->label},
                           definition->pairs ? "set of pairs" : "set of individuals", NULL);
  if (d->attribute >= 0)
    fixed->attribute =
        lore_ncfile_variable(file, "attribute", NC_CHAR, 2, (int[]){d->attribute, d->label},
                             "attribute of an individual", NULL);
  if (d->layer >= 0)
    fixed->layer =
        lore_ncfile_variable(file, "layer", NC_INT, 1, &d->layer, "layer, the first is 1", "1");
  for (int i = 0; i < definition->settings; i++)
    fixed->setting[i] = define_setting(file, &definition->setting[i], d);
}

static void define_records(lore_ncfile *file, const dimensions *d, lore_metrics_ids *ids) {
  static const int rank[] = {1, 2, 3, 2};
  for (int i = 0; i < lore_metrics_count; i++) {
    const lore_metric *metric = &lore_metric_table[i];
    int dimension[3] = {d->step, d->group, d->attribute};
    ids->variable[i] = -1;
    if (metric->shape == LORE_BY_GROUP_AND_ATTRIBUTE && d->attribute < 0)
      continue;
    if (metric->shape == LORE_BY_LAYER) {
      if (d->layer < 0)
        continue;
      dimension[1] = d->layer;
    }
    int id = lore_ncfile_variable(file, metric->name, metric->type, rank[metric->shape], dimension,
                                  metric->long_name, metric->units);
    if (metric->type == NC_DOUBLE)
      lore_ncfile_real(file, id, "_FillValue", NC_FILL_DOUBLE);
    if (!strcmp(metric->name, "phase") && !file->error) {
      file->error = nc_put_att_int(file->ncid, id, "flag_values", NC_INT, 3, (int[]){1, 2, 3});
      lore_ncfile_text(file, id, "flag_meanings", "statistics plateau recall");
    }
    ids->variable[i] = id;
  }
}

/* Names the scalars in a global `coordinates` attribute: xarray makes them coordinates, and the
 * header stays readable, as it would not with the same list at every variable. */
static void define_coordinates(lore_ncfile *file, const lore_metrics_definition *definition) {
  size_t size = 1;
  for (int i = 0; i < definition->settings; i++)
    size += strlen(definition->setting[i].name) + 1;
  char *list = calloc(size, 1), *end = list;
  if (!list && !file->error)
    file->error = NC_ENOMEM;
  for (int i = 0; list && i < definition->settings; i++)
    end += sprintf(end, "%s%s", i ? " " : "", definition->setting[i].name);
  if (list && definition->settings > 0)
    lore_ncfile_text(file, NC_GLOBAL, "coordinates", list);
  free(list);
}

static void put_double(lore_ncfile *file, int variable, double value) {
  if (!file->error)
    file->error = nc_put_var_double(file->ncid, variable, &value);
}

static void put_setting(lore_ncfile *file, int variable, const lore_scalar *setting) {
  if (setting->kind == LORE_SCALAR_REAL) {
    put_double(file, variable, setting->number);
  } else if (setting->kind == LORE_SCALAR_INTEGER) {
    put_double(file, variable, (double)setting->integer);
  } else if (!file->error) {
    size_t count = strlen(setting->text);
    if (count > 0)
      file->error =
          nc_put_vara_text(file->ncid, variable, (size_t[]){0}, (size_t[]){count}, setting->text);
  }
}

static void put_fixed(lore_ncfile *file, const lore_metrics_definition *definition,
                      const lore_metrics_ids *ids, const static_ids *fixed) {
  put_double(file, ids->plateau_start, NC_FILL_DOUBLE);
  put_double(file, ids->plateau_end, NC_FILL_DOUBLE);
  put_double(file, fixed->no_knowledge_baseline, definition->no_knowledge_baseline);
  put_double(file, fixed->empirical_baseline, definition->empirical_baseline);
  for (int i = 0; i < definition->groups; i++)
    lore_ncfile_put_row(file, fixed->group, (size_t)i, LABEL_LENGTH, definition->group[i].name);
  for (int i = 0; i < LORE_ATTRIBUTES && !definition->pairs; i++)
    lore_ncfile_put_row(file, fixed->attribute, (size_t)i, LABEL_LENGTH,
                        lore_attribute_name((lore_attribute)i));
  for (int i = 0; definition->attention_layers && i < definition->layers && !file->error; i++)
    file->error = nc_put_var1_int(file->ncid, fixed->layer, (size_t[]){(size_t)i}, (int[]){i + 1});
  for (int i = 0; i < definition->settings; i++)
    put_setting(file, fixed->setting[i], &definition->setting[i]);
}

void lore_metrics_define(lore_ncfile *file, const lore_metrics_definition *definition,
                         size_t alignment, lore_metrics_ids *ids) {
  dimensions d;
  static_ids fixed = {.setting = calloc((size_t)definition->settings + 1, sizeof(int))};
  if (!fixed.setting) {
    file->error = NC_ENOMEM;
    return;
  }
  lore_ncfile_globals(file, definition->title, definition->pairs ? summary_of_pairs : summary,
                      definition->provenances, definition->provenance);
  define_coordinates(file, definition);
  define_dimensions(file, definition, &d);
  define_fixed(file, definition, &d, ids, &fixed);
  define_records(file, &d, ids);
  if (!file->error)
    file->error = nc__enddef(file->ncid, 0, FIXED_ALIGNMENT, 0, alignment);
  put_fixed(file, definition, ids, &fixed);
  free(fixed.setting);
}
