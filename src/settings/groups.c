/* Named groups of individuals. */
#include "lore/settings/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Groups with a name of their own: first one for each lore_people. */
enum { CELEBRITIES = LORE_PEOPLE_INJECTED + 1, OTHERS, SUBSET, REST, ASKED, NOT_ASKED, KINDS };

static const char *const names[KINDS] = {LORE_PEOPLE_LIST(LORE_ENUM_NAME) "celebrities",
                                         "others",
                                         "subset",
                                         "rest",
                                         "asked",
                                         "not_asked"};

/* What to give to a group that is empty. */
static const char *const needs[KINDS] = {
    [LORE_PEOPLE_KNOWN] = "",
    [LORE_PEOPLE_HELD_OUT] = "population.held_out",
    [LORE_PEOPLE_NEW] = "population.new",
    [LORE_PEOPLE_THROW_AWAY] = "population.throw_away",
    [LORE_PEOPLE_INJECTED] = "population.injected",
    [CELEBRITIES] = "distribution.celebrities",
    [OTHERS] = "distribution.celebrities",
    [SUBSET] = "curriculum.individuals",
    [REST] = "curriculum.individuals below population.individuals",
    [ASKED] = "population.asked",
    [NOT_ASKED] = "population.asked below population.individuals",
};

/* The individuals before index `split` of the known ones, and from it on; none if nothing is cut
 * off. */
static lore_range first_part(int64_t known, int64_t split) {
  return (lore_range){0, split > 0 && split <= known ? split : 0};
}

static lore_range second_part(int64_t known, int64_t split) {
  return split > 0 && split <= known ? (lore_range){split, known - split} : (lore_range){0, 0};
}

static lore_range range_of(const lore_settings *s, int kind) {
  int64_t known = s->population.individuals;
  switch (kind) {
  case CELEBRITIES:
    return first_part(known, s->distribution.celebrities);
  case OTHERS:
    return second_part(known, s->distribution.celebrities);
  case SUBSET:
    return first_part(known, s->curriculum.individuals);
  case REST:
    return second_part(known, s->curriculum.individuals);
  case ASKED:
    return first_part(known, s->population.asked);
  case NOT_ASKED:
    return second_part(known, s->population.asked);
  default:
    return lore_population_range(&s->population, (lore_people)kind);
  }
}

static bool make_group(const char *name, size_t length, lore_range range, lore_group *group) {
  *group = (lore_group){.first = range.first, .count = range.count};
  snprintf(group->name, sizeof group->name, "%.*s", (int)length, name);
  return true;
}

/* "group_3" */
static bool find_sequential_group(const lore_settings *s, const char *word, lore_group *group,
                                  size_t size, char *text) {
  char *end;
  long number = strtol(word + 6, &end, 10);
  if (s->curriculum.kind != LORE_CURRICULUM_SEQUENTIAL) {
    snprintf(text, size, "only curriculum.kind sequential has groups group_K");
    return false;
  }
  if (*end || end == word + 6 || number < 1 || number > s->curriculum.groups) {
    snprintf(text, size, "the groups of this sequential curriculum are group_1 to group_%d",
             s->curriculum.groups);
    return false;
  }
  return make_group(word, strlen(word),
                    lore_population_group(&s->population, (int)number - 1, s->curriculum.groups),
                    group);
}

/* Known individuals and others must not share a group: its mean would describe neither. */
static bool crosses_border(const lore_settings *s, long long first, long long last, size_t size,
                           char *text) {
  for (int k = 0; k <= LORE_PEOPLE_INJECTED; k++) {
    lore_range range = lore_population_range(&s->population, (lore_people)k);
    long long end = range.first + range.count;
    if (first >= end || last < end || first < range.first)
      continue;
    snprintf(text, size, "it crosses the border of %s, which ends with individual %lld", names[k],
             end - 1);
    return true;
  }
  return false;
}

/* Whether the name is one that a run may have without a range. Whatever looks up such a group by
 * its name would get different individuals. */
static bool is_reserved_name(const char *name, size_t length) {
  bool taken = !strncmp(name, "group_", 6);
  for (int k = 0; k < KINDS; k++)
    taken |= strlen(names[k]) == length && !memcmp(name, names[k], length);
  return taken;
}

/* "name:first-last" */
static bool find_named_range(const lore_settings *s, const char *word, lore_group *group,
                             size_t size, char *text) {
  const char *colon = strchr(word, ':');
  long long first, last, total = lore_population_total(&s->population);
  int used = 0;
  if (is_reserved_name(word, (size_t)(colon - word))) {
    snprintf(text, size,
             "the name before the ':' must be your own, as in rare:100-199, not one of known, "
             "held_out, new, throw_away, injected, celebrities, others, subset, rest, asked, "
             "not_asked and group_K");
    return false;
  }
  if (sscanf(colon + 1, "%lld-%lld%n", &first, &last, &used) == 2 && !colon[1 + used] &&
      first >= 0 && first <= last && last < total)
    return !crosses_border(s, first, last, size, text) &&
           make_group(word, (size_t)(colon - word), (lore_range){first, last - first + 1}, group);
  snprintf(text, size,
           "after the ':' come the first and the last individual, from 0 to %lld, as "
           "in rare:100-199",
           total - 1);
  return false;
}

/* The group that `word` of evaluate.groups means; false, and why not in `text` of `size` bytes, if
 * there is none. */
static bool find_word_group(const lore_settings *s, const char *word, lore_group *group,
                            size_t size, char *text) {
  if (strchr(word, ':'))
    return find_named_range(s, word, group, size, text);
  if (!strncmp(word, "group_", 6))
    return find_sequential_group(s, word, group, size, text);
  for (int k = 0; k < KINDS; k++)
    if (!strcmp(word, names[k])) {
      snprintf(text, size, "it is empty; it needs %s", needs[k]);
      return make_group(word, strlen(word), range_of(s, k), group) && group->count > 0;
    }
  snprintf(text, size,
           "groups are known, held_out, new, throw_away, injected, celebrities, others, subset, "
           "rest, asked, not_asked, group_K, or a name with a range such as rare:100-199");
  return false;
}

/* Whether a run without a list of groups evaluates this one. */
static bool is_of_interest(const lore_settings *s, int kind) {
  lore_curriculum_kind curriculum = s->curriculum.kind;
  if (kind == CELEBRITIES || kind == OTHERS)
    return s->distribution.kind == LORE_DISTRIBUTION_CELEBRITIES ||
           s->distribution.among == LORE_AMONG_CELEBRITIES ||
           s->distribution.among == LORE_AMONG_OTHERS;
  if (kind == ASKED)
    return s->population.asked < s->population.individuals;
  if (kind == SUBSET || kind == REST)
    return curriculum == LORE_CURRICULUM_WARM_UP || curriculum == LORE_CURRICULUM_ADAPTIVE;
  return true;
}

static int default_groups(const lore_settings *s, lore_group *group) {
  int count = 0;
  for (int k = 0; k < KINDS; k++) {
    lore_range range = range_of(s, k);
    if (range.count > 0 && is_of_interest(s, k))
      make_group(names[k], strlen(names[k]), range, &group[count++]);
  }
  for (int g = 0; s->curriculum.kind == LORE_CURRICULUM_SEQUENTIAL && g < s->curriculum.groups;
       g++) {
    char name[LORE_GROUP_NAME_MAX];
    snprintf(name, sizeof name, "group_%d", g + 1);
    make_group(name, strlen(name), lore_population_group(&s->population, g, s->curriculum.groups),
               &group[count++]);
  }
  return count;
}

int lore_groups_of(const lore_settings *s, lore_group *group) {
  char ignored[256];
  const lore_word_list *words = &s->evaluate.groups;
  for (int i = 0; i < words->count; i++)
    find_word_group(s, words->value[i], &group[i], sizeof ignored, ignored);
  return words->count > 0 ? words->count : default_groups(s, group);
}

/* Groups are looked up by their names, so each name is unique. */
static bool find_unlike_group(const lore_settings *s, int index, lore_group *group, size_t size,
                              char *why) {
  const lore_word_list *words = &s->evaluate.groups;
  if (!find_word_group(s, words->value[index], &group[index], size, why))
    return false;
  for (int i = 0; i < index; i++)
    if (!strcmp(group[i].name, group[index].name)) {
      snprintf(why, size, "the name '%.31s' already belongs to '%.31s'; each group needs its own",
               group[i].name, words->value[i]);
      return false;
    }
  return true;
}

lore_status lore_study_check_groups(const lore_study *study) {
  const lore_settings *s = study->settings;
  const lore_word_list *words = &s->evaluate.groups;
  bool subset = s->curriculum.kind != LORE_CURRICULUM_ADAPTIVE || words->count == 0;
  char why[256];
  lore_group group[LORE_WORDS_MAX];
  for (int i = 0; i < words->count; i++) {
    if (!find_unlike_group(s, i, group, sizeof why, why))
      return lore_study_contradict(study, "evaluate.groups", "evaluate.groups",
                                   "'evaluate.groups' has '%s': %s", words->value[i], why);
    subset |= !strcmp(words->value[i], "subset");
  }
  if (subset)
    return LORE_OK;
  return lore_study_contradict(study, "evaluate.groups", "curriculum.kind",
                               "'curriculum.kind' adaptive needs group subset; add it to "
                               "evaluate.groups");
}
