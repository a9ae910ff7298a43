/* Labels and settings of a collected file. */
#include <stdlib.h>
#include <string.h>

#include "collect_copy.h"

static void put_text(lore_ncfile *file, int variable, size_t row, const char *text) {
  size_t length = strlen(text);
  if (!file->error && length > 0)
    file->error =
        nc_put_vara_text(file->ncid, variable, (size_t[]){row, 0}, (size_t[]){1, length}, text);
}

/* A coordinate of a dimension, from the run where it is longest. */
static void put_label(lore_ncfile *file, const lore_collect_survey *survey,
                      const lore_collect_variable *variable, int to) {
  int from = survey->dimension[variable->dimension[0]].from, ncid, id;
  size_t values = 1;
  for (int i = 0; i < variable->rank; i++)
    values *= survey->dimension[variable->dimension[i]].length;
  void *buffer = calloc(values + 1, sizeof(double));
  if (!buffer && !file->error)
    file->error = NC_ENOMEM;
  if (file->error ||
      (file->error = nc_open(survey->collection->run[from].path, NC_NOWRITE, &ncid))) {
    free(buffer);
    return;
  }
  bool text = variable->type == NC_CHAR;
  int error = nc_inq_varid(ncid, variable->name, &id);
  if (!error)
    error = text ? nc_get_var_text(ncid, id, buffer) : nc_get_var_double(ncid, id, buffer);
  if (!error)
    error =
        text ? nc_put_var_text(file->ncid, to, buffer) : nc_put_var_double(file->ncid, to, buffer);
  nc_close(ncid);
  file->error = error;
  free(buffer);
}

/* A setting that is the same everywhere. */
static void put_shared(lore_ncfile *file, const lore_collect_variable *variable, int to) {
  if (file->error)
    return;
  if (variable->kind == LORE_COLLECT_NUMBER)
    file->error = nc_put_var_double(file->ncid, to, &variable->number);
  else if (*variable->text)
    file->error = nc_put_vara_text(file->ncid, to, (size_t[]){0},
                                   (size_t[]){strlen(variable->text)}, variable->text);
}

void lore_collect_put_labels(lore_ncfile *file, const lore_collect_survey *survey,
                             const lore_collect_ids *ids) {
  const lore_collection *collection = survey->collection;
  for (int i = 0; i < collection->runs; i++) {
    put_text(file, ids->run_id, (size_t)i, collection->run[i].id);
    put_text(file, ids->experiment, (size_t)i, collection->run[i].experiment);
  }
  for (size_t i = 0; i < survey->groups; i++)
    put_text(file, ids->group, i, survey->group[i]);
  for (size_t i = 0; i < survey->steps && !file->error; i++)
    file->error =
        nc_put_var1_longlong(file->ncid, ids->step, &i, (long long[]){(long long)survey->step[i]});
  for (int i = 0; i < survey->variables; i++) {
    const lore_collect_variable *variable = &survey->variable[i];
    if (ids->variable[i] < 0 || variable->kind == LORE_COLLECT_DATA)
      continue;
    if (variable->kind == LORE_COLLECT_LABEL)
      put_label(file, survey, variable, ids->variable[i]);
    else if (!lore_collect_along_run(survey, variable))
      put_shared(file, variable, ids->variable[i]);
  }
}
