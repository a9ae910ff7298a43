/* The tasks that runs train. */
#include "task.h"

const lore_run_task *lore_run_task_of(lore_task task) {
  static const lore_run_task *const tasks[] = {
      [LORE_TASK_BIOGRAPHIES] = &lore_run_biographies, [LORE_TASK_MEMORY] = &lore_run_memory};
  return tasks[task];
}
