/* How often a run has shown each individual, as a file. */
#include "exposure.h"

#include "lore/io/path.h"
#include "lore/io/whole.h"

static int define_counts(lore_ncfile *file, const char *name, int dimension,
                         const char *long_name) {
  return lore_ncfile_variable(file, name, NC_INT, 1, &dimension, long_name, "1");
}

static void put_counts(lore_ncfile *file, int variable, const int32_t *counts) {
  if (!file->error)
    file->error = nc_put_var_int(file->ncid, variable, counts);
}

static void write_counts(lore_ncfile *file, void *content) {
  const lore_run *run = content;
  lore_ncfile_globals(file, run->settings->name,
                      "How often training has shown each individual: known, held-out, new, "
                      "throw-away and injected ones, in this order.",
                      run->provenance.count, run->provenance.entry);
  int individual = lore_ncfile_dimension(file, "individual", (size_t)run->exposure.individuals);
  int draws = define_counts(file, "draws", individual, "training sequences about the individual");
  int first = define_counts(file, "first_step", individual,
                            "step that first showed the individual; -1: none");
  int last = define_counts(file, "last_step", individual,
                           "step that last showed the individual; -1: none");
  lore_ncfile_end(file);
  put_counts(file, draws, run->exposure.draws);
  put_counts(file, first, run->exposure.first_step);
  put_counts(file, last, run->exposure.last_step);
}

lore_status lore_exposure_write(lore_run *run) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_path_join(run->result->directory, LORE_PATH_EXPOSURE, path));
  lore_exposure_count(&run->exposure, &run->assembly.source.sampler, run->at.step);
  return lore_ncfile_make(path, NC_64BIT_OFFSET, true, write_counts, run);
}
