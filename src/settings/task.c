/* The tasks. */
#include "task.h"

const lore_settings_task *lore_settings_task_of(lore_task task) {
  static const lore_settings_task *const tasks[] = {
      [LORE_TASK_BIOGRAPHIES] = &lore_settings_biographies,
      [LORE_TASK_MEMORY] = &lore_settings_memory,
  };
  return tasks[task];
}
