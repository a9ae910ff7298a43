/* What differs between tasks when a study is expanded. */
#ifndef LORE_MANIFEST_TASK_H
#define LORE_MANIFEST_TASK_H

#include "lore/settings/settings.h"

typedef struct {
  const char *name;
  /* What messages call individuals, and the settings that say how many there are. */
  const char *individuals, *known, *held_out, *new_ones;
  /* How many individuals there are of each kind. */
  lore_population_config (*population)(const lore_settings *settings);
  /* Whether a run trains on individuals of this kind. */
  bool (*trains_on)(const lore_settings *settings, lore_people kind);
  /* LORE_USER unless the weights in a file, of this task, fit the settings. */
  lore_status (*check_weights)(const char *path, const lore_settings *settings);
  /* Whether the curriculum is still under way when training ends; *length: of the curriculum, in
   * steps. */
  bool (*cuts_curriculum)(const lore_settings *settings, int64_t *length);
} lore_manifest_task;

extern const lore_manifest_task lore_manifest_biographies, lore_manifest_memory;

const lore_manifest_task *lore_manifest_task_of(lore_task task);

#endif
