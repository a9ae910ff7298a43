/* Settings of distribution and curriculum that have no effect with the kinds that were chosen. */
#include <string.h>

#include "contradict.h"

enum { RULES = 9, VALUE_SIZE = 64 };

typedef struct {
  const char *key, *needs;
  bool used;
} lore_use;

/* An entry that has no number of its own takes the setting's. */
static bool has_entry(const lore_word_list *shards, const char *name) {
  for (int i = 0; i < shards->count; i++)
    if (!strcmp(shards->value[i], name))
      return true;
  return false;
}

static void find_uses(const lore_settings *s, lore_use use[RULES]) {
  const lore_distribution_config *d = &s->distribution;
  lore_curriculum_kind c = s->curriculum.kind;
  bool narrow =
      c == LORE_CURRICULUM_WARM_UP || c == LORE_CURRICULUM_ADAPTIVE || c == LORE_CURRICULUM_GROWTH;
  bool lasts = c == LORE_CURRICULUM_WARM_UP || c == LORE_CURRICULUM_GROWTH ||
               c == LORE_CURRICULUM_ANNEAL || c == LORE_CURRICULUM_THROW_AWAY;
  bool sequential = c == LORE_CURRICULUM_SEQUENTIAL;
  const lore_use all[RULES] = {
      {"distribution.alpha", "distribution.kind power_law",
       d->kind == LORE_DISTRIBUTION_POWER_LAW || has_entry(&d->shards, "power_law")},
      {"distribution.celebrity_weight", "distribution.kind celebrities",
       d->kind == LORE_DISTRIBUTION_CELEBRITIES || has_entry(&d->shards, "celebrities") ||
           d->among != LORE_AMONG_ALL},
      {"distribution.replay_weight", "distribution.kind replay",
       d->kind == LORE_DISTRIBUTION_REPLAY},
      {"curriculum.individuals", "curriculum.kind warm_up, adaptive or growth", narrow},
      {"curriculum.epochs", "curriculum.kind warm_up, growth, anneal or throw_away", lasts},
      {"curriculum.steps", "a curriculum.kind other than none and sequential",
       lasts || c == LORE_CURRICULUM_ADAPTIVE},
      {"curriculum.final_alpha", "curriculum.kind anneal", c == LORE_CURRICULUM_ANNEAL},
      {"curriculum.groups", "curriculum.kind sequential", sequential},
      {"curriculum.repeats", "curriculum.kind sequential", sequential},
  };
  memcpy(use, all, sizeof all);
}

/* What wins over what: an experiment over the base, overrides over both, the sweep over all. */
static int strength(const lore_study *study, const lore_place *place) {
  if (!place->source)
    return 0;
  if (place->swept)
    return 4;
  if (place->source->option)
    return 3;
  return place->source == study->file ? 1 : 2;
}

/* The kind that decides whether the setting is of use. */
static const lore_place *kind_of(const lore_study *study, const char *key) {
  bool curriculum = !strncmp(key, "curriculum.", 11);
  return &study->place[lore_setting_find(curriculum ? "curriculum.kind" : "distribution.kind")];
}

void lore_study_drop_unused(lore_study *study) {
  lore_use use[RULES];
  find_uses(study->settings, use);
  for (int i = 0; i < RULES; i++) {
    int setting = lore_setting_find(use[i].key);
    lore_place *place = &study->place[setting];
    if (use[i].used || strength(study, kind_of(study, use[i].key)) <= strength(study, place))
      continue;
    lore_setting_reset(setting, study->settings);
    *place = (lore_place){0};
  }
}

/* Whether the study gives the setting's whole section, as LORE's own copies of studies do. */
static bool is_whole(const lore_study *study, const char *key) {
  int count, length = lore_setting_section(key);
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++)
    if (lore_setting_section(table[i].key) == length && !strncmp(table[i].key, key, (size_t)length))
      if (!study->place[i].source)
        return false;
  return true;
}

static bool is_default(const lore_study *study, int setting) {
  char value[VALUE_SIZE];
  int count;
  const lore_setting *table = lore_settings_table(&count);
  return !strcmp(lore_setting_print(&table[setting], study->settings, sizeof value, value),
                 table[setting].initial);
}

/* A value that would have no effect is a mistake: somebody believes that it has one. The default is
 * none where the value had to be written: in a whole section, and beside a kind in a sweep. */
lore_status lore_study_check_used(const lore_study *study) {
  lore_use use[RULES];
  find_uses(study->settings, use);
  for (int i = 0; i < RULES; i++) {
    int setting = lore_setting_find(use[i].key);
    const lore_place *place = &study->place[setting];
    bool had_to =
        is_whole(study, use[i].key) || (place->swept && kind_of(study, use[i].key)->swept);
    if (use[i].used || !place->source || (had_to && is_default(study, setting)))
      continue;
    return lore_study_contradict(study, use[i].key, use[i].key,
                                 "'%s' has no effect here; it needs %s", use[i].key, use[i].needs);
  }
  return LORE_OK;
}
