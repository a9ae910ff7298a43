/* Reading parameters back, believing nothing. */
#include <string.h>

#include "checkpoint_parts.h"
#include "lore/io/ncfile.h"
#include "lore/io/resume.h"

enum { BLOCK = 1 << 20, TEXT_MAX = 64 };

static lore_status check_format(int ncid, const char *path) {
  double format;
  int error = lore_netcdf_get_number(ncid, "checkpoint_format", &format);
  if (error)
    return lore_netcdf_unreadable(path, "checkpoint_format", error);
  if (format != LORE_CHECKPOINT_FORMAT)
    return lore_fail(LORE_USER, "%s has checkpoint format %g; this build reads %d", path, format,
                     LORE_CHECKPOINT_FORMAT);
  return LORE_OK;
}

static lore_status check_settings(int ncid, const char *path, const lore_model *model) {
  lore_checkpoint_setting setting[LORE_CHECKPOINT_SETTINGS_MAX];
  int settings = lore_checkpoint_settings(model, setting);
  for (int i = 0; i < settings; i++) {
    const lore_checkpoint_setting *s = &setting[i];
    char text[TEXT_MAX];
    double number = 0;
    int error = s->text ? lore_netcdf_get_text(ncid, s->name, sizeof text, text)
                        : lore_netcdf_get_number(ncid, s->name, &number);
    if (error)
      return lore_netcdf_unreadable(path, s->name, error);
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
    return lore_netcdf_unreadable(path, layout->name, error);
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
      return lore_netcdf_unreadable(path, layout->name, error);
    if (strcmp(name, lore_side_name(layout->side[i])) || length != wanted)
      return lore_fail(LORE_USER, "%s holds another model: %s is %zu (%s) there and %zu (%s) here",
                       path, layout->name, length, name, wanted, lore_side_name(layout->side[i]));
  }
  return LORE_OK;
}

lore_status lore_checkpoint_fits(int ncid, const char *path, const lore_model *model) {
  LORE_TRY(check_format(ncid, path));
  LORE_TRY(check_settings(ncid, path, model));
  for (int i = 0; i < model->tensors; i++) {
    lore_variable_layout layout = lore_checkpoint_variable(model, LORE_VECTOR_PARAMETERS, i);
    int variable;
    LORE_TRY(find_variable(ncid, path, model, &layout, &variable));
  }
  return LORE_OK;
}

static lore_status read_tensors(int ncid, const char *path, const lore_model *model,
                                lore_vector vector, real *elements) {
  memset(elements, 0, sizeof(real) * (size_t)model->elements);
  for (int i = 0; i < model->tensors; i++) {
    lore_variable_layout layout = lore_checkpoint_variable(model, vector, i);
    int variable;
    LORE_TRY(find_variable(ncid, path, model, &layout, &variable));
    int error = LORE_GET_REALS(ncid, variable, elements + model->tensor[i].offset);
    if (error)
      return lore_netcdf_unreadable(path, layout.name, error);
  }
  return LORE_OK;
}

/* That the tensors are where the table says. */
static lore_status check_parameters(int ncid, const char *path, const lore_model *model,
                                    const real *parameters) {
  char stored[TEXT_MAX], computed[LORE_CHECKSUM_TEXT];
  int error = lore_netcdf_get_text(ncid, LORE_CHECKPOINT_CHECKSUM, sizeof stored, stored);
  if (error)
    return lore_netcdf_unreadable(path, LORE_CHECKPOINT_CHECKSUM, error);
  lore_checkpoint_checksum(model, parameters, computed);
  if (strcmp(stored, computed))
    return lore_fail(LORE_NETCDF, "the parameters of %s have the checksum %s, not %s", path,
                     computed, stored);
  return LORE_OK;
}

static lore_status take(int ncid, const char *path, const lore_model *model, int vectors,
                        real *const *vector, int64_t *step, lore_resume *resume) {
  double number;
  LORE_TRY(check_format(ncid, path));
  LORE_TRY(check_settings(ncid, path, model));
  int error = lore_netcdf_get_number(ncid, "step", &number);
  if (error)
    return lore_netcdf_unreadable(path, "step", error);
  *step = (int64_t)number;
  if (resume)
    LORE_TRY(lore_resume_get_fields(ncid, path, resume));
  for (int v = 0; v < vectors; v++)
    LORE_TRY(read_tensors(ncid, path, model, (lore_vector)v, vector[v]));
  return check_parameters(ncid, path, model, vector[LORE_VECTOR_PARAMETERS]);
}

lore_status lore_checkpoint_take(const char *path, const lore_model *model, int vectors,
                                 real *const *vector, int64_t *step, lore_resume *resume) {
  int ncid;
  size_t block = BLOCK;
  LORE_TRY(lore_netcdf_status(nc__open(path, NC_NOWRITE, &block, &ncid), "open", path));
  lore_status status = take(ncid, path, model, vectors, vector, step, resume);
  nc_close(ncid);
  return status;
}

lore_status lore_checkpoint_read(const char *path, const lore_model *model, real *parameters,
                                 int64_t *step) {
  LORE_TRY(lore_checkpoint_verify(path));
  return lore_checkpoint_take(path, model, 1, &parameters, step, NULL);
}
