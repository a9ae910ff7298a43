/* Where each setting of a study was given, and rules between settings. */
#ifndef LORE_SETTINGS_PLACE_H
#define LORE_SETTINGS_PLACE_H

#include "lore/settings/settings.h"
#include "lore/settings/source.h"
#include "lore/settings/table.h"

typedef struct {
  const lore_source *source; /* NULL: the default */
  size_t at;
  bool swept; /* by the study's sweep, not by its settings */
} lore_place;

/* A study while it is read. `place` has one entry per entry of the table. */
typedef struct {
  lore_settings *settings;
  const lore_source *file;
  lore_place place[LORE_SETTINGS_CAPACITY];
} lore_study;

/* Fits defaults to what was given, where a default alone would contradict it. */
void lore_study_complete(lore_study *study);

/* Forgets what a kind of distribution or curriculum that wins over the one it was given for (an
 * experiment's over the base's) makes useless. */
void lore_study_drop_unused(lore_study *study);

/* LORE_USER if settings contradict each other. Points at an override that takes part, else at the
 * setting in the file, else at the file as a whole. */
lore_status lore_study_contradictions(const lore_study *study);

/* Whether the setting called `key` was given, in the file or by an override. */
bool lore_study_gives(const lore_study *study, const char *key);

#endif
