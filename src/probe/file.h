/* probe.nc: what was found in the snapshots of a run (doc/probe.md). */
#ifndef LORE_PROBE_FILE_H
#define LORE_PROBE_FILE_H

#include "lore/io/ncfile.h"
#include "lore/probe/memory.h"
#include "result.h"

/* What a file is made of. */
typedef struct {
  const char *title;
  const char *options; /* what decides the numbers, as text: lore_probe_options_text */
  const lore_probe_problem *problem;
  int snapshots;
  const int64_t *step; /* ascending */
  const lore_probe_result *result;
  int settings;
  const lore_scalar *setting;
  int provenances;
  const lore_provenance *provenance;
} lore_probe_content;

enum { LORE_PROBE_OPTIONS_MAX = 1024, LORE_PROBE_SETTINGS_MAX = 128 };

/* The configuration as text. */
void lore_probe_options_text(const lore_probe_config *config, char text[LORE_PROBE_OPTIONS_MAX]);

/* Writes `path`, whole or not at all. */
lore_status lore_probe_file_write(const char *path, lore_probe_content *content);

/* What a file of a toy memory is made of; steps as above. */
typedef struct {
  const char *title, *options;
  int snapshots;
  const int64_t *step;
  int groups;
  const lore_group *group;
  const lore_group_metrics *metrics; /* [snapshot][LORE_PAIR_GROUPS_MAX], of the trained memory */
  const lore_linear_memory *linear;
  int settings;
  const lore_scalar *setting;
  int provenances;
  const lore_provenance *provenance;
} lore_linear_content;

lore_status lore_linear_file_write(const char *path, lore_linear_content *content);

/* Whether `path` already holds these options and steps. */
bool lore_probe_file_is(const char *path, const char *options, int snapshots, const int64_t *step);

#endif
