/* What depends on the task of a run that is probed: one entry for each, in its own file. */
#ifndef LORE_PROBE_TASK_H
#define LORE_PROBE_TASK_H

#include "probed.h"

/* What probing one run costs with the default options. */
typedef struct {
  int snapshots;
  double forward, algebra;   /* operations for each snapshot, as lore_probe_operations */
  size_t bytes, bytes_least; /* of each rank: all levels at once, one level at a time */
} lore_probe_cost;

typedef struct {
  /* Sets run->options_text: what decides the numbers. Each rank by itself. */
  lore_status (*describe_options)(lore_probed *run);
  /* Columns of the matrices. */
  int (*width)(const lore_settings *settings);
  /* Probes all snapshots and writes the file; *snapshots: how many were probed. All ranks. */
  lore_status (*probe)(lore_probed *run, int *snapshots);
  /* NULL: too little to plan for. */
  lore_status (*estimate)(const lore_settings *settings, int ranks, int threads,
                          lore_probe_cost *cost);
} lore_probe_task;

extern const lore_probe_task lore_probe_biographies, lore_probe_memory;

const lore_probe_task *lore_probe_task_of(lore_task task);

#endif
