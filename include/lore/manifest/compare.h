/* A frozen manifest beside what it was expanded from. */
#ifndef LORE_MANIFEST_COMPARE_H
#define LORE_MANIFEST_COMPARE_H

#include "lore/manifest/manifest.h"

/* Runs of a manifest, to be found by their ids. */
typedef struct {
  const lore_manifest *manifest;
  int *order; /* indices of the runs, by id */
} lore_run_names;

/* Free with lore_run_names_destroy, also after a failure. LORE_MEMORY. */
lore_status lore_run_names_create(const lore_manifest *manifest, lore_run_names *names);
void lore_run_names_destroy(lore_run_names *names);

/* The index of the run called `id`, -1: none. */
int lore_run_names_find(const lore_run_names *names, const char *id);

/* Expands the study that lies beside directory/manifest.tsv, with its overrides, into `study`, and
 * compares its runs with those of the manifest. LORE_USER with what is wrong; `study` has no runs
 * if it could not be expanded. Destroy `study`, also after a failure. */
lore_status lore_manifest_compare(const char *directory, const lore_run_names *frozen,
                                  lore_manifest *study);

#endif
