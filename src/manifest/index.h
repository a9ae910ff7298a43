/* Runs of a manifest by id. */
#ifndef LORE_MANIFEST_INDEX_H
#define LORE_MANIFEST_INDEX_H

#include "lore/manifest/manifest.h"

typedef struct {
  const lore_manifest *manifest;
  size_t slots; /* a power of two */
  int *slot;    /* index of a run + 1; 0: free */
} lore_manifest_index;

/* An index of none of the manifest's runs, with room for `runs`. LORE_MEMORY. */
lore_status lore_manifest_index_create(const lore_manifest *manifest, int runs,
                                       lore_manifest_index *index);
void lore_manifest_index_destroy(lore_manifest_index *index);

/* Adds run `run`; false if one of the same id is there. */
bool lore_manifest_index_add(lore_manifest_index *index, int run);

/* The run called `id`, or -1. */
int lore_manifest_index_find(const lore_manifest_index *index, const char *id);

#endif
