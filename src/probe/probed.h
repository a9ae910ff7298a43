/* A run that is probed, whatever its task: its settings, its snapshots, and what its file says
 * beside what was found. */
#ifndef LORE_PROBE_PROBED_H
#define LORE_PROBE_PROBED_H

#include "file.h"
#include "lore/base/team.h"
#include "lore/io/path.h"
#include "lore/linalg/grid.h"
#include "lore/probe/options.h"
#include "lore/run/assembly.h"
#include "lore/run/provenance.h"

typedef struct {
  const lore_probe_options *options;
  const char *id;
  lore_team team;
  lore_grid grid; /* made once the width of the matrices is known */
  char folder[LORE_PATH_MAX], path[LORE_PATH_MAX]; /* of the run; of its probe.nc */
  lore_settings settings;
  lore_integer_list steps;                   /* of its snapshots */
  char options_text[LORE_PROBE_OPTIONS_MAX]; /* what decides the numbers: of the task */
  int scalars;                               /* lore_probed_describe */
  lore_scalar scalar[LORE_PROBE_SETTINGS_MAX];
  char text[1 << 16]; /* of the scalars */
  lore_provenance_list provenance;
} lore_probed;

/* Paths, the snapshots that the options ask for, ascending, and, if there are any, settings;
 * options and id are set. By the first rank of the team. LORE_USER for a snapshot that is not
 * there: says which there are. */
lore_status lore_probed_open(lore_probed *run);

/* Reads the weights after `step` steps into `parameters`. LORE_USER if they are another model's or
 * another run's. One rank. */
lore_status lore_probed_read(const lore_probed *run, int64_t step, const lore_assembly *assembly,
                             real *parameters);

/* Works out scalars and provenance for the file, `threads` having been used. The leader's. */
lore_status lore_probed_describe(lore_probed *run, int threads);

#endif
