/* A study while it is read: its settings and where each of them was given. */
#ifndef LORE_SETTINGS_STUDY_H
#define LORE_SETTINGS_STUDY_H

#include "lore/settings/settings.h"
#include "lore/settings/source.h"
#include "lore/settings/table.h"

typedef struct {
  const lore_source *source; /* NULL: the default */
  size_t at;
  bool swept; /* by the study's sweep, not by its settings */
} lore_place;

/* `place` has one entry per entry of the table. */
typedef struct {
  lore_settings *settings;
  const lore_source *file;
  lore_place place[LORE_SETTINGS_CAPACITY];
} lore_study;

/* " (default)" behind the value of a setting that nobody gave. */
const char *lore_study_origin(const lore_study *study, const char *key);

/* LORE_USER at the better place of two settings that contradict each other: an override if one of
 * them is, as that is what was changed last, else the first one that was given, else the file as a
 * whole. */
lore_status lore_study_contradict(const lore_study *study, const char *key, const char *other,
                                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Fits defaults to what was given, where a default alone would contradict it. */
void lore_study_complete(lore_study *study);

#endif
