/* What settings know about each task. */
#ifndef LORE_SETTINGS_TASK_H
#define LORE_SETTINGS_TASK_H

#include "lore/settings/study.h"

typedef struct {
  lore_status (*check)(const lore_study *study); /* LORE_USER: contradictions of this task alone */
} lore_settings_task;

extern const lore_settings_task lore_settings_biographies, lore_settings_memory;

const lore_settings_task *lore_settings_task_of(lore_task task);

#endif
