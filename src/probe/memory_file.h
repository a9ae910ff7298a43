/* probe.nc of a toy memory: the trained memory beside the best linear one (doc/probe.md). */
#ifndef LORE_PROBE_MEMORY_FILE_H
#define LORE_PROBE_MEMORY_FILE_H

#include "linear_memory.h"
#include "lore/io/ncfile.h"

/* What a file of a toy memory is made of; steps ascending. */
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

/* Writes `path`, whole or not at all. */
lore_status lore_linear_file_write(const char *path, lore_linear_content *content);

#endif
