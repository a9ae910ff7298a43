/* probe.nc of biographies: what was found in the snapshots of a run (doc/probe.md). */
#ifndef LORE_PROBE_FILE_H
#define LORE_PROBE_FILE_H

#include "lore/io/ncfile.h"
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

enum { LORE_PROBE_SETTINGS_MAX = 128 };

/* Writes `path`, whole or not at all. */
lore_status lore_probe_file_write(const char *path, lore_probe_content *content);

/* Whether `path`, of whatever task, already holds these options and steps. */
bool lore_probe_file_is(const char *path, const char *options, int snapshots, const int64_t *step);

#endif
