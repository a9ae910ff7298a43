/* Reading parts of a metrics file. */
#include <stdlib.h>
#include <string.h>

#include "collect_survey.h"

static int dimension_length(int ncid, const char *name, size_t *length) {
  int id, error = nc_inq_dimid(ncid, name, &id);
  return error ? error : nc_inq_dimlen(ncid, id, length);
}

int lore_collect_text(int ncid, int variable, char **text) {
  int rank, dimension;
  size_t length = 1;
  int error = nc_inq_varndims(ncid, variable, &rank);
  if (!error && rank > 1)
    error = NC_EEDGE;
  if (!error && rank == 1)
    error = nc_inq_vardimid(ncid, variable, &dimension);
  if (!error && rank == 1)
    error = nc_inq_dimlen(ncid, dimension, &length);
  *text = error ? NULL : calloc(length + 1, 1);
  if (!error && !*text)
    error = NC_ENOMEM;
  return error ? error : nc_get_var_text(ncid, variable, *text);
}

int lore_collect_groups(int ncid, size_t *groups, char (**group)[LORE_GROUP_NAME_MAX]) {
  size_t length = 0;
  int id;
  *groups = 0;
  *group = NULL;
  int error = dimension_length(ncid, "group", groups);
  if (!error)
    error = dimension_length(ncid, "label_length", &length);
  if (!error)
    error = nc_inq_varid(ncid, "group", &id);
  if (!error && length > LORE_GROUP_NAME_MAX)
    error = NC_EEDGE;
  if (!error && !(*group = calloc(*groups, sizeof **group)))
    error = NC_ENOMEM;
  for (size_t i = 0; i < *groups && !error; i++)
    error = nc_get_vara_text(ncid, id, (size_t[]){i, 0}, (size_t[]){1, length}, (*group)[i]);
  return error;
}

int lore_collect_steps(int ncid, size_t *steps, int64_t **step) {
  long long *number = NULL;
  int id;
  *steps = 0;
  *step = NULL;
  int error = dimension_length(ncid, "step", steps);
  if (!error)
    error = nc_inq_varid(ncid, "step", &id);
  if (!error) {
    number = calloc(*steps + 1, sizeof *number);
    *step = calloc(*steps + 1, sizeof **step);
    error = number && *step ? nc_get_var_longlong(ncid, id, number) : NC_ENOMEM;
  }
  for (size_t i = 0; i < *steps && !error; i++) {
    (*step)[i] = number[i];
    if (number[i] < 0 || (i > 0 && number[i] <= number[i - 1]))
      error = NC_ERANGE;
  }
  free(number);
  return error;
}
