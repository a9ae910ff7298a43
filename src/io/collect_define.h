/* The definition of a collected file. */
#ifndef LORE_IO_COLLECT_DEFINE_H
#define LORE_IO_COLLECT_DEFINE_H

#include "collect_survey.h"
#include "lore/io/ncfile.h"

/* Ids in the collected file. */
typedef struct {
  int run;        /* dimension */
  int *dimension; /* of the survey */
  int step, group, run_id, experiment, run_state;
  int *variable; /* of the survey; -1: left out */
} lore_collect_ids;

/* Defines everything and leaves define mode. `ids` has its arrays already. */
void lore_collect_define(lore_ncfile *file, const lore_collect_survey *survey,
                         lore_collect_ids *ids);

#endif
