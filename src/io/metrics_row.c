/* Reading the metrics of one run from either kind of file. */
#include "lore/io/metrics_row.h"

#include <math.h>
#include <netcdf.h>
#include <stdlib.h>
#include <string.h>

#include "collect_survey.h"
#include "lore/io/ncfile.h"

static double known_number(double value) {
  return value == NC_FILL_DOUBLE || value == NC_FILL_INT ? NAN : value;
}

/* Of a variable of a collected file, whether its first dimension is `run`. */
static int begins_with_run(int ncid, int id, bool *yes) {
  char name[NC_MAX_NAME + 1] = "";
  int rank, dimension[NC_MAX_VAR_DIMS];
  int error = nc_inq_varndims(ncid, id, &rank);
  if (!error)
    error = nc_inq_vardimid(ncid, id, dimension);
  if (!error && rank > 0)
    error = nc_inq_dimname(ncid, dimension[0], name);
  *yes = !strcmp(name, "run");
  return error;
}

double lore_metrics_row_number(int ncid, int row, const char *name) {
  double value;
  bool along = false;
  int id;
  if (nc_inq_varid(ncid, name, &id) || (row >= 0 && begins_with_run(ncid, id, &along)))
    return NAN;
  size_t at = along ? (size_t)row : 0;
  return nc_get_var1_double(ncid, id, &at, &value) ? NAN : known_number(value);
}

static int read_characters(int ncid, int id, int row, bool along, char **text) {
  int rank, dimension[NC_MAX_VAR_DIMS];
  size_t length = 1, start[2] = {along ? (size_t)row : 0, 0}, count[2] = {1, 1};
  int error = nc_inq_var(ncid, id, NULL, NULL, &rank, dimension, NULL);
  if (!error && rank > (along ? 2 : 1))
    error = NC_EEDGE;
  if (!error && rank > 0)
    error = nc_inq_dimlen(ncid, dimension[rank - 1], &length);
  if (error)
    return error;
  *text = calloc(length + 1, 1);
  count[along ? 1 : 0] = length;
  return *text ? nc_get_vara_text(ncid, id, start, count, *text) : NC_ENOMEM;
}

static int print_number(double number, char **text) {
  if (isnan(number))
    return NC_NOERR;
  return asprintf(text, "%.9g", number) < 0 ? NC_ENOMEM : NC_NOERR;
}

int lore_metrics_row_text(int ncid, int row, const char *name, char **text) {
  nc_type type;
  bool along = false;
  int id;
  *text = NULL;
  if (nc_inq_varid(ncid, name, &id))
    return NC_NOERR;
  int error = nc_inq_vartype(ncid, id, &type);
  if (!error && row >= 0)
    error = begins_with_run(ncid, id, &along);
  if (error)
    return error;
  if (type != NC_CHAR)
    return print_number(lore_metrics_row_number(ncid, row, name), text);
  return read_characters(ncid, id, row, along, text);
}

int lore_metrics_row_origin(int ncid, int row, const char *name, char **text) {
  return row < 0 ? lore_collect_origin(ncid, name, text)
                 : lore_metrics_row_text(ncid, row, name, text);
}

static size_t dimension_length(int ncid, const char *name) {
  int id;
  size_t length;
  return nc_inq_dimid(ncid, name, &id) || nc_inq_dimlen(ncid, id, &length) ? 0 : length;
}

/* Values along the file's steps, at `column` of the second dimension if the variable has one. */
static int read_column(const lore_metrics_row *m, const char *name, size_t column, double *values) {
  size_t start[3] = {0}, count[3] = {1, 1, 1};
  bool along = false;
  int id, rank, error = nc_inq_varid(m->ncid, name, &id);
  if (!error && m->row >= 0)
    error = begins_with_run(m->ncid, id, &along);
  if (!error)
    error = nc_inq_varndims(m->ncid, id, &rank);
  if (error)
    return error;
  int first = along ? 1 : 0;
  if (rank < first + 1 || rank > first + 2)
    return NC_EBADDIM;
  start[0] = along ? (size_t)m->row : 0;
  start[first] = 0;
  count[first] = m->along;
  start[first + 1] = column;
  error = m->along ? nc_get_vara_double(m->ncid, id, start, count, values) : NC_NOERR;
  for (size_t i = 0; i < m->along && !error; i++)
    values[i] = known_number(values[i]);
  return error;
}

int lore_metrics_row_values(const lore_metrics_row *m, const char *name, size_t column,
                            double *values) {
  double *all = calloc(m->along + 1, sizeof *all);
  int error = all ? read_column(m, name, column, all) : NC_ENOMEM;
  for (size_t i = 0; i < m->records && !error; i++)
    values[i] = all[m->place[i]];
  free(all);
  return error;
}

/* Every record has a phase, so those of a row of a collected file that have none are not its. */
static int choose_records(lore_metrics_row *m) {
  double *phase = calloc(m->along + 1, sizeof *phase);
  int error = phase ? NC_NOERR : NC_ENOMEM;
  if (!error && m->row >= 0)
    error = read_column(m, "phase", 0, phase);
  for (size_t i = 0; i < m->along && !error; i++)
    if (!isnan(phase[i])) {
      m->step[m->records] = m->step[i];
      m->place[m->records++] = i;
    }
  free(phase);
  return error;
}

int lore_metrics_row_read(int ncid, int row, lore_metrics_row *m) {
  *m = (lore_metrics_row){.ncid = ncid, .row = row, .layers = dimension_length(ncid, "layer")};
  int error = lore_collect_groups(ncid, &m->groups, &m->group);
  if (!error)
    error = lore_collect_steps(ncid, &m->along, &m->step);
  if (!error && !(m->place = calloc(m->along + 1, sizeof *m->place)))
    error = NC_ENOMEM;
  return error ? error : choose_records(m);
}

void lore_metrics_row_free(lore_metrics_row *m) {
  free(m->step);
  free(m->place);
  free(m->group);
  *m = (lore_metrics_row){0};
}
