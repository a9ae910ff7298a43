/* What depends on the task of a run: one entry for each, in its own file. */
#ifndef LORE_RUN_TASK_H
#define LORE_RUN_TASK_H

#include "lore/settings/settings.h"

struct lore_run;

typedef struct {
  bool sharded; /* ranks divide the shards of a batch; else one rank computes, whatever there are */
  bool pairs;   /* metrics are of pairs, which have no attributes */
  bool tokens;  /* it shows sequences of tokens, which lore_export_run writes */
  /* From beginning to end, as lore_run_execute; all ranks. */
  lore_status (*train)(struct lore_run *run);
} lore_run_task;

extern const lore_run_task lore_run_biographies, lore_run_memory;

const lore_run_task *lore_run_task_of(lore_task task);

#endif
