/* Contradictions between settings of a transformer that learns biographies. */
#include "lore/settings/groups.h"
#include "lore/settings/sampling.h"
#include "task.h"

enum { HEAD_SIZE_MAX = 256 };

static lore_status check_people(const lore_study *study) {
  const lore_population_config *c = &study->settings->population;
  if (lore_population_total(c) <= LORE_PEOPLE_MAX)
    return LORE_OK;
  const char *more = c->new_ones > c->held_out ? "population.new" : "population.held_out";
  if (c->throw_away > c->new_ones && c->throw_away > c->held_out)
    more = "population.throw_away";
  if (c->injected > c->throw_away && c->injected > c->new_ones && c->injected > c->held_out)
    more = "population.injected";
  return lore_study_contradict(
      study, "population.individuals", more,
      "'population.individuals' %lld%s, 'population.held_out' %lld%s, 'population.new' %lld, "
      "'population.throw_away' %lld and 'population.injected' %lld together exceed the %d unique "
      "names; use fewer",
      (long long)c->individuals, lore_study_origin(study, "population.individuals"),
      (long long)c->held_out, lore_study_origin(study, "population.held_out"),
      (long long)c->new_ones, (long long)c->throw_away, (long long)c->injected, LORE_PEOPLE_MAX);
}

/* The multiple of `unit` (at least one) that is nearest to `value`. */
static int nearest_multiple(int value, int unit) {
  int below = value / unit * unit;
  return below == 0 || value - below > unit / 2 ? below + unit : below;
}

static lore_status check_heads(const lore_study *study) {
  const lore_model_config *c = &study->settings->model;
  const char *width = lore_study_origin(study, "model.width"),
             *heads = lore_study_origin(study, "model.heads");
  bool rotary = c->positions == LORE_POSITIONS_ROTARY;
  int size = c->width / c->heads, better = nearest_multiple(c->width, c->heads * (rotary ? 2 : 1));
  if (c->width % c->heads != 0)
    return lore_study_contradict(
        study, "model.width", "model.heads",
        "'model.width' %d%s is not a multiple of 'model.heads' %d%s; use a width of "
        "%d or other heads",
        c->width, width, c->heads, heads, better);
  if (size > HEAD_SIZE_MAX)
    return lore_study_contradict(
        study, "model.heads", "model.width",
        "the head size %d ('model.width' %d%s / 'model.heads' %d%s) is above %d; use "
        "at least %d heads",
        size, c->width, width, c->heads, heads, HEAD_SIZE_MAX,
        (c->width + HEAD_SIZE_MAX - 1) / HEAD_SIZE_MAX);
  if (rotary && size % 2 != 0)
    return lore_study_contradict(
        study, "model.heads", "model.width",
        "the head size %d ('model.width' %d%s / 'model.heads' %d%s) is odd; rotary "
        "positions need an even one, such as with a width of %d",
        size, c->width, width, c->heads, heads, better);
  return LORE_OK;
}

/* What only attention has. */
static lore_status check_attention(const lore_study *study) {
  const lore_model_config *c = &study->settings->model;
  const char *mixer = lore_mixer_name(c->mixer);
  if (lore_mixer_attends(c->mixer))
    return LORE_OK;
  if (c->positions == LORE_POSITIONS_ROTARY)
    return lore_study_contradict(study, "model.positions", "model.mixer",
                                 "'model.positions' rotary turns queries and keys, which "
                                 "'model.mixer' %s does not have; use none or learned",
                                 mixer);
  if (lore_patch_wanted(&study->settings->train.patch))
    return lore_study_contradict(study, "patch.from", "model.mixer",
                                 "'patch.from' gives a model another one's attention, which "
                                 "'model.mixer' %s does not have",
                                 mixer);
  return LORE_OK;
}

static lore_status check_recurrent_width(const lore_study *study) {
  const lore_model_config *c = &study->settings->model;
  if (c->recurrent_width % c->heads == 0)
    return LORE_OK;
  return lore_study_contradict(
      study, "model.recurrent_width", "model.heads",
      "'model.recurrent_width' %d is not a multiple of 'model.heads' %d%s; use %d",
      c->recurrent_width, c->heads, lore_study_origin(study, "model.heads"),
      nearest_multiple(c->recurrent_width, c->heads));
}

static lore_status check_batch(const lore_study *study) {
  const lore_train_config *c = &study->settings->train;
  if (c->batch % c->shard == 0)
    return LORE_OK;
  return lore_study_contradict(
      study, "train.batch", "train.shard",
      "'train.batch' %d%s is not a multiple of 'train.shard' %d%s; a step consists "
      "of whole shards",
      c->batch, lore_study_origin(study, "train.batch"), c->shard,
      lore_study_origin(study, "train.shard"));
}

/* Nothing has a part of no rate. */
static lore_status check_rates(const lore_study *study) {
  const lore_train_config *c = &study->settings->train;
  if (c->optimizer != LORE_OPTIMIZER_MUON || c->learning_rate > 0)
    return LORE_OK;
  return lore_study_contradict(
      study, "train.learning_rate", "train.optimizer",
      "'train.optimizer' muon needs a 'train.learning_rate' above 0, whose "
      "schedule train.matrix_learning_rate follows");
}

static lore_status check_biographies(const lore_study *study) {
  LORE_TRY(check_people(study));
  LORE_TRY(check_heads(study));
  LORE_TRY(check_attention(study));
  LORE_TRY(check_recurrent_width(study));
  LORE_TRY(check_batch(study));
  LORE_TRY(check_rates(study));
  LORE_TRY(lore_study_check_sampling(study));
  return lore_study_check_groups(study);
}

const lore_settings_task lore_settings_biographies = {.check = check_biographies};
