/* The part of a metrics file that does not change: dimensions, attributes, coordinates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/io/scalars.h"
#include "metrics_table.h"

enum { LABEL_LENGTH = LORE_GROUP_NAME_MAX, FIXED_ALIGNMENT = 8 };

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
  d->text = lore_ncfile_dimension(
      file, "text_length", lore_scalars_text_length(definition->settings, definition->setting));
}

static int define_scalar(lore_ncfile *file, const char *name, const char *long_name,
                         const char *units) {
  int id = lore_ncfile_variable(file, name, NC_DOUBLE, 0, NULL, long_name, units);
  lore_ncfile_real(file, id, "_FillValue", NC_FILL_DOUBLE);
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
  lore_scalars_define(file, d->text, definition->settings, definition->setting, fixed->setting);
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

static void put_double(lore_ncfile *file, int variable, double value) {
  if (!file->error)
    file->error = nc_put_var_double(file->ncid, variable, &value);
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
  lore_scalars_put(file, definition->settings, definition->setting, fixed->setting);
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
  define_dimensions(file, definition, &d);
  define_fixed(file, definition, &d, ids, &fixed);
  define_records(file, &d, ids);
  if (!file->error)
    file->error = nc__enddef(file->ncid, 0, FIXED_ALIGNMENT, 0, alignment);
  put_fixed(file, definition, ids, &fixed);
  free(fixed.setting);
}
