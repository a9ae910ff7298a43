/* The tasks that runs train. */
#include "task.h"

const lore_cli_task *lore_cli_task_of(lore_task task) {
  static const lore_cli_task *const tasks[] = {
      [LORE_TASK_BIOGRAPHIES] = &lore_cli_biographies, [LORE_TASK_MEMORY] = &lore_cli_memory};
  return tasks[task];
}
