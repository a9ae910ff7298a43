/* A hash table of ids. */
#include "index.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

lore_status lore_manifest_index_create(const lore_manifest *manifest, int runs,
                                       lore_manifest_index *index) {
  *index = (lore_manifest_index){.manifest = manifest, .slots = 16};
  while (index->slots < 2 * (size_t)runs)
    index->slots *= 2;
  index->slot = calloc(index->slots, sizeof *index->slot);
  return index->slot ? LORE_OK : lore_fail(LORE_MEMORY, "no memory for %d runs", runs);
}

void lore_manifest_index_destroy(lore_manifest_index *index) {
  free(index->slot);
  *index = (lore_manifest_index){0};
}

/* Where `id` is or would be. */
static int *find_slot(const lore_manifest_index *index, const char *id) {
  size_t at = (size_t)XXH3_64bits(id, strlen(id)) & (index->slots - 1);
  while (index->slot[at] && strcmp(index->manifest->run[index->slot[at] - 1].id, id) != 0)
    at = (at + 1) & (index->slots - 1);
  return &index->slot[at];
}

bool lore_manifest_index_add(lore_manifest_index *index, int run) {
  int *slot = find_slot(index, index->manifest->run[run].id);
  if (*slot)
    return false;
  *slot = run + 1;
  return true;
}

int lore_manifest_index_find(const lore_manifest_index *index, const char *id) {
  return *find_slot(index, id) - 1;
}
