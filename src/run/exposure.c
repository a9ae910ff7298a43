/* How often a run has shown each individual: the draws are made once more, which costs as much as a
 * few steps. */
#include "exposure.h"

#include <stdlib.h>

#include "lore/io/path.h"
#include "lore/io/whole.h"

typedef struct {
  const lore_run *run;
  int64_t individuals;
  int32_t *draws, *first_step; /* of each individual; first_step -1: never */
} exposure;

static void count_draws(exposure *e) {
  const lore_run *run = e->run;
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

static void write_counts(lore_ncfile *file, void *content) {
  const exposure *e = content;
  const lore_run *run = e->run;
  lore_ncfile_globals(file, run->settings->name,
                      "How often training has shown each individual: known, held-out, new and "
                      "throw-away ones, in this order.",
                      run->provenance.count, run->provenance.entry);
  int individual = lore_ncfile_dimension(file, "individual", (size_t)e->individuals);
  int draws = lore_ncfile_variable(file, "draws", NC_INT, 1, &individual,
                                   "training sequences about the individual", "1");
  int first = lore_ncfile_variable(file, "first_step", NC_INT, 1, &individual,
                                   "step that first showed the individual; -1: none", "1");
  lore_ncfile_end(file);
  if (!file->error)
    file->error = nc_put_var_int(file->ncid, draws, e->draws);
  if (!file->error)
    file->error = nc_put_var_int(file->ncid, first, e->first_step);
}

lore_status lore_exposure_write(const lore_run *run) {
  char path[LORE_PATH_MAX];
  exposure e = {.run = run, .individuals = lore_population_total(&run->settings->population)};
  LORE_TRY(lore_path_join(run->result->directory, LORE_PATH_EXPOSURE, path));
  e.draws = calloc((size_t)e.individuals, sizeof *e.draws);
  e.first_step = calloc((size_t)e.individuals, sizeof *e.first_step);
  lore_status status = LORE_OK;
  if (e.draws && e.first_step)
    count_draws(&e);
  else
    status = lore_fail(LORE_MEMORY, "cannot allocate counts for %lld individuals",
                       (long long)e.individuals);
  if (status == LORE_OK)
    status = lore_ncfile_make(path, NC_64BIT_OFFSET, true, write_counts, &e);
  free(e.draws);
  free(e.first_step);
  return status;
}
