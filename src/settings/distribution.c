/* Contradictions of distribution, curriculum and groups. */
#include <stdio.h>
#include <string.h>

#include "contradict.h"
#include "lore/settings/groups.h"

static lore_status check_celebrities(const lore_study *study) {
  const lore_distribution_config *d = &study->settings->distribution;
  int64_t known = study->settings->population.individuals;
  bool needed = d->kind == LORE_DISTRIBUTION_CELEBRITIES || d->among != LORE_AMONG_ALL;
  if (d->celebrities >= known || (needed && d->celebrities == 0))
    return lore_study_contradict(
        study, "distribution.celebrities",
        d->kind == LORE_DISTRIBUTION_CELEBRITIES ? "distribution.kind" : "distribution.among",
        "'distribution.celebrities' is %lld%s; of %lld known individuals at least 1 and at most "
        "%lld are celebrities",
        (long long)d->celebrities, lore_study_origin(study, "distribution.celebrities"),
        (long long)known, (long long)known - 1);
  if (d->among != LORE_AMONG_ALL && d->kind != LORE_DISTRIBUTION_UNIFORM)
    return lore_study_contradict(study, "distribution.among", "distribution.kind",
                                 "'distribution.among' needs distribution.kind uniform");
  if (d->kind == LORE_DISTRIBUTION_REPLAY && study->settings->population.new_ones == 0)
    return lore_study_contradict(study, "distribution.kind", "population.new",
                                 "'distribution.kind' replay draws new individuals; say how many "
                                 "with population.new");
  return LORE_OK;
}

/* Repeats must not be cut by the end of a batch, or by shards that draw differently. */
static lore_status check_repeats(const lore_study *study) {
  const lore_settings *s = study->settings;
  int repeats = s->distribution.repeats_in_batch;
  bool mixed = s->distribution.shards.count > 0;
  int unit = mixed ? s->train.shard : s->train.batch;
  const char *key = mixed ? "train.shard" : "train.batch";
  if (unit % repeats == 0)
    return LORE_OK;
  return lore_study_contradict(study, "distribution.repeats_in_batch", key,
                               "'distribution.repeats_in_batch' %d does not divide '%s' %d%s",
                               repeats, key, unit, lore_study_origin(study, key));
}

static lore_status check_shards(const lore_study *study) {
  const lore_settings *s = study->settings;
  const lore_word_list *words = &s->distribution.shards;
  int shards = s->train.batch / s->train.shard;
  lore_draw draw;
  if (words->count == 0)
    return LORE_OK;
  for (int i = 0; i < words->count; i++)
    if (!lore_draw_parse(words->value[i], &s->distribution, s->population.individuals, &draw))
      return lore_study_contradict(
          study, "distribution.shards", "distribution.celebrities",
          "'distribution.shards' has '%s'; its elements are uniform, power_law or "
          "power_law:ALPHA, celebrities or celebrities:WEIGHT (with distribution.celebrities) or "
          "first:COUNT with a count from 1 "
          "to %lld",
          words->value[i], (long long)s->population.individuals);
  if (shards % words->count != 0)
    return lore_study_contradict(study, "distribution.shards", "train.shard",
                                 "'distribution.shards' has %d elements, which cannot have equal "
                                 "parts of the %d shards of a batch (train.batch %d / train.shard "
                                 "%d); use as many as divide %d, or other shards",
                                 words->count, shards, s->train.batch, s->train.shard, shards);
  if (s->distribution.kind != LORE_DISTRIBUTION_UNIFORM ||
      s->distribution.among != LORE_AMONG_ALL || s->curriculum.kind != LORE_CURRICULUM_NONE)
    return lore_study_contradict(study, "distribution.shards", "distribution.kind",
                                 "'distribution.shards' stands for itself; leave out "
                                 "distribution.kind, distribution.among and curriculum.kind");
  return LORE_OK;
}

static lore_status check_length(const lore_study *study) {
  const lore_settings *s = study->settings;
  const lore_curriculum_config *c = &s->curriculum;
  const char *key = c->steps > 0 ? "curriculum.steps" : "curriculum.epochs";
  if (c->kind == LORE_CURRICULUM_NONE || c->kind == LORE_CURRICULUM_SEQUENTIAL ||
      c->kind == LORE_CURRICULUM_ADAPTIVE)
    return LORE_OK;
  if ((c->epochs > 0) == (c->steps > 0))
    return lore_study_contradict(study, c->steps > 0 ? "curriculum.steps" : "curriculum.kind",
                                 "curriculum.epochs",
                                 "this curriculum needs one length: either curriculum.epochs or "
                                 "curriculum.steps above 0, not both");
  int64_t length = lore_curriculum_length(c, s->population.individuals, s->train.batch);
  if (length == 0)
    return lore_study_contradict(
        study, key, "train.batch",
        "'curriculum.epochs' makes 0 steps of an epoch of %lld individuals "
        "/ 'train.batch' %d%s; use more, or curriculum.steps",
        (long long)s->population.individuals, s->train.batch,
        lore_study_origin(study, "train.batch"));
  if (c->kind == LORE_CURRICULUM_THROW_AWAY && length >= s->train.steps)
    return lore_study_contradict(study, key, "train.steps",
                                 "the known individuals would never be shown: others are for %lld "
                                 "steps, and 'train.steps' is %lld%s; use fewer",
                                 (long long)length, (long long)s->train.steps,
                                 lore_study_origin(study, "train.steps"));
  return LORE_OK;
}

static lore_status check_curriculum(const lore_study *study) {
  const lore_settings *s = study->settings;
  const lore_curriculum_config *c = &s->curriculum;
  int64_t known = s->population.individuals;
  bool narrow = c->kind == LORE_CURRICULUM_WARM_UP || c->kind == LORE_CURRICULUM_ADAPTIVE ||
                c->kind == LORE_CURRICULUM_GROWTH;
  if (c->kind == LORE_CURRICULUM_NONE)
    return LORE_OK;
  if (s->distribution.kind == LORE_DISTRIBUTION_REPLAY || s->distribution.among != LORE_AMONG_ALL)
    return lore_study_contradict(study, "curriculum.kind", "distribution.kind",
                                 "'curriculum.kind' needs a distribution over all known "
                                 "individuals, without replay and distribution.among");
  if (narrow && (c->individuals < 1 || c->individuals >= known))
    return lore_study_contradict(study, "curriculum.individuals", "curriculum.kind",
                                 "'curriculum.individuals' is %lld%s; of %lld known individuals it "
                                 "must be at least 1 and at most %lld",
                                 (long long)c->individuals,
                                 lore_study_origin(study, "curriculum.individuals"),
                                 (long long)known, (long long)known - 1);
  if (c->kind == LORE_CURRICULUM_ANNEAL && s->distribution.kind != LORE_DISTRIBUTION_POWER_LAW)
    return lore_study_contradict(study, "curriculum.kind", "distribution.kind",
                                 "'curriculum.kind' anneal needs distribution.kind power_law");
  if (c->kind == LORE_CURRICULUM_ANNEAL && c->final_alpha == s->distribution.alpha)
    return lore_study_contradict(study, "curriculum.final_alpha", "distribution.alpha",
                                 "'curriculum.final_alpha'%s is what 'distribution.alpha'%s begins "
                                 "with; give one of them another value",
                                 lore_study_origin(study, "curriculum.final_alpha"),
                                 lore_study_origin(study, "distribution.alpha"));
  if (c->kind == LORE_CURRICULUM_THROW_AWAY && s->population.throw_away == 0)
    return lore_study_contradict(study, "curriculum.kind", "population.throw_away",
                                 "'curriculum.kind' throw_away needs people: say how many with "
                                 "population.throw_away");
  if (c->kind == LORE_CURRICULUM_SEQUENTIAL &&
      (c->groups > known || c->groups * (int64_t)c->repeats > s->train.steps))
    return lore_study_contradict(study, "curriculum.groups", "curriculum.repeats",
                                 "%d groups visited %d times need as many individuals as groups "
                                 "(there are %lld) and as many steps as visits (there are %lld)",
                                 c->groups, c->repeats, (long long)known,
                                 (long long)s->train.steps);
  return check_length(study);
}

/* Groups are found by their names, so each is there once. */
static bool find_group(const lore_settings *s, int index, lore_group *group, size_t size,
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

static lore_status check_groups(const lore_study *study) {
  const lore_settings *s = study->settings;
  const lore_word_list *words = &s->evaluate.groups;
  bool subset = s->curriculum.kind != LORE_CURRICULUM_ADAPTIVE || words->count == 0;
  char why[256];
  lore_group group[LORE_WORDS_MAX];
  for (int i = 0; i < words->count; i++) {
    if (!find_group(s, i, group, sizeof why, why))
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

lore_status lore_study_check_distribution(const lore_study *study) {
  LORE_TRY(lore_study_check_used(study));
  LORE_TRY(check_celebrities(study));
  LORE_TRY(check_repeats(study));
  LORE_TRY(check_shards(study));
  LORE_TRY(check_curriculum(study));
  return check_groups(study);
}
