/* Writing what was found. */
#include "file.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/eval/evaluate.h"
#include "lore/io/whole.h"

enum {
  LABEL_LENGTH = LORE_GROUP_NAME_MAX,
  TENSOR_LENGTH = LORE_TENSOR_NAME_MAX,
  QUANTITIES_MAX = 32
};

static const char summary[] =
    "What linear probes read from the activations of snapshots of one training run, spectra of "
    "activations and weights, and distances between names.";

static const struct {
  const char *dimension, *long_name;
} sides[LORE_PROBE_SIDES] = {
    [LORE_PROBE_BY_GROUP] = {"group", "individuals that probes are judged on"},
    [LORE_PROBE_BY_LEVEL] = {"level",
                             "place in the residual stream: 0 the embedding, l after layer l"},
    [LORE_PROBE_BY_POSITION] = {"position",
                                "token: last of the name, or that which predicts the value"},
    [LORE_PROBE_BY_TARGET] = {"target", "what is read"},
    [LORE_PROBE_BY_ATTRIBUTE] = {"attribute", "attribute that the sentence is about"},
    [LORE_PROBE_BY_DIRECTION] = {"direction", NULL},
    [LORE_PROBE_BY_TENSOR] = {"tensor", "weight matrix"},
    [LORE_PROBE_BY_SINGULAR] = {"singular", NULL},
    [LORE_PROBE_BY_PERSON] = {"person", "index of an individual in the population"},
};

typedef struct {
  int step, side[LORE_PROBE_SIDES];
} dimensions;

typedef struct {
  int step, label[LORE_PROBE_SIDES], person_group;
  int setting[LORE_PROBE_SETTINGS_MAX], quantity[QUANTITIES_MAX];
} variables;

static void define_dimensions(lore_ncfile *file, const lore_probe_content *content, dimensions *d) {
  lore_probe_sizes sizes = lore_probe_sizes_of(content->problem);
  d->step = lore_ncfile_dimension(file, "step", (size_t)content->snapshots);
  for (int s = 0; s < LORE_PROBE_SIDES; s++)
    d->side[s] = lore_ncfile_dimension(file, sides[s].dimension,
                                       lore_probe_side_length(sizes, (lore_probe_side)s));
}

static void define_labels(lore_ncfile *file, const dimensions *d, variables *v) {
  v->step =
      lore_ncfile_variable(file, "step", NC_INT, 1, &d->step, "optimiser updates made so far", "1");
  for (int s = 0; s < LORE_PROBE_SIDES; s++) {
    bool number = s == LORE_PROBE_BY_LEVEL || s == LORE_PROBE_BY_PERSON;
    int dimension[2] = {d->side[s]};
    v->label[s] = -1;
    if (sides[s].long_name && !number)
      dimension[1] = lore_ncfile_text_length(
          file, sides[s].dimension, s == LORE_PROBE_BY_TENSOR ? TENSOR_LENGTH : LABEL_LENGTH);
    if (sides[s].long_name)
      v->label[s] =
          lore_ncfile_variable(file, sides[s].dimension, number ? NC_INT : NC_CHAR, number ? 1 : 2,
                               dimension, sides[s].long_name, number ? "1" : NULL);
  }
  v->person_group =
      lore_ncfile_variable(file, "person_group", NC_BYTE, 1, &d->side[LORE_PROBE_BY_PERSON],
                           "whether the person is known", "1");
  if (!file->error)
    file->error = nc_put_att_schar(file->ncid, v->person_group, "flag_values", NC_BYTE, 2,
                                   (const signed char[]){0, 1});
  lore_ncfile_text(file, v->person_group, "flag_meanings", "known held_out");
}

static void define_quantities(lore_ncfile *file, const dimensions *d, variables *v) {
  for (int q = 0; q < lore_probe_quantities; q++) {
    const lore_probe_quantity *quantity = &lore_probe_quantity_table[q];
    int dimension[LORE_PROBE_RANK + 1] = {d->step};
    for (int i = 0; i < quantity->rank; i++)
      dimension[i + 1] = d->side[quantity->side[i]];
    v->quantity[q] = lore_ncfile_variable(file, quantity->name, NC_DOUBLE, quantity->rank + 1,
                                          dimension, quantity->long_name, quantity->units);
    lore_ncfile_real(file, v->quantity[q], "_FillValue", NC_FILL_DOUBLE);
  }
}

static void put_name(lore_ncfile *file, const variables *v, const lore_probe_content *content,
                     lore_probe_side side, int at) {
  const lore_model *model = content->problem->model;
  size_t row = (size_t)at;
  if (side == LORE_PROBE_BY_TENSOR)
    lore_ncfile_put_row(file, v->label[side], row, TENSOR_LENGTH,
                        model->tensor[lore_probe_tensor(model, at)].name);
  else
    lore_ncfile_put_row(file, v->label[side], row, LABEL_LENGTH,
                        side == LORE_PROBE_BY_GROUP      ? lore_probe_group_name(at)
                        : side == LORE_PROBE_BY_POSITION ? lore_probe_position_name(at)
                        : side == LORE_PROBE_BY_TARGET   ? lore_probe_target_name(at)
                                                         : lore_attribute_name((lore_attribute)at));
}

static void put_number(lore_ncfile *file, int variable, int at, int64_t value) {
  long long number = value;
  if (!file->error)
    file->error = nc_put_var1_longlong(file->ncid, variable, (size_t[]){(size_t)at}, &number);
}

static void put_persons(lore_ncfile *file, const variables *v, const lore_probe_content *content) {
  lore_probe_sizes sizes = lore_probe_sizes_of(content->problem);
  int64_t *individual = calloc((size_t)sizes.persons + 1, sizeof *individual);
  if (!individual) {
    file->error = NC_ENOMEM;
    return;
  }
  lore_probe_persons(content->problem, individual);
  for (int i = 0; i < sizes.persons; i++) {
    put_number(file, v->label[LORE_PROBE_BY_PERSON], i, individual[i]);
    put_number(file, v->person_group, i, i >= sizes.known_persons);
  }
  free(individual);
}

static void put_labels(lore_ncfile *file, const variables *v, const lore_probe_content *content) {
  lore_probe_sizes sizes = lore_probe_sizes_of(content->problem);
  static const lore_probe_side named[] = {LORE_PROBE_BY_GROUP, LORE_PROBE_BY_POSITION,
                                          LORE_PROBE_BY_TARGET, LORE_PROBE_BY_ATTRIBUTE,
                                          LORE_PROBE_BY_TENSOR};
  for (int i = 0; i < content->snapshots; i++)
    put_number(file, v->step, i, content->step[i]);
  for (int level = 0; level < sizes.levels; level++)
    put_number(file, v->label[LORE_PROBE_BY_LEVEL], level, level);
  for (size_t s = 0; s < sizeof named / sizeof *named; s++)
    for (int i = 0; i < (int)lore_probe_side_length(sizes, named[s]); i++)
      put_name(file, v, content, named[s], i);
  put_persons(file, v, content);
}

/* One snapshot's values of a quantity; what is no number becomes the fill value. */
static void put_values(lore_ncfile *file, int variable, const lore_probe_quantity *quantity,
                       lore_probe_sizes sizes, const lore_probe_result *result, int snapshot,
                       double *scratch) {
  const double *value = *(double *const *)(const void *)((const char *)result + quantity->offset);
  size_t count[LORE_PROBE_RANK + 1] = {1}, start[LORE_PROBE_RANK + 1] = {(size_t)snapshot};
  size_t values = lore_probe_quantity_values(sizes, quantity);
  for (int i = 0; i < quantity->rank; i++)
    count[i + 1] = lore_probe_side_length(sizes, quantity->side[i]);
  for (size_t i = 0; i < values; i++)
    scratch[i] = isnan(value[i]) ? NC_FILL_DOUBLE : value[i];
  if (!file->error && values > 0)
    file->error = nc_put_vara_double(file->ncid, variable, start, count, scratch);
}

static void put_quantities(lore_ncfile *file, const variables *v,
                           const lore_probe_content *content) {
  lore_probe_sizes sizes = lore_probe_sizes_of(content->problem);
  size_t most = 1;
  for (int q = 0; q < lore_probe_quantities; q++) {
    size_t values = lore_probe_quantity_values(sizes, &lore_probe_quantity_table[q]);
    most = values > most ? values : most;
  }
  double *scratch = malloc(most * sizeof *scratch);
  if (!scratch)
    file->error = NC_ENOMEM;
  for (int q = 0; scratch && q < lore_probe_quantities; q++)
    for (int i = 0; i < content->snapshots; i++)
      put_values(file, v->quantity[q], &lore_probe_quantity_table[q], sizes, &content->result[i], i,
                 scratch);
  free(scratch);
}

static void fill_probe_file(lore_ncfile *file, void *context) {
  const lore_probe_content *content = context;
  dimensions d;
  variables v;
  assert(content->settings <= LORE_PROBE_SETTINGS_MAX && lore_probe_quantities <= QUANTITIES_MAX);
  lore_ncfile_globals(file, content->title, summary, content->provenances, content->provenance);
  lore_ncfile_text(file, NC_GLOBAL, "probe_options", content->options);
  define_dimensions(file, content, &d);
  define_labels(file, &d, &v);
  lore_scalars_define(file, content->settings, content->setting, v.setting);
  define_quantities(file, &d, &v);
  lore_ncfile_end(file);
  put_labels(file, &v, content);
  lore_scalars_put(file, content->settings, content->setting, v.setting);
  put_quantities(file, &v, content);
}

lore_status lore_probe_file_write(const char *path, lore_probe_content *content) {
  return lore_ncfile_make(path, NC_64BIT_OFFSET, true, fill_probe_file, content);
}

static bool has_steps(int ncid, int snapshots, const int64_t *step) {
  int variable, dimension;
  size_t length;
  if (nc_inq_varid(ncid, "step", &variable) || nc_inq_dimid(ncid, "step", &dimension) ||
      nc_inq_dimlen(ncid, dimension, &length) || length != (size_t)snapshots)
    return false;
  for (size_t i = 0; i < length; i++) {
    long long stored;
    if (nc_get_var1_longlong(ncid, variable, &i, &stored) || stored != step[i])
      return false;
  }
  return true;
}

bool lore_probe_file_is(const char *path, const char *options, int snapshots, const int64_t *step) {
  char stored[LORE_PROBE_OPTIONS_MAX];
  int ncid;
  if (lore_netcdf_open(path, 0, &ncid))
    return false;
  bool same = !lore_netcdf_get_text(ncid, "probe_options", sizeof stored, stored) &&
              !strcmp(stored, options) && has_steps(ncid, snapshots, step);
  nc_close(ncid);
  return same;
}
