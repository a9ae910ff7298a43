/* Reading parameters back, believing nothing. */
#include <string.h>

#include "checkpoint.h"
#include "lore/checkpoint.h"
#include "ncfile.h"

enum { BLOCK = 1 << 20, TEXT_MAX = 64 };

static lore_status damaged(const char *path, const char *what, int code) {
  return lore_fail(LORE_NETCDF, "cannot read %s of %s: %s", what, path, nc_strerror(code));
}

/* A global text attribute of less than TEXT_MAX bytes. */
static int get_text(int ncid, const char *name, char text[TEXT_MAX]) {
  size_t length = 0;
  memset(text, 0, TEXT_MAX);
  int error = nc_inq_attlen(ncid, NC_GLOBAL, name, &length);
  if (!error && length >= TEXT_MAX)
    error = NC_ERANGE;
  return error ? error : nc_get_att_text(ncid, NC_GLOBAL, name, text);
}

static int get_number(int ncid, const char *name, double *value) {
  size_t length = 0;
  int error = nc_inq_attlen(ncid, NC_GLOBAL, name, &length);
  if (!error && length != 1)
    error = NC_ERANGE;
  return error ? error : nc_get_att_double(ncid, NC_GLOBAL, name, value);
}

static lore_status check_format(int ncid, const char *path) {
  double format;
  int error = get_number(ncid, "checkpoint_format", &format);
  if (error)
    return damaged(path, "checkpoint_format", error);
  if (format != LORE_CHECKPOINT_FORMAT)
    return lore_fail(LORE_USER, "%s has checkpoint format %g; this build reads %d", path, format,
                     LORE_CHECKPOINT_FORMAT);
  return LORE_OK;
}

static lore_status check_settings(int ncid, const char *path, const lore_model *model) {
  lore_checkpoint_setting setting[LORE_CHECKPOINT_SETTINGS];
  lore_checkpoint_settings(model, setting);
  for (int i = 0; i < LORE_CHECKPOINT_SETTINGS; i++) {
    const lore_checkpoint_setting *s = &setting[i];
    char text[TEXT_MAX];
    double number = 0;
    int error = s->text ? get_text(ncid, s->name, text) : get_number(ncid, s->name, &number);
    if (error)
      return damaged(path, s->name, error);
    if (s->text && strcmp(text, s->text))
      return lore_fail(LORE_USER, "%s holds another model: %s is %s there and %s here", path,
                       s->name, text, s->text);
    if (!s->text && number != s->number)
      return lore_fail(LORE_USER, "%s holds another model: %s is %.9g there and %.9g here", path,
                       s->name, number, s->number);
  }
  return LORE_OK;
}

/* Finds the variable of a tensor and compares its type and dimensions. */
static lore_status find_variable(int ncid, const char *path, const lore_model *model,
                                 const lore_variable_layout *layout, int *variable) {
  int rank, dimension[NC_MAX_VAR_DIMS];
  nc_type type;
  if (nc_inq_varid(ncid, layout->name, variable))
    return lore_fail(LORE_USER, "%s holds another model: it has no tensor %s", path, layout->name);
  int error = nc_inq_var(ncid, *variable, NULL, &type, &rank, dimension, NULL);
  if (error)
    return damaged(path, layout->name, error);
  if (type != LORE_NC_REAL)
    return lore_fail(LORE_USER, "%s holds %s in another precision than this build's", path,
                     layout->name);
  if (rank != layout->rank)
    return lore_fail(LORE_USER, "%s holds another model: %s has %d dimensions there and %d here",
                     path, layout->name, rank, layout->rank);
  for (int i = 0; i < rank; i++) {
    char name[NC_MAX_NAME + 1];
    size_t length, wanted = (size_t)lore_side_length(model, layout->side[i]);
    error = nc_inq_dim(ncid, dimension[i], name, &length);
    if (error)
      return damaged(path, layout->name, error);
    if (strcmp(name, lore_side_name(layout->side[i])) || length != wanted)
      return lore_fail(LORE_USER, "%s holds another model: %s is %zu (%s) there and %zu (%s) here",
                       path, layout->name, length, name, wanted, lore_side_name(layout->side[i]));
  }
  return LORE_OK;
}

static lore_status read_tensors(int ncid, const char *path, const lore_model *model,
                                real *parameters) {
  memset(parameters, 0, sizeof(real) * (size_t)model->elements);
  for (int i = 0; i < model->tensors; i++) {
    lore_variable_layout layout = lore_checkpoint_variable(model, i);
    int variable;
    LORE_TRY(find_variable(ncid, path, model, &layout, &variable));
    int error = LORE_GET_REALS(ncid, variable, parameters + model->tensor[i].offset);
    if (error)
      return damaged(path, layout.name, error);
  }
  return LORE_OK;
}

/* That the tensors are where the table says. */
static lore_status check_parameters(int ncid, const char *path, const lore_model *model,
                                    const real *parameters) {
  char stored[TEXT_MAX], computed[LORE_CHECKSUM_TEXT];
  int error = get_text(ncid, LORE_CHECKPOINT_CHECKSUM, stored);
  if (error)
    return damaged(path, LORE_CHECKPOINT_CHECKSUM, error);
  lore_checkpoint_checksum(model, parameters, computed);
  if (strcmp(stored, computed))
    return lore_fail(LORE_NETCDF, "the parameters of %s have the checksum %s, not %s", path,
                     computed, stored);
  return LORE_OK;
}

static lore_status checkpoint_take(int ncid, const char *path, const lore_model *model,
                                   real *parameters, int64_t *step) {
  double number;
  LORE_TRY(check_format(ncid, path));
  LORE_TRY(check_settings(ncid, path, model));
  int error = get_number(ncid, "step", &number);
  if (error)
    return damaged(path, "step", error);
  LORE_TRY(read_tensors(ncid, path, model, parameters));
  LORE_TRY(check_parameters(ncid, path, model, parameters));
  *step = (int64_t)number;
  return LORE_OK;
}

lore_status lore_checkpoint_read(const char *path, const lore_model *model, real *parameters,
                                 int64_t *step) {
  int ncid;
  size_t block = BLOCK;
  LORE_TRY(lore_checkpoint_verify(path));
  LORE_TRY(lore_netcdf_status(nc__open(path, NC_NOWRITE, &block, &ncid), "open", path));
  lore_status status = checkpoint_take(ncid, path, model, parameters, step);
  nc_close(ncid);
  return status;
}
