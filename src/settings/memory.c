/* Contradictions between settings of the toy associative memory. */
#include "task.h"

static lore_status check_memory_settings(const lore_study *study) {
  const lore_memory_config *c = &study->settings->memory;
  if (c->replay_weight == 0 || c->new_pairs > 0)
    return LORE_OK;
  return lore_study_contradict(study, "memory.replay_weight", "memory.new_pairs",
                               "'memory.replay_weight' weighs known pairs against new ones, but "
                               "'memory.new_pairs' is 0%s; give their number",
                               lore_study_origin(study, "memory.new_pairs"));
}

const lore_settings_task lore_settings_memory = {.check = check_memory_settings};
