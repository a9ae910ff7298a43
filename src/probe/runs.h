/* One run's snapshots. */
#ifndef LORE_PROBE_RUNS_H
#define LORE_PROBE_RUNS_H

#include "file.h"
#include "lore/base/list.h"
#include "lore/io/path.h"
#include "lore/probe/study.h"
#include "lore/run/provenance.h"

typedef enum { LORE_PROBE_DONE, LORE_PROBE_DONE_BEFORE, LORE_PROBE_WITHOUT } lore_probe_outcome;

/* Probes the run `id` on the ranks of `team`, which all call it and get the same. *snapshots: how
 * many were probed now. */
lore_status lore_probe_run(const lore_probe_options *options, const char *id, lore_team team,
                           lore_probe_outcome *outcome, int *snapshots);

/* A run that is probed, as far as its task does not matter. */
typedef struct {
  const lore_probe_options *options;
  const char *id;
  lore_team team;
  lore_grid grid; /* made once the width of the matrices is known */
  char folder[LORE_PATH_MAX], path[LORE_PATH_MAX]; /* of the run; of its probe.nc */
  lore_settings settings;
  lore_integer_list steps; /* of its snapshots */
  /* What its file says beside what was found: lore_probed_describe. */
  int scalars;
  lore_scalar scalar[LORE_PROBE_SETTINGS_MAX];
  char text[1 << 16]; /* of the scalars */
  lore_provenance_list provenance;
} lore_probed;

/* Works out settings and provenance for the file, `threads` having been used. The leader's. */
lore_status lore_probed_describe(lore_probed *run, int threads);

/* A toy memory: its file, with the best linear memory, and what decides it. */
lore_status lore_probe_memory_run(lore_probed *run, int *snapshots);
const char *lore_probe_memory_options(void);

#endif
