/* The tasks by number. */
#include "task.h"

const lore_manifest_task *lore_manifest_task_of(lore_task task) {
  static const lore_manifest_task *const tasks[] = {[LORE_TASK_BIOGRAPHIES] =
                                                        &lore_manifest_biographies,
                                                    [LORE_TASK_MEMORY] = &lore_manifest_memory};
  return tasks[task];
}
