/* Whom a run has shown how often: the draws are made once more, which costs what a few steps do. */
#include <stdlib.h>

#include "../io/ncfile.h"
#include "training.h"

typedef struct {
  int64_t individuals;
  int32_t *draws, *first_step; /* of each individual; first_step -1: never */
} exposure;

static void count(const lore_run *run, exposure *e) {
  const lore_sampler *sampler = &run->assembly.source.sampler;
  for (int64_t i = 0; i < e->individuals; i++)
    e->first_step[i] = -1;
  for (int64_t step = 0; step < run->at.step; step++)
    for (int64_t sequence = 0; sequence < run->settings->train.batch; sequence++) {
      int64_t who = lore_sampler_draw(sampler, step, sequence);
      e->draws[who]++;
      if (e->first_step[who] < 0)
        e->first_step[who] = (int32_t)step;
    }
}

static int write_variables(const lore_run *run, const exposure *e, int ncid) {
  lore_ncfile file = {.ncid = ncid};
  lore_ncfile_globals(&file, run->settings->name,
                      "How often training has shown each individual: known, held-out, new and "
                      "throw-away ones, in this order.",
                      run->provenance.count, run->provenance.entry);
  int individual = lore_ncfile_dimension(&file, "individual", (size_t)e->individuals);
  int draws = lore_ncfile_variable(&file, "draws", NC_INT, 1, &individual,
                                   "training sequences about the individual", "1");
  int first = lore_ncfile_variable(&file, "first_step", NC_INT, 1, &individual,
                                   "step that first showed the individual; -1: none", "1");
  if (!file.error)
    file.error = nc_enddef(ncid);
  if (!file.error)
    file.error = nc_put_var_int(ncid, draws, e->draws);
  if (!file.error)
    file.error = nc_put_var_int(ncid, first, e->first_step);
  return file.error;
}

static lore_status write_file(const lore_run *run, const exposure *e, const char *path,
                              const char *partial) {
  int ncid, error = nc_create(partial, NC_CLOBBER | NC_64BIT_OFFSET, &ncid);
  if (error)
    return lore_netcdf_status(error, "create", path);
  error = write_variables(run, e, ncid);
  if (error) {
    lore_partial_discard(ncid, partial);
    return lore_netcdf_status(error, "write", path);
  }
  error = nc_close(ncid);
  if (!error)
    return lore_partial_commit(partial, path);
  remove(partial);
  return lore_netcdf_status(error, "write", path);
}

lore_status lore_run_put_exposure(const lore_run *run) {
  char path[LORE_PATH_MAX], *partial = NULL;
  exposure e = {.individuals = lore_population_total(&run->settings->population)};
  LORE_TRY(lore_path_join(run->result->directory, "exposure.nc", path));
  LORE_TRY(lore_partial_name(path, &partial));
  e.draws = calloc((size_t)e.individuals, sizeof *e.draws);
  e.first_step = calloc((size_t)e.individuals, sizeof *e.first_step);
  lore_status status = LORE_OK;
  if (e.draws && e.first_step)
    count(run, &e);
  else
    status = lore_fail(LORE_MEMORY, "no memory to count draws of %lld individuals",
                       (long long)e.individuals);
  if (status == LORE_OK)
    status = write_file(run, &e, path, partial);
  free(e.draws);
  free(e.first_step);
  free(partial);
  return status;
}
