/* Named groups of individuals. */
#include "lore/settings/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Why a group is empty. */
static const struct {
  const char *name, *needs;
} kinds[] = {
    {"known", ""},
    {"held_out", "population.held_out"},
    {"new", "population.new"},
    {"throw_away", "population.throw_away"},
    {"celebrities", "distribution.celebrities"},
    {"others", "distribution.celebrities"},
    {"subset", "curriculum.individuals"},
    {"rest", "curriculum.individuals below population.individuals"},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* The people before or behind index `split` of the known ones. */
static lore_range known_part(int64_t known, int64_t split, bool behind) {
  if (split <= 0 || split > known)
    return (lore_range){0, 0};
  return behind ? (lore_range){split, known - split} : (lore_range){0, split};
}

static lore_range range_of(const lore_settings *s, int kind) {
  const lore_population_config *p = &s->population;
  int64_t celebrities = s->distribution.celebrities, subset = s->curriculum.individuals;
  if (kind <= LORE_PEOPLE_THROW_AWAY)
    return lore_population_range(p, (lore_people)kind);
  return known_part(p->individuals, kind < 6 ? celebrities : subset, kind % 2);
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
    snprintf(text, size, "group_K are those of curriculum.kind sequential");
    return false;
  }
  if (*end || end == word + 6 || number < 1 || number > s->curriculum.groups) {
    snprintf(text, size, "groups of a sequential curriculum are group_1 to group_%d",
             s->curriculum.groups);
    return false;
  }
  return make_group(word, strlen(word),
                    lore_population_group(&s->population, (int)number - 1, s->curriculum.groups),
                    group);
}

/* Known people and others must not become one group: nobody could tell what its mean means. */
static bool crosses_border(const lore_settings *s, long long first, long long last, size_t size,
                           char *text) {
  for (int k = 0; k <= LORE_PEOPLE_THROW_AWAY; k++) {
    lore_range range = lore_population_range(&s->population, (lore_people)k);
    long long end = range.first + range.count;
    if (first >= end || last < end || first < range.first)
      continue;
    snprintf(text, size, "it reaches over the border of %s, which end with individual %lld",
             kinds[k].name, end - 1);
    return true;
  }
  return false;
}

/* Whether the name is one that a run may have without a range. Anything that looks for such a group
 * by its name would find other people. */
static bool is_reserved_name(const char *name, size_t length) {
  bool taken = !strncmp(name, "group_", 6);
  for (int k = 0; k < KINDS; k++)
    taken |= strlen(kinds[k].name) == length && !memcmp(name, kinds[k].name, length);
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
             "before the ':' comes a name of your own, none of known, held_out, new, throw_away, "
             "celebrities, others, subset, rest and group_K, as in rare:100-199");
    return false;
  }
  if (sscanf(colon + 1, "%lld-%lld%n", &first, &last, &used) == 2 && !colon[1 + used] &&
      first >= 0 && first <= last && last < total)
    return !crosses_border(s, first, last, size, text) &&
           make_group(word, (size_t)(colon - word), (lore_range){first, last - first + 1}, group);
  snprintf(text, size,
           "behind the ':' come the first and the last individual, from 0 to %lld, as "
           "in rare:100-199",
           total - 1);
  return false;
}

bool lore_group_find(const lore_settings *s, const char *word, lore_group *group, size_t size,
                     char *text) {
  if (strchr(word, ':'))
    return find_named_range(s, word, group, size, text);
  if (!strncmp(word, "group_", 6))
    return find_sequential_group(s, word, group, size, text);
  for (int k = 0; k < KINDS; k++)
    if (!strcmp(word, kinds[k].name)) {
      snprintf(text, size, "nobody is in it; it needs %s", kinds[k].needs);
      return make_group(word, strlen(word), range_of(s, k), group) && group->count > 0;
    }
  snprintf(text, size,
           "groups are known, held_out, new, throw_away, celebrities, others, subset, rest, "
           "group_K, or a name with a range such as rare:100-199");
  return false;
}

/* Whether the settings, without a list of groups, make this one of interest. */
static bool is_of_interest(const lore_settings *s, const char *name) {
  lore_curriculum_kind kind = s->curriculum.kind;
  if (!strcmp(name, "celebrities") || !strcmp(name, "others"))
    return s->distribution.kind == LORE_DISTRIBUTION_CELEBRITIES ||
           s->distribution.among != LORE_AMONG_ALL;
  if (!strcmp(name, "subset") || !strcmp(name, "rest"))
    return kind == LORE_CURRICULUM_WARM_UP || kind == LORE_CURRICULUM_ADAPTIVE;
  return true;
}

static int default_groups(const lore_settings *s, lore_group *group) {
  int count = 0;
  for (int k = 0; k < KINDS; k++) {
    lore_range range = range_of(s, k);
    if (range.count > 0 && is_of_interest(s, kinds[k].name))
      make_group(kinds[k].name, strlen(kinds[k].name), range, &group[count++]);
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
    lore_group_find(s, words->value[i], &group[i], sizeof ignored, ignored);
  return words->count > 0 ? words->count : default_groups(s, group);
}

/* Groups are found by their names, so each is there once. */
static bool find_unlike_group(const lore_settings *s, int index, lore_group *group, size_t size,
                              char *why) {
  const lore_word_list *words = &s->evaluate.groups;
  if (!lore_group_find(s, words->value[index], &group[index], size, why))
    return false;
  for (int i = 0; i < index; i++)
    if (!strcmp(group[i].name, group[index].name)) {
      snprintf(why, size, "the name '%.31s' is given to '%.31s' already; each group needs its own",
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
                               "'curriculum.kind' adaptive looks at group subset; put it into "
                               "evaluate.groups");
}
