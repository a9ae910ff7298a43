/* A run's directory: its files' names, and what is there already. */
#ifndef LORE_STUDY_DIRECTORY_H
#define LORE_STUDY_DIRECTORY_H

#include "lore/run.h"

enum { LORE_PATH_MAX = 4096 };

/* directory/name, LORE_PATH_MAX bytes at `path`. LORE_USER if that is too long. */
lore_status lore_path_join(const char *directory, const char *name, char *path);

/* Makes `path` and what leads there. */
lore_status lore_directory_make(const char *path);

/* study/runs/<id>, LORE_PATH_MAX bytes at `path`. */
lore_status lore_directory_of_run(const char *study, const char *id, char *path);

/* LORE_USER if the run in `directory` was begun with settings that lead elsewhere: says which, and
 * how to go on. */
lore_status lore_directory_check(const char *directory, const lore_settings *settings);

/* Writes directory/study.yaml, whole or not at all. */
lore_status lore_directory_put_settings(const char *directory, const lore_settings *settings);

#endif
