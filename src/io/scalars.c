/* Settings as scalar coordinates. */
#include "lore/io/scalars.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_ROUNDING = 64 };

/* A multiple of TEXT_ROUNDING, so that most runs agree and can be joined with NCO. */
size_t lore_scalars_text_length(int scalars, const lore_scalar *scalar) {
  size_t longest = 1;
  for (int i = 0; i < scalars; i++)
    if (scalar[i].kind == LORE_SCALAR_TEXT) {
      size_t length = strlen(scalar[i].text);
      longest = length > longest ? length : longest;
    }
  return (longest + TEXT_ROUNDING - 1) / TEXT_ROUNDING * TEXT_ROUNDING;
}

/* The classic format has no 64-bit integers, so large ones become doubles, with the exact number
 * beside them where a double cannot hold it. */
static int define_one(lore_ncfile *file, const lore_scalar *scalar, int text_dimension) {
  const char *name = scalar->name, *long_name = scalar->long_name, *units = scalar->units;
  if (scalar->kind == LORE_SCALAR_TEXT)
    return lore_ncfile_variable(file, name, NC_CHAR, 1, &text_dimension, long_name, units);
  bool small = scalar->kind == LORE_SCALAR_INTEGER && scalar->integer == (int32_t)scalar->integer;
  int id = lore_ncfile_variable(file, name, small ? NC_INT : NC_DOUBLE, 0, NULL, long_name, units);
  if (scalar->kind == LORE_SCALAR_OPTIONAL)
    lore_ncfile_real(file, id, "_FillValue", NC_FILL_DOUBLE);
  if (scalar->kind == LORE_SCALAR_INTEGER && llabs(scalar->integer) > (INT64_C(1) << 53)) {
    char exact[32];
    snprintf(exact, sizeof exact, "exactly %lld", (long long)scalar->integer);
    lore_ncfile_text(file, id, "comment", exact);
  }
  return id;
}

static void name_coordinates(lore_ncfile *file, int scalars, const lore_scalar *scalar) {
  size_t size = 1;
  for (int i = 0; i < scalars; i++)
    size += strlen(scalar[i].name) + 1;
  char *list = calloc(size, 1), *end = list;
  if (!list && !file->error)
    file->error = NC_ENOMEM;
  for (int i = 0; list && i < scalars; i++)
    end += sprintf(end, "%s%s", i ? " " : "", scalar[i].name);
  if (list && scalars > 0)
    lore_ncfile_text(file, NC_GLOBAL, "coordinates", list);
  free(list);
}

void lore_scalars_define(lore_ncfile *file, int text_dimension, int scalars,
                         const lore_scalar *scalar, int *variable) {
  name_coordinates(file, scalars, scalar);
  for (int i = 0; i < scalars; i++)
    variable[i] = define_one(file, &scalar[i], text_dimension);
}

static void put_one(lore_ncfile *file, int variable, const lore_scalar *scalar) {
  double number = scalar->kind == LORE_SCALAR_INTEGER ? (double)scalar->integer : scalar->number;
  if (scalar->kind == LORE_SCALAR_OPTIONAL && isnan(number))
    number = NC_FILL_DOUBLE;
  if (file->error)
    return;
  if (scalar->kind != LORE_SCALAR_TEXT) {
    file->error = nc_put_var_double(file->ncid, variable, &number);
  } else if (*scalar->text) {
    size_t count = strlen(scalar->text);
    file->error =
        nc_put_vara_text(file->ncid, variable, (size_t[]){0}, (size_t[]){count}, scalar->text);
  }
}

void lore_scalars_put(lore_ncfile *file, int scalars, const lore_scalar *scalar,
                      const int *variable) {
  for (int i = 0; i < scalars; i++)
    put_one(file, variable[i], &scalar[i]);
}
