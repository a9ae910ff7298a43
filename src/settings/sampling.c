/* What settings know about distributions and curricula: contradictions, and a description. */
#include "lore/settings/sampling.h"

#include <stdarg.h>
#include <stdio.h>

#include "lore/settings/effect.h"
#include "lore/settings/word.h"

static lore_status check_celebrities(const lore_study *study) {
  const lore_distribution_config *d = &study->settings->distribution;
  int64_t known = study->settings->population.individuals;
  bool among = d->among == LORE_AMONG_CELEBRITIES || d->among == LORE_AMONG_OTHERS;
  bool needed = d->kind == LORE_DISTRIBUTION_CELEBRITIES || among;
  if (d->celebrities >= known || (needed && d->celebrities == 0))
    return lore_study_contradict(
        study, "distribution.celebrities",
        d->kind == LORE_DISTRIBUTION_CELEBRITIES ? "distribution.kind" : "distribution.among",
        "'distribution.celebrities' is %lld%s; of the %lld known individuals at least 1 and at "
        "most %lld can be celebrities",
        (long long)d->celebrities, lore_study_origin(study, "distribution.celebrities"),
        (long long)known, (long long)known - 1);
  if (d->among != LORE_AMONG_ALL && d->kind != LORE_DISTRIBUTION_UNIFORM)
    return lore_study_contradict(study, "distribution.among", "distribution.kind",
                                 "'distribution.among' needs distribution.kind uniform");
  if (d->kind == LORE_DISTRIBUTION_REPLAY && study->settings->population.new_ones == 0)
    return lore_study_contradict(study, "distribution.kind", "population.new",
                                 "'distribution.kind' replay draws new individuals; give their "
                                 "number with population.new");
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
                                 "'distribution.shards' has %d elements, which cannot get equal "
                                 "parts of the %d shard%s of a batch (train.batch %d / train.shard "
                                 "%d); use as many as divide %d, or other shards",
                                 words->count, shards, shards == 1 ? "" : "s", s->train.batch,
                                 s->train.shard, shards);
  if (s->distribution.kind != LORE_DISTRIBUTION_UNIFORM ||
      s->distribution.among != LORE_AMONG_ALL || s->curriculum.kind != LORE_CURRICULUM_NONE)
    return lore_study_contradict(study, "distribution.shards", "distribution.kind",
                                 "'distribution.shards' replaces distribution.kind, "
                                 "distribution.among and curriculum.kind; remove these");
  return LORE_OK;
}

/* Each injected individual needs a sequence, and a step that comes. */
static lore_status check_injected(const lore_study *study) {
  const lore_settings *s = study->settings;
  const lore_integer_list *inject = &s->distribution.inject;
  long long injected = s->population.injected;
  if (inject->count > 0 && injected > s->train.batch)
    return lore_study_contradict(
        study, "population.injected", "train.batch",
        "'population.injected' %lld is more than 'train.batch' %d%s; a step of "
        "distribution.inject shows all of them at once",
        injected, s->train.batch, lore_study_origin(study, "train.batch"));
  if (inject->count == 0 && s->distribution.inject_wording == LORE_WORDING_NEW)
    return LORE_OK;
  if (injected == 0 || inject->count == 0)
    return lore_study_contradict(
        study, inject->count > 0 ? "distribution.inject" : "distribution.inject_wording",
        inject->count > 0 ? "population.injected" : "distribution.inject", "%s",
        inject->count > 0 ? "'distribution.inject' needs individuals; give their number with "
                            "population.injected"
                          : "'distribution.inject_wording' needs steps; give them with "
                            "distribution.inject");
  if (inject->value[inject->count - 1] < s->train.steps)
    return LORE_OK;
  return lore_study_contradict(study, "distribution.inject", "train.steps",
                               "'distribution.inject' has step %lld; with 'train.steps' %lld%s the "
                               "last one is %lld",
                               (long long)inject->value[inject->count - 1],
                               (long long)s->train.steps, lore_study_origin(study, "train.steps"),
                               (long long)s->train.steps - 1);
}

static lore_status check_fresh(const lore_study *study) {
  const lore_settings *s = study->settings;
  const lore_distribution_config *d = &s->distribution;
  double sequences = (double)s->train.steps * s->train.batch;
  double names = (double)(LORE_PEOPLE_MAX - lore_population_total(&s->population));
  if (d->final_fresh < 0 && d->final_fresh != -1)
    return lore_study_contradict(study, "distribution.final_fresh", "distribution.fresh",
                                 "'distribution.final_fresh' is a share from 0 to 1, or -1");
  if (d->fresh == 1 && (d->final_fresh == -1 || d->final_fresh == 1 || s->train.steps == 1))
    return lore_study_contradict(study, "distribution.fresh", "distribution.final_fresh",
                                 "'distribution.fresh' 1 would never show a known individual");
  if ((d->fresh > 0 || d->final_fresh > 0) && sequences > names)
    return lore_study_contradict(
        study, "distribution.fresh", "train.steps",
        "'distribution.fresh' needs a name for each of the %.0f sequences of training, and %.0f "
        "are left; use fewer steps",
        sequences, names);
  return LORE_OK;
}

/* Whether any individual that is asked about is ever drawn. */
static bool draws_asked(const lore_settings *s) {
  const lore_distribution_config *d = &s->distribution;
  if (d->among == LORE_AMONG_OTHERS)
    return s->population.asked > d->celebrities;
  return d->kind != LORE_DISTRIBUTION_REPLAY || d->replay_weight > 0;
}

/* Questions are about known individuals, and there must be some. */
static lore_status check_questions(const lore_study *study) {
  const lore_settings *s = study->settings;
  long long asked = s->population.asked, known = s->population.individuals;
  bool among = s->distribution.among == LORE_AMONG_ASKED;
  if (asked > known)
    return lore_study_contradict(study, "population.asked", "population.individuals",
                                 "'population.asked' is %lld; of the %lld known individuals%s at "
                                 "most all can be asked about",
                                 asked, known, lore_study_origin(study, "population.individuals"));
  if (asked > 0 && s->distribution.questions > 0 && !draws_asked(s))
    return lore_study_contradict(study, "distribution.questions", "distribution.among",
                                 "'distribution.questions' would never ask: they are about the "
                                 "first %lld individuals, whom this distribution does not draw",
                                 asked);
  if ((s->population.questions && asked > 0) || (!among && s->distribution.questions == 0))
    return LORE_OK;
  return lore_study_contradict(
      study, among ? "distribution.among" : "distribution.questions", "population.asked",
      "'%s needs individuals to ask about; give population.questions: true, and their number with "
      "population.asked",
      among ? "distribution.among' asked" : "distribution.questions'");
}

static lore_status check_length(const lore_study *study) {
  const lore_settings *s = study->settings;
  const lore_curriculum_config *c = &s->curriculum;
  const char *key = c->steps > 0 ? "curriculum.steps" : "curriculum.epochs";
  if (!lore_study_uses(study, "curriculum.epochs"))
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
                                 "the known individuals would never be shown: others are shown for "
                                 "%lld steps, and 'train.steps' is %lld%s; use fewer",
                                 (long long)length, (long long)s->train.steps,
                                 lore_study_origin(study, "train.steps"));
  return LORE_OK;
}

static lore_status check_first_individuals(const lore_study *study) {
  int64_t first = study->settings->curriculum.individuals,
          known = study->settings->population.individuals;
  if (!lore_study_uses(study, "curriculum.individuals") || (first >= 1 && first < known))
    return LORE_OK;
  return lore_study_contradict(study, "curriculum.individuals", "curriculum.kind",
                               "'curriculum.individuals' is %lld%s; of %lld known individuals it "
                               "must be at least 1 and at most %lld",
                               (long long)first, lore_study_origin(study, "curriculum.individuals"),
                               (long long)known, (long long)known - 1);
}

static lore_status check_anneal(const lore_study *study) {
  const lore_settings *s = study->settings;
  if (s->distribution.kind != LORE_DISTRIBUTION_POWER_LAW)
    return lore_study_contradict(study, "curriculum.kind", "distribution.kind",
                                 "'curriculum.kind' anneal needs distribution.kind power_law");
  if (s->curriculum.final_alpha != s->distribution.alpha)
    return LORE_OK;
  return lore_study_contradict(study, "curriculum.final_alpha", "distribution.alpha",
                               "'curriculum.final_alpha'%s is what 'distribution.alpha'%s begins "
                               "with; give one of them another value",
                               lore_study_origin(study, "curriculum.final_alpha"),
                               lore_study_origin(study, "distribution.alpha"));
}

static lore_status check_throw_away(const lore_study *study) {
  if (study->settings->population.throw_away > 0)
    return LORE_OK;
  return lore_study_contradict(
      study, "curriculum.kind", "population.throw_away",
      "'curriculum.kind' throw_away needs individuals of its own; give their number with "
      "population.throw_away");
}

static lore_status check_sequential(const lore_study *study) {
  const lore_settings *s = study->settings;
  const lore_curriculum_config *c = &s->curriculum;
  int64_t known = s->population.individuals;
  if (c->groups <= known && c->groups * (int64_t)c->repeats <= s->train.steps)
    return LORE_OK;
  return lore_study_contradict(study, "curriculum.groups", "curriculum.repeats",
                               "%d groups visited %d times need as many individuals as groups "
                               "(there are %lld) and as many steps as visits (there are %lld)",
                               c->groups, c->repeats, (long long)known, (long long)s->train.steps);
}

/* Rules of one kind alone. */
static lore_status check_kind(const lore_study *study) {
  switch (study->settings->curriculum.kind) {
  case LORE_CURRICULUM_ANNEAL:
    return check_anneal(study);
  case LORE_CURRICULUM_THROW_AWAY:
    return check_throw_away(study);
  case LORE_CURRICULUM_SEQUENTIAL:
    return check_sequential(study);
  default:
    return LORE_OK;
  }
}

static lore_status check_curriculum(const lore_study *study) {
  const lore_settings *s = study->settings;
  if (s->curriculum.kind == LORE_CURRICULUM_NONE)
    return LORE_OK;
  if (s->distribution.kind == LORE_DISTRIBUTION_REPLAY || s->distribution.among != LORE_AMONG_ALL)
    return lore_study_contradict(study, "curriculum.kind", "distribution.kind",
                                 "'curriculum.kind' needs a distribution over all known "
                                 "individuals, without replay and distribution.among");
  LORE_TRY(check_first_individuals(study));
  LORE_TRY(check_kind(study));
  return check_length(study);
}

lore_status lore_study_check_sampling(const lore_study *study) {
  LORE_TRY(check_celebrities(study));
  LORE_TRY(check_repeats(study));
  LORE_TRY(check_shards(study));
  LORE_TRY(check_injected(study));
  LORE_TRY(check_fresh(study));
  LORE_TRY(check_questions(study));
  return check_curriculum(study);
}

typedef struct {
  char *text;
  size_t size, length;
} description;

__attribute__((format(printf, 2, 3))) static void append_words(description *w, const char *format,
                                                               ...) {
  va_list arguments;
  va_start(arguments, format);
  if (w->length < w->size)
    w->length += (size_t)vsnprintf(w->text + w->length, w->size - w->length, format, arguments);
  va_end(arguments);
}

static void describe_shards(const lore_word_list *shards, description *w) {
  for (int i = 0; i < shards->count; i++)
    append_words(w, "%s%s", i > 0 ? ", " : "", shards->value[i]);
  append_words(w, " in equal parts of a batch");
}

static void describe_kind(const lore_settings *s, description *w) {
  const lore_distribution_config *d = &s->distribution;
  long long known = s->population.individuals, famous = d->celebrities;
  char number[LORE_REAL_SIZE];
  switch (d->kind) {
  case LORE_DISTRIBUTION_UNIFORM:
    if (d->among == LORE_AMONG_ALL)
      append_words(w, "uniform over %lld", known);
    else if (d->among == LORE_AMONG_CELEBRITIES || d->among == LORE_AMONG_ASKED)
      append_words(w, "uniform over the first %lld of %lld",
                   d->among == LORE_AMONG_ASKED ? (long long)s->population.asked : famous, known);
    else
      append_words(w, "uniform over the last %lld of %lld", known - famous, known);
    break;
  case LORE_DISTRIBUTION_POWER_LAW:
    append_words(w, "power_law: alpha %s over %lld", lore_word_from_real(d->alpha, number), known);
    break;
  case LORE_DISTRIBUTION_CELEBRITIES:
    append_words(w, "celebrities: the first %lld of %lld, %s times as likely as the others", famous,
                 known, lore_word_from_real(d->celebrity_weight, number));
    break;
  case LORE_DISTRIBUTION_REPLAY:
    append_words(w, "replay: %lld new, and %lld known, %s times as likely",
                 (long long)s->population.new_ones, known,
                 lore_word_from_real(d->replay_weight, number));
    break;
  }
}

static void describe_additions(const lore_settings *s, description *w) {
  const lore_distribution_config *d = &s->distribution;
  char number[LORE_REAL_SIZE];
  if (d->fresh > 0 || d->final_fresh > 0) {
    append_words(w, "; %s fresh", lore_word_from_real(d->fresh, number));
    if (d->final_fresh >= 0)
      append_words(w, ", %s at the end", lore_word_from_real(d->final_fresh, number));
  }
  if (d->questions > 0)
    append_words(w, "; %s of the sequences about the first %lld are questions",
                 lore_word_from_real(d->questions, number), (long long)s->population.asked);
  if (d->inject.count > 0)
    append_words(w, "; %lld injected %d time%s%s", (long long)s->population.injected,
                 d->inject.count, d->inject.count == 1 ? "" : "s",
                 d->inject_wording == LORE_WORDING_SAME ? " in the same words" : "");
}

char *lore_distribution_describe(const lore_settings *s, size_t size, char *text) {
  const lore_distribution_config *d = &s->distribution;
  description w = {.text = text, .size = size};
  if (d->shards.count > 0)
    describe_shards(&d->shards, &w);
  else
    describe_kind(s, &w);
  if (d->repeats_in_batch > 1)
    append_words(&w, "; %d times in a batch", d->repeats_in_batch);
  if (d->repeats_across_steps > 1)
    append_words(&w, "; the same for %lld steps", (long long)d->repeats_across_steps);
  describe_additions(s, &w);
  return text;
}

char *lore_curriculum_describe(const lore_settings *s, size_t size, char *text) {
  const lore_curriculum_config *c = &s->curriculum;
  description w = {.text = text, .size = size};
  long long known = s->population.individuals, first = c->individuals;
  long long length = lore_curriculum_length(c, known, s->train.batch);
  char number[LORE_REAL_SIZE];
  switch (c->kind) {
  case LORE_CURRICULUM_NONE:
    append_words(&w, "none");
    break;
  case LORE_CURRICULUM_WARM_UP:
    append_words(&w, "warm_up: %lld individuals until step %lld", first, length);
    break;
  case LORE_CURRICULUM_ADAPTIVE:
    append_words(&w, "adaptive: %lld individuals until %lld steps after their plateau", first,
                 (long long)c->steps);
    break;
  case LORE_CURRICULUM_GROWTH:
    append_words(&w, "growth: from %lld individuals to all until step %lld", first, length);
    break;
  case LORE_CURRICULUM_ANNEAL:
    append_words(&w, "anneal: alpha to %s until step %lld",
                 lore_word_from_real(c->final_alpha, number), length);
    break;
  case LORE_CURRICULUM_SEQUENTIAL:
    append_words(&w, "sequential: %d groups, %d visit%s each of %lld steps", c->groups, c->repeats,
                 c->repeats == 1 ? "" : "s", (long long)s->train.steps / c->groups / c->repeats);
    break;
  case LORE_CURRICULUM_THROW_AWAY:
    append_words(&w, "throw_away: %lld others until step %lld", (long long)s->population.throw_away,
                 length);
    break;
  }
  return text;
}
