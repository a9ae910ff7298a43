/* Reading a study: whole, or piecewise, as its expansion puts experiments and swept values over the
 * base. */
#ifndef LORE_SETTINGS_READ_H
#define LORE_SETTINGS_READ_H

#include "lore/settings/settings.h"
#include "lore/settings/study.h"
#include "lore/settings/yaml.h"

/* Reads the study file `path`, then applies `overrides` ("section.name=value") in order. On
 * LORE_USER the message is complete: file:line:column: what is wrong, the line, a caret, what is
 * allowed, the nearest valid name. Contradictions between settings are found too. */
lore_status lore_settings_read(const char *path, int overrides, const char *const *override,
                               lore_settings *settings);

/* The same of a study's text; `path` is what messages call it. */
lore_status lore_settings_read_text(const char *path, const char *text, lore_settings *settings);

/* A name at the top of a mapping that is no setting: where its value is, to be read by the caller.
 */
typedef struct {
  const char *name; /* NULL ends a list of parts */
  int value;        /* node; -1: not there */
  size_t at;        /* of the name */
} lore_study_part;

/* Those of a study, in this order. */
#define LORE_STUDY_PARTS                                                                           \
  {                                                                                                \
    {.name = "sweep", .value = -1}, {.name = "experiments", .value = -1},                          \
        {.name = "start_from", .value = -1}, {                                                     \
      0                                                                                            \
    }                                                                                              \
  }

/* LORE_USER unless the root is a mapping. */
lore_status lore_study_check_tree(const lore_yaml *yaml);

/* Reads the settings in `mapping`. Those that another source has given are replaced; given twice in
 * one source is an error. */
lore_status lore_study_read_mapping(lore_study *study, const lore_yaml *yaml, int mapping,
                                    lore_study_part *part);

/* Applies source->option ("key=value"). */
lore_status lore_study_read_override(lore_study *study, lore_source *source);

/* To be called after the last source: sets defaults that depend on other settings. LORE_USER if
 * settings contradict each other. */
lore_status lore_study_finish(lore_study *study);

#endif
