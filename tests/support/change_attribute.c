/* Changes a global attribute of a sealed NetCDF file and seals it again. */
#include <stdio.h>
#include <stdlib.h>

#include "attribute.h"

int main(int count, char **argument) {
  char *end = "";
  if (count != 5 || (strcmp(argument[3], "number") != 0 && strcmp(argument[3], "text") != 0)) {
    fprintf(stderr, "usage: %s FILE NAME number|text VALUE\n", argument[0]);
    return 2;
  }
  const char *path = argument[1], *name = argument[2], *value = argument[4];
  bool number = !strcmp(argument[3], "number");
  double given = number ? strtod(value, &end) : 0;
  int error = *end ? NC_EINVAL : attribute_put(path, name, number ? NULL : value, given);
  if (error)
    fprintf(stderr, "cannot change %s: %s\n", path, nc_strerror(error));
  return error || attribute_seal(path) ? 1 : 0;
}
