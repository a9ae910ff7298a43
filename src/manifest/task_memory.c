/* Studies of the toy associative memory: its pairs are what individuals are elsewhere. */
#include "lore/io/memory_checkpoint.h"
#include "task.h"

static lore_population_config memory_population(const lore_settings *s) {
  const lore_memory_config *m = &s->memory;
  return (lore_population_config){
      .individuals = m->pairs, .held_out = m->held_out, .new_ones = m->new_pairs};
}

static bool memory_trains_on(const lore_settings *s, lore_people kind) {
  bool replay = s->memory.new_pairs > 0;
  if (kind == LORE_PEOPLE_KNOWN)
    return !replay || s->memory.replay_weight > 0;
  return kind == LORE_PEOPLE_NEW && replay;
}

static lore_status check_memory_weights(const char *path, const lore_settings *settings) {
  return lore_memory_checkpoint_check(path, &settings->memory);
}

/* It has none. */
static bool memory_cuts_curriculum(const lore_settings *settings, int64_t *length) {
  (void)settings;
  *length = 0;
  return false;
}

const lore_manifest_task lore_manifest_memory = {.name = "memory",
                                                 .individuals = "pairs",
                                                 .known = "memory.pairs",
                                                 .held_out = "memory.held_out",
                                                 .new_ones = "memory.new_pairs",
                                                 .population = memory_population,
                                                 .trains_on = memory_trains_on,
                                                 .check_weights = check_memory_weights,
                                                 .cuts_curriculum = memory_cuts_curriculum};
