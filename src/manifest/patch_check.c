/* A patched run begins with the weights of its reference and sees the same samples. */
#include <string.h>

#include "expand.h"

enum { VALUE_SIZE = 8192 };

/* Whether initial weights or samples depend on the setting. A preset is nothing but the settings
 * that it stands for. */
static bool decides(const char *key, const lore_settings *s) {
  static const char *const sections[] = {"population.", "model.", "distribution.", "curriculum."};
  if (!strcmp(key, "model.preset"))
    return false;
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
    if (!strncmp(key, sections[i], strlen(sections[i])))
      return true;
  if (!strcmp(key, "train.shard"))
    return s->distribution.shards.count > 0;
  if (!strcmp(key, "train.steps"))
    return s->curriculum.kind == LORE_CURRICULUM_SEQUENTIAL;
  return !strcmp(key, "seed") || !strcmp(key, "train.batch");
}

/* Where the experiment itself says so: in its settings or its sweep, or by an override. */
static const lore_place *own_place(const lore_study *study, int setting, const lore_source *overlay,
                                   const lore_run_values *values, int inherited) {
  const lore_place *place = &study->place[setting];
  bool own = place->source == overlay || (place->source && place->source->option);
  for (int i = inherited; i < values->count; i++)
    own |= values->setting[i] == setting;
  return own ? place : NULL;
}

lore_status lore_patch_check(const lore_study *study, const lore_source *overlay,
                             const lore_experiment *experiment, const lore_settings *reference,
                             const lore_run_values *values, int inherited) {
  char here[VALUE_SIZE], there[VALUE_SIZE];
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++) {
    if (!decides(table[i].key, study->settings) ||
        !strcmp(lore_setting_print(&table[i], study->settings, VALUE_SIZE, here),
                lore_setting_print(&table[i], reference, VALUE_SIZE, there)))
      continue;
    lore_place from = {.source = overlay, .at = experiment->at};
    const lore_place *place = own_place(study, i, overlay, values, inherited);
    place = place ? place : &from;
    return lore_source_fail(place->source, place->at,
                            "'%s' is %.80s here and %.80s in '%s', whose attention this experiment "
                            "uses; initial weights and samples must be the same, so give both the "
                            "same value",
                            table[i].key, here, there, experiment->parent_name);
  }
  return LORE_OK;
}
