/* Settings with and without effect. */
#include "lore/settings/effect.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lore/settings/value.h"
#include "lore/settings/write.h"

enum { VALUE_SIZE = 64, NEEDS_SIZE = 256 };

static const lore_setting *find_row(const char *key) {
  int count, index = lore_setting_find(key);
  assert(index >= 0);
  return &lore_settings_table(&count)[index];
}

bool lore_setting_decides_start(const lore_setting *setting, const lore_settings *settings) {
  switch (setting->start) {
  case LORE_START_NO:
    return false;
  case LORE_START_YES:
    return true;
  case LORE_START_WITH_SHARDS:
    return settings->distribution.shards.count > 0;
  case LORE_START_WITH_COURSE: /* what the number of steps stretches */
    return settings->curriculum.kind == LORE_CURRICULUM_SEQUENTIAL ||
           settings->distribution.final_fresh >= 0;
  }
  return false;
}

/* Kinds of distribution that entries of distribution.shards name without a number of their own: the
 * settings' number counts for these. */
static unsigned shard_kinds(const lore_word_list *shards, const char *const *kinds) {
  unsigned values = 0;
  for (int i = 0; i < shards->count; i++)
    for (int kind = 0; kinds[kind]; kind++)
      values |= !strcmp(shards->value[i], kinds[kind]) ? 1u << kind : 0;
  return values;
}

/* The values of `choice` that are in use; of distribution.kind there may be several. */
static unsigned values_in_use(const lore_setting *choice, const lore_settings *s) {
  const lore_distribution_config *d = &s->distribution;
  unsigned values = 1u << lore_setting_integer(choice, s);
  if (strcmp(choice->key, "distribution.kind") != 0)
    return values;
  if (d->among == LORE_AMONG_CELEBRITIES || d->among == LORE_AMONG_OTHERS)
    values |= 1u << LORE_DISTRIBUTION_CELEBRITIES;
  return values | shard_kinds(&d->shards, choice->choices);
}

static bool is_used(const lore_setting *setting, const lore_settings *settings) {
  const lore_setting_needs *needs = &setting->needs;
  if (!needs->key)
    return true;
  const lore_setting *other = find_row(needs->key);
  if (other->kind == LORE_SETTING_TEXT)
    return strcmp(lore_setting_text(other, settings), other->initial) != 0;
  return values_in_use(other, settings) & needs->values;
}

bool lore_study_uses(const lore_study *study, const char *key) {
  return is_used(find_row(key), study->settings);
}

/* "curriculum.kind warm_up, adaptive or growth" */
static const char *describe_needs(const lore_setting_needs *needs, char text[NEEDS_SIZE]) {
  const lore_setting *other = find_row(needs->key);
  unsigned left = needs->values;
  int length = snprintf(text, NEEDS_SIZE, "%s", needs->key);
  const char *between = " ";
  for (int value = 0; left; value++) {
    if (!(left >> value & 1))
      continue;
    left &= ~(1u << value);
    length += snprintf(text + length, NEEDS_SIZE - (size_t)length, "%s%s", between,
                       lore_setting_values(other)[value]);
    between = left & (left - 1) ? ", " : " or ";
  }
  return text;
}

/* What wins over what: an experiment over the base, overrides over both, the sweep over all. */
static int place_strength(const lore_study *study, const lore_place *place) {
  if (!place->source)
    return 0;
  if (place->swept)
    return 4;
  if (place->source->option)
    return 3;
  return place->source == study->file ? 1 : 2;
}

/* Where the setting was given that decides whether this one has an effect. */
static const lore_place *place_of_needs(const lore_study *study, const lore_setting *setting) {
  return &study->place[lore_setting_find(setting->needs.key)];
}

/* A setting with a value for "none" is kept: the study can give that value. */
void lore_study_drop_unused(lore_study *study) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++) {
    lore_place *place = &study->place[i];
    if (table[i].off || is_used(&table[i], study->settings) ||
        place_strength(study, place_of_needs(study, &table[i])) <= place_strength(study, place))
      continue;
    lore_setting_reset(i, study->settings);
    *place = (lore_place){0};
  }
}

/* Whether the study gives the setting's whole section, as LORE's own copies of studies do, also
 * those of earlier versions. */
static bool gives_section(const lore_study *study, const lore_setting *setting) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++)
    if (lore_setting_is_in(&table[i], setting->key, (size_t)lore_setting_section(setting->key)) &&
        !table[i].later && !study->place[i].source)
      return false;
  return true;
}

static bool is_default(const lore_setting *setting, const lore_settings *settings) {
  char value[VALUE_SIZE];
  return !strcmp(lore_setting_print(setting, settings, sizeof value, value), setting->initial);
}

static lore_status check_task(const lore_study *study, const lore_setting *setting) {
  const lore_setting *task = find_row("task");
  int other = 0;
  if (lore_setting_counts(setting, study->settings))
    return LORE_OK;
  while (!(setting->tasks >> other & 1))
    other++;
  return lore_study_contradict(study, setting->key, "task",
                               "'%s' has no effect with task: %s%s; remove it, or give task: %s",
                               setting->key, task->choices[study->settings->task],
                               lore_study_origin(study, "task"), task->choices[other]);
}

/* A value without effect is a mistake: whoever gave it expects an effect. The default is accepted
 * where a value had to be written: in a whole section, and beside a kind in a sweep. */
static lore_status check_needs(const lore_study *study, int index, const lore_setting *setting) {
  const lore_place *place = &study->place[index];
  char needs[NEEDS_SIZE];
  if (is_used(setting, study->settings))
    return LORE_OK;
  bool had_to = setting->off || gives_section(study, setting) ||
                (place->swept && place_of_needs(study, setting)->swept);
  if (had_to && is_default(setting, study->settings))
    return LORE_OK;
  return lore_study_contradict(study, setting->key, setting->needs.key,
                               "'%s' has no effect here; it needs %s", setting->key,
                               describe_needs(&setting->needs, needs));
}

lore_status lore_study_check_effects(const lore_study *study) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++)
    if (study->place[i].source)
      LORE_TRY(check_task(study, &table[i]));
  for (int i = 0; i < count; i++)
    if (study->place[i].source)
      LORE_TRY(check_needs(study, i, &table[i]));
  return LORE_OK;
}
