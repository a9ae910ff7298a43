/* Which settings count for what a study trains. */
#include <string.h>

#include "contradict.h"

static const char *const task_names[] = {"biographies", "memory"};

/* The memory shares few sections; of these, some settings are about sequences and shards. */
static bool counts_for_memory(const char *key) {
  static const char *const sections[] = {"memory.", "train.", "evaluate.", "checkpoint.",
                                         "compute."};
  static const char *const others[] = {"train.shard", "evaluate.sequences",
                                       "evaluate.attention_sequences", "evaluate.groups"};
  bool counts = !strchr(key, '.');
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
    counts |= !strncmp(key, sections[i], strlen(sections[i]));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    counts &= strcmp(key, others[i]) != 0;
  return counts;
}

static bool counts_for(const char *key, lore_task task) {
  return task == LORE_TASK_MEMORY ? counts_for_memory(key) : strncmp(key, "memory.", 7) != 0;
}

bool lore_setting_counts(const lore_setting *setting, const lore_settings *settings) {
  return counts_for(setting->key, settings->task);
}

static lore_status check_given(const lore_study *study) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  lore_task task = study->settings->task;
  for (int i = 0; i < count; i++)
    if (study->place[i].source && !counts_for(table[i].key, task))
      return lore_study_contradict(
          study, table[i].key, "task",
          "'%s' does not count with task: %s%s; leave it out or give task: %s", table[i].key,
          task_names[task], lore_study_origin(study, "task"),
          task_names[task == LORE_TASK_MEMORY ? LORE_TASK_BIOGRAPHIES : LORE_TASK_MEMORY]);
  return LORE_OK;
}

lore_status lore_study_check_task(const lore_study *study) {
  const lore_memory_config *c = &study->settings->memory;
  LORE_TRY(check_given(study));
  if (c->replay_weight == 0 || c->new_pairs > 0)
    return LORE_OK;
  return lore_study_contradict(study, "memory.replay_weight", "memory.new_pairs",
                               "'memory.replay_weight' weighs known pairs against new ones, but "
                               "'memory.new_pairs' is 0%s; say how many there are",
                               lore_study_origin(study, "memory.new_pairs"));
}
