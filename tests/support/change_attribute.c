/* Changes or removes a global attribute of a sealed NetCDF file and seals it again. */
#include <stdio.h>
#include <stdlib.h>

#include "attribute.h"

static int change(const char *path, const char *name, const char *kind, const char *value) {
  char *end;
  if (!strcmp(kind, "text"))
    return attribute_put_text(path, name, value);
  double number = strtod(value, &end);
  return *end ? NC_EINVAL : attribute_put_number(path, name, number);
}

int main(int count, char **argument) {
  bool removes = count == 4 && !strcmp(argument[3], "none");
  if (!removes &&
      (count != 5 || (strcmp(argument[3], "number") != 0 && strcmp(argument[3], "text") != 0))) {
    fprintf(stderr, "usage: %s FILE NAME none|number VALUE|text VALUE\n", argument[0]);
    return 2;
  }
  const char *path = argument[1], *name = argument[2];
  int error = removes ? attribute_remove(path, name) : change(path, name, argument[3], argument[4]);
  if (error)
    fprintf(stderr, "cannot change %s: %s\n", path, nc_strerror(error));
  return error || attribute_seal(path) ? 1 : 0;
}
