/* One NetCDF-4 file of many runs. */
#include "lore/io/collect.h"

#include <stdlib.h>

#include "collect_copy.h"

/* Runs, one after the other, and what became of each. */
static void put_runs(lore_ncfile *file, lore_collect_survey *survey, const lore_collect_ids *ids) {
  const lore_collection *collection = survey->collection;
  for (int i = 0; i < collection->runs && !file->error; i++) {
    int damage;
    size_t at = (size_t)i;
    lore_collect_put_run(file, survey, ids, i, &damage);
    if (damage)
      lore_collect_damaged(survey, i, damage);
    int state =
        survey->file[i] == LORE_COLLECT_DAMAGED ? collection->states - 1 : collection->run[i].state;
    if (!file->error)
      file->error = nc_put_var1_int(file->ncid, ids->run_state, &at, &state);
  }
}

static void fill(lore_ncfile *file, void *content) {
  lore_collect_survey *survey = content;
  lore_collect_ids ids = {.dimension = calloc((size_t)survey->dimensions, sizeof *ids.dimension),
                          .variable = calloc((size_t)survey->variables + 1, sizeof *ids.variable)};
  if (!ids.dimension || !ids.variable)
    file->error = NC_ENOMEM;
  else
    lore_collect_define(file, survey, &ids);
  if (!file->error)
    lore_collect_put_labels(file, survey, &ids);
  put_runs(file, survey, &ids);
  free(ids.dimension);
  free(ids.variable);
}

lore_status lore_collect_write(const char *path, const lore_collection *collection,
                               lore_collect_result *result) {
  lore_collect_survey survey;
  lore_status status = lore_collect_survey_read(collection, &survey);
  if (status == LORE_OK && survey.steps == 0)
    status = lore_fail(LORE_USER, "nothing to collect: %d run%s, none with a record %s",
                       collection->runs, collection->runs == 1 ? "" : "s",
                       survey.damaged ? "that can be read" : "yet");
  if (status == LORE_OK)
    status = lore_ncfile_make(path, NC_NETCDF4, fill, &survey);
  *result = (lore_collect_result){.collected = survey.collected,
                                  .damaged = survey.damaged,
                                  .steps = survey.steps,
                                  .groups = survey.groups};
  lore_collect_survey_destroy(&survey);
  return status;
}
