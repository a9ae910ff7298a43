/* Filling a collected file. */
#ifndef LORE_IO_COLLECT_COPY_H
#define LORE_IO_COLLECT_COPY_H

#include "collect_define.h"

/* Labels of runs, steps and groups, and the settings that all runs share. */
void lore_collect_put_labels(lore_ncfile *file, const lore_collect_survey *survey,
                             const lore_collect_ids *ids);

/* Settings of run `run` that differ between runs, then its data if its file can be read; what is
 * wrong with that file goes to *damage (NetCDF's code), and what is missing stays fill value. */
void lore_collect_put_run(lore_ncfile *file, const lore_collect_survey *survey,
                          const lore_collect_ids *ids, int run, int *damage);

#endif
