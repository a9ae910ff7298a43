/* Settings that are right one by one, but not together. */
#include <stdio.h>

#include "contradict.h"
#include "lore/settings/word.h"

enum { PEOPLE_MAX = 810000000, HEAD_SIZE_MAX = 256 };

static lore_status check_people(const lore_study *study) {
  const lore_population_config *c = &study->settings->population;
  if (lore_population_total(c) <= PEOPLE_MAX)
    return LORE_OK;
  const char *more = c->new_ones > c->held_out ? "population.new" : "population.held_out";
  if (c->throw_away > c->new_ones && c->throw_away > c->held_out)
    more = "population.throw_away";
  return lore_study_contradict(
      study, "population.individuals", more,
      "'population.individuals' %lld%s, 'population.held_out' %lld%s, 'population.new' %lld and "
      "'population.throw_away' %lld together are more than the %d unique names; use fewer",
      (long long)c->individuals, lore_study_origin(study, "population.individuals"),
      (long long)c->held_out, lore_study_origin(study, "population.held_out"),
      (long long)c->new_ones, (long long)c->throw_away, PEOPLE_MAX);
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

static lore_status check_mixer(const lore_study *study) {
  const lore_model_config *c = &study->settings->model;
  if (!lore_mixer_has_width(c->mixer) && c->recurrent_width != 0)
    return lore_study_contradict(
        study, "model.recurrent_width", "model.mixer",
        "'model.recurrent_width' has no effect here; it needs model.mixer rg_lru");
  if (lore_mixer_attends(c->mixer))
    return LORE_OK;
  if (c->positions == LORE_POSITIONS_ROTARY)
    return lore_study_contradict(
        study, "model.positions", "model.mixer",
        "'model.positions' rotary turns queries and keys, which 'model.mixer' rg_lru does not "
        "have; use none or learned");
  if (lore_patch_wanted(&study->settings->train.patch))
    return lore_study_contradict(
        study, "patch.from", "model.mixer",
        "'patch.from' gives a model another one's attention, which 'model.mixer' rg_lru does not "
        "have");
  if (c->recurrent_width % c->heads != 0)
    return lore_study_contradict(
        study, "model.recurrent_width", "model.heads",
        "'model.recurrent_width' %d is not a multiple of 'model.heads' %d%s; use %d",
        c->recurrent_width, c->heads, lore_study_origin(study, "model.heads"),
        nearest_multiple(c->recurrent_width, c->heads));
  return LORE_OK;
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

static lore_status check_schedule(const lore_study *study) {
  const lore_train_config *c = &study->settings->train;
  if (c->warmup_steps > c->steps)
    return lore_study_contradict(
        study, "train.warmup_steps", "train.steps",
        "'train.warmup_steps' %lld is more than 'train.steps' %lld%s; use at most as "
        "many",
        (long long)c->warmup_steps, (long long)c->steps, lore_study_origin(study, "train.steps"));
  if (c->schedule != LORE_SCHEDULE_COSINE || c->final_learning_rate <= c->learning_rate)
    return LORE_OK;
  char first[LORE_REAL_SIZE], last[LORE_REAL_SIZE];
  return lore_study_contradict(
      study, "train.final_learning_rate", "train.learning_rate",
      "'train.final_learning_rate' %s is more than 'train.learning_rate' %s%s; the "
      "cosine schedule only falls",
      lore_word_from_real(c->final_learning_rate, last),
      lore_word_from_real(c->learning_rate, first),
      lore_study_origin(study, "train.learning_rate"));
}

static lore_status check_evaluation(const lore_study *study) {
  const lore_evaluate_config *c = &study->settings->evaluate;
  if (c->dense_every == 0 && c->dense_until > 0)
    return lore_study_contradict(
        study, "evaluate.dense_until", "evaluate.dense_every",
        "'evaluate.dense_until' is %lld, but 'evaluate.dense_every' is 0; give both "
        "or set both to 0",
        (long long)c->dense_until);
  if (c->attention_sequences > c->sequences)
    return lore_study_contradict(
        study, "evaluate.attention_sequences", "evaluate.sequences",
        "'evaluate.attention_sequences' %d is more than 'evaluate.sequences' %d%s; "
        "they are a part of these",
        c->attention_sequences, c->sequences, lore_study_origin(study, "evaluate.sequences"));
  return LORE_OK;
}

static lore_status check_snapshots(const lore_study *study) {
  const lore_integer_list *list = &study->settings->checkpoint.snapshots;
  int64_t steps = study->settings->train.steps;
  if (list->count == 0 || list->value[list->count - 1] <= steps)
    return LORE_OK;
  return lore_study_contradict(
      study, "checkpoint.snapshots", "train.steps",
      "'checkpoint.snapshots' has step %lld, but 'train.steps' is %lld%s; no "
      "snapshot can lie behind the last step",
      (long long)list->value[list->count - 1], (long long)steps,
      lore_study_origin(study, "train.steps"));
}

static lore_status check_patch(const lore_study *study) {
  const lore_patch_config *p = &study->settings->train.patch;
  int64_t steps = study->settings->train.steps;
  if (!lore_patch_wanted(p) && (p->start != 0 || p->reference != -1))
    return lore_study_contradict(study, p->start ? "patch.start" : "patch.reference",
                                 p->start ? "patch.start" : "patch.reference",
                                 "'patch.start' and 'patch.reference' have no effect without "
                                 "patch.from");
  if (p->start <= steps)
    return LORE_OK;
  return lore_study_contradict(study, "patch.start", "train.steps",
                               "'patch.start' %lld is behind the last of 'train.steps' %lld%s",
                               (long long)p->start, (long long)steps,
                               lore_study_origin(study, "train.steps"));
}

static lore_status check_gemm(const lore_study *study) {
  lore_gemm_backend wanted = study->settings->compute.gemm;
  if (lore_gemm_has(wanted))
    return LORE_OK;
  char names[64] = "auto";
  int length = 4;
  for (int backend = LORE_GEMM_BUILTIN; backend <= LORE_GEMM_ONEDNN; backend++)
    if (lore_gemm_has((lore_gemm_backend)backend))
      length += snprintf(names + length, sizeof names - (size_t)length, ", %s",
                         lore_gemm_name((lore_gemm_backend)backend));
  return lore_study_contradict(study, "compute.gemm", "compute.gemm",
                               "'compute.gemm' is %s, which this build of lore lacks; it has %s",
                               lore_gemm_name(wanted), names);
}

lore_status lore_study_contradictions(const lore_study *study) {
  bool memory = study->settings->task == LORE_TASK_MEMORY;
  LORE_TRY(lore_study_check_task(study));
  if (!memory) {
    LORE_TRY(check_people(study));
    LORE_TRY(check_heads(study));
    LORE_TRY(check_mixer(study));
    LORE_TRY(check_batch(study));
    LORE_TRY(lore_study_check_distribution(study));
  }
  LORE_TRY(check_schedule(study));
  LORE_TRY(check_evaluation(study));
  LORE_TRY(check_snapshots(study));
  LORE_TRY(check_patch(study));
  return check_gemm(study);
}
