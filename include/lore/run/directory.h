/* A run's directory: its files' names, and what is there already. */
#ifndef LORE_RUN_DIRECTORY_H
#define LORE_RUN_DIRECTORY_H

#include "lore/run/run.h"

/* LORE_USER if the run in `directory` was begun with settings that lead elsewhere: says which, and
 * how to go on. */
lore_status lore_directory_check(const char *directory, const lore_settings *settings);

/* Writes directory/study.yaml, whole or not at all. */
lore_status lore_directory_put_settings(const char *directory, const lore_settings *settings);

#endif
