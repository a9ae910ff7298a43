/* Whom weights have been trained on: nobody of them is held out, or new, for a run that starts from
 * these weights, unless it goes on with the same new ones. */
#include "expand.h"

/* A run that has trained the weights, for some of its steps. */
typedef struct {
  const char *name;
  const lore_settings *settings;
} teacher;

/* What messages call people, or pairs of a toy memory. */
typedef struct {
  const char *all, *known, *held_out, *new_ones;
} words;

static const words of_people = {"individuals", "population.individuals", "population.held_out",
                                "population.new"};
static const words of_pairs = {"pairs", "memory.pairs", "memory.held_out", "memory.new_pairs"};

static const char *const kind_names[] = {"known", "held_out", "new", "throw_away"};

static lore_population_config people_of(const lore_settings *s) {
  const lore_memory_config *m = &s->memory;
  if (s->task == LORE_TASK_MEMORY)
    return (lore_population_config){
        .individuals = m->pairs, .held_out = m->held_out, .new_ones = m->new_pairs};
  return s->population;
}

/* Whether a run trains on such people. */
static bool trains_on(const lore_settings *s, lore_people kind) {
  bool memory = s->task == LORE_TASK_MEMORY;
  bool replay = memory ? s->memory.new_pairs > 0 : s->distribution.kind == LORE_DISTRIBUTION_REPLAY;
  double weight = memory ? s->memory.replay_weight : s->distribution.replay_weight;
  switch (kind) {
  case LORE_PEOPLE_KNOWN:
    return !replay || weight > 0;
  case LORE_PEOPLE_NEW:
    return replay;
  case LORE_PEOPLE_THROW_AWAY:
    return !memory && s->curriculum.kind == LORE_CURRICULUM_THROW_AWAY;
  default:
    return false;
  }
}

/* The individuals that are in both. */
static lore_range both(lore_range a, lore_range b) {
  int64_t first = a.first > b.first ? a.first : b.first;
  int64_t end = a.first + a.count < b.first + b.count ? a.first + a.count : b.first + b.count;
  return (lore_range){first, end > first ? end - first : 0};
}

/* What is to be done where the run's `here` meets the teacher's `there`. */
static void advise(const teacher *from, const lore_settings *settings, lore_people here,
                   lore_people there, size_t size, char *text) {
  const words *w = settings->task == LORE_TASK_MEMORY ? &of_pairs : &of_people;
  lore_population_config before = people_of(from->settings), now = people_of(settings);
  lore_range range = lore_population_range(&before, there);
  int length = 0;
  if (here == LORE_PEOPLE_HELD_OUT)
    snprintf(text, size, "keep %s at %lld and %s at %lld, or give %s: 0", w->known,
             (long long)before.individuals, w->held_out, (long long)before.held_out, w->held_out);
  else if (there == LORE_PEOPLE_KNOWN)
    snprintf(text, size, "keep %s at %lld, so that new ones come behind", w->known,
             (long long)before.individuals);
  else
    length = snprintf(text, size, "with %s: %lld they are known, and new ones come behind them",
                      w->known, (long long)(range.first + range.count));
  if (here == LORE_PEOPLE_NEW && there == LORE_PEOPLE_THROW_AWAY)
    snprintf(text + length, size - (size_t)length,
             "; with %s: %lld in '%s' too, its throw-away people come behind the new ones",
             w->new_ones, (long long)now.new_ones, from->name);
}

static lore_status check_teacher(const lore_source *source, size_t at, const lore_settings *s,
                                 const teacher *from) {
  static const lore_people unseen[] = {LORE_PEOPLE_HELD_OUT, LORE_PEOPLE_NEW};
  static const lore_people shown[] = {LORE_PEOPLE_KNOWN, LORE_PEOPLE_NEW, LORE_PEOPLE_THROW_AWAY};
  lore_population_config now = people_of(s), before = people_of(from->settings);
  char advice[512];
  if (s->seed != from->settings->seed) /* other people */
    return LORE_OK;
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 3; j++) {
      lore_range here = lore_population_range(&now, unseen[i]);
      lore_range there = lore_population_range(&before, shown[j]), met = both(here, there);
      bool further =
          unseen[i] == shown[j] && here.first == there.first && here.count == there.count;
      if (met.count == 0 || further || !trains_on(from->settings, shown[j]))
        continue;
      advise(from, s, unseen[i], shown[j], sizeof advice, advice);
      return lore_source_fail(
          source, at,
          "%s %lld to %lld are %s here, but '%s' trained the weights on them (there: %s); %s",
          s->task == LORE_TASK_MEMORY ? of_pairs.all : of_people.all, (long long)met.first,
          (long long)(met.first + met.count - 1), kind_names[unseen[i]], from->name,
          kind_names[shown[j]], advice);
    }
  return LORE_OK;
}

/* Of weights in a file one knows the run that wrote them, but not those that came before it. */
static lore_status check_file(const lore_source *source, size_t at, const lore_settings *settings,
                              const lore_manifest_weights *start) {
  const teacher from = {*start->about.run ? start->about.run : start->name, start->settings};
  if (!start->settings || start->about.step == 0)
    return LORE_OK;
  return check_teacher(source, at, settings, &from);
}

lore_status lore_trained_check(const lore_source *source, size_t at, const lore_manifest *manifest,
                               const lore_manifest_run *run) {
  const lore_manifest_run *child = run;
  /* A patched run has initial weights: its parent only lends patterns. */
  while (child->parent >= 0 && !lore_patch_wanted(&child->settings.train.patch)) {
    const lore_manifest_run *parent = &manifest->run[child->parent];
    const teacher from = {parent->experiment, &parent->settings};
    if (child->parent_step > 0)
      LORE_TRY(check_teacher(source, at, &run->settings, &from));
    child = parent;
  }
  return child->start ? check_file(source, at, &run->settings, child->start) : LORE_OK;
}
