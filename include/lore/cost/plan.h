/* What the runs of a study will cost: memory, disk, time. */
#ifndef LORE_COST_PLAN_H
#define LORE_COST_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "lore/base/status.h"
#include "lore/cost/speed.h"
#include "lore/manifest/manifest.h"

typedef struct {
  double tokens;                                 /* of the training */
  double operations;                             /* floating-point operations of the training */
  double evaluation_operations;                  /* and of the evaluations */
  double attention_operations, other_operations; /* see lore_estimate */
  double hours;                                  /* predicted by lore_plan_time */
  int threads;                                   /* of each rank */
  bool one_rank;        /* whatever the number of ranks, one of them computes */
  size_t peak_bytes;    /* memory of each rank */
  double weights_bytes; /* files of weights that stay */
  double resume_bytes;  /* resume points at the most, until the run is done */
} lore_plan_run;

typedef struct {
  int waves;
  int largest, longest; /* runs that need most memory, and most time */
  int cores;            /* of a node */
  double tokens, operations, evaluation_operations;
  double weights_bytes;
  double hours;       /* of all runs, one after the other */
  double chain_hours; /* of the longest chain from a parent to its last child */
  double core_hours, node_hours;
} lore_plan_totals;

/* Fills run[manifest->runs] but for `hours`, and `operations` of the manifest's runs, each trained
 * by `ranks` ranks. Runs that differ only in what changes neither memory nor work are worked out
 * once. `threads` of a rank where the study leaves it open. Ties threads to processors
 * (lore_threads_pin). LORE_USER if a run has fewer shards than ranks. */
lore_status lore_plan_estimate(lore_manifest *manifest, int ranks, int threads, lore_plan_run *run);

/* Times the matrix products of the manifest's largest run here for about `seconds`, and predicts
 * their share of its steps. */
lore_status lore_plan_measure(const lore_manifest *manifest, const lore_plan_run *run,
                              double seconds, lore_plan_speed *speed);

/* Predicts hours for runs of `ranks` ranks each. */
void lore_plan_time(const lore_manifest *manifest, const lore_plan_speed *speed, int ranks,
                    lore_plan_run *run);

/* Adds up, for nodes of `cores` cores. */
lore_status lore_plan_total(const lore_manifest *manifest, const lore_plan_run *run, int ranks,
                            int cores, lore_plan_totals *totals);

#endif
