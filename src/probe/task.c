/* The tasks whose runs are probed. */
#include "task.h"

const lore_probe_task *lore_probe_task_of(lore_task task) {
  static const lore_probe_task *const tasks[] = {
      [LORE_TASK_BIOGRAPHIES] = &lore_probe_biographies, [LORE_TASK_MEMORY] = &lore_probe_memory};
  return tasks[task];
}
