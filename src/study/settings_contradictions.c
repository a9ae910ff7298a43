/* Settings that are right one by one, but not together. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "settings_place.h"
#include "settings_word.h"

enum { PEOPLE_MAX = 810000000, HEAD_SIZE_MAX = 256, TEXT_SIZE = 1024 };

static const lore_place *place_of(const lore_study *study, const char *key) {
  int index = lore_setting_find(key);
  assert(index >= 0);
  return &study->place[index];
}

/* LORE_USER at the better place of two settings: an override if one of them is, as that is what was
 * changed last, else the first one that was given. */
static lore_status contradict(const lore_study *study, const char *key, const char *other,
                              const char *format, ...) __attribute__((format(printf, 4, 5)));

static lore_status contradict(const lore_study *study, const char *key, const char *other,
                              const char *format, ...) {
  char text[TEXT_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const lore_place *first = place_of(study, key), *second = place_of(study, other);
  bool override = second->source && second->source->option;
  if (!first->source || (override && !first->source->option))
    first = second;
  if (!first->source)
    return lore_source_fail(study->file, LORE_NOWHERE, "%s", text);
  return lore_source_fail(first->source, first->at, "%s", text);
}

/* " (default)" behind the value of a setting that nobody gave. */
static const char *origin(const lore_study *study, const char *key) {
  return place_of(study, key)->source ? "" : " (default)";
}

static lore_status check_people(const lore_study *study) {
  const lore_population_config *c = &study->settings->population;
  if (c->individuals + c->held_out <= PEOPLE_MAX)
    return LORE_OK;
  return contradict(study, "population.individuals", "population.held_out",
                    "'population.individuals' %lld%s and 'population.held_out' %lld%s together are "
                    "more than the %d unique names; use fewer",
                    (long long)c->individuals, origin(study, "population.individuals"),
                    (long long)c->held_out, origin(study, "population.held_out"), PEOPLE_MAX);
}

/* The multiple of `unit` (at least one) that is nearest to `value`. */
static int nearest_multiple(int value, int unit) {
  int below = value / unit * unit;
  return below == 0 || value - below > unit / 2 ? below + unit : below;
}

static lore_status check_heads(const lore_study *study) {
  const lore_model_config *c = &study->settings->model;
  const char *width = origin(study, "model.width"), *heads = origin(study, "model.heads");
  bool rotary = c->positions == LORE_POSITIONS_ROTARY;
  int size = c->width / c->heads, better = nearest_multiple(c->width, c->heads * (rotary ? 2 : 1));
  if (c->width % c->heads != 0)
    return contradict(study, "model.width", "model.heads",
                      "'model.width' %d%s is not a multiple of 'model.heads' %d%s; use a width of "
                      "%d or other heads",
                      c->width, width, c->heads, heads, better);
  if (size > HEAD_SIZE_MAX)
    return contradict(study, "model.heads", "model.width",
                      "the head size %d ('model.width' %d%s / 'model.heads' %d%s) is above %d; use "
                      "at least %d heads",
                      size, c->width, width, c->heads, heads, HEAD_SIZE_MAX,
                      (c->width + HEAD_SIZE_MAX - 1) / HEAD_SIZE_MAX);
  if (rotary && size % 2 != 0)
    return contradict(study, "model.heads", "model.width",
                      "the head size %d ('model.width' %d%s / 'model.heads' %d%s) is odd; rotary "
                      "positions need an even one, such as with a width of %d",
                      size, c->width, width, c->heads, heads, better);
  return LORE_OK;
}

static lore_status check_batch(const lore_study *study) {
  const lore_train_config *c = &study->settings->train;
  if (c->batch % c->shard == 0)
    return LORE_OK;
  return contradict(study, "train.batch", "train.shard",
                    "'train.batch' %d%s is not a multiple of 'train.shard' %d%s; a step consists "
                    "of whole shards",
                    c->batch, origin(study, "train.batch"), c->shard, origin(study, "train.shard"));
}

static lore_status check_schedule(const lore_study *study) {
  const lore_train_config *c = &study->settings->train;
  if (c->warmup_steps > c->steps)
    return contradict(study, "train.warmup_steps", "train.steps",
                      "'train.warmup_steps' %lld is more than 'train.steps' %lld%s; use at most as "
                      "many",
                      (long long)c->warmup_steps, (long long)c->steps,
                      origin(study, "train.steps"));
  if (c->schedule != LORE_SCHEDULE_COSINE || c->final_learning_rate <= c->learning_rate)
    return LORE_OK;
  char first[LORE_REAL_SIZE], last[LORE_REAL_SIZE];
  return contradict(study, "train.final_learning_rate", "train.learning_rate",
                    "'train.final_learning_rate' %s is more than 'train.learning_rate' %s%s; the "
                    "cosine schedule only falls",
                    lore_word_from_real(c->final_learning_rate, last),
                    lore_word_from_real(c->learning_rate, first),
                    origin(study, "train.learning_rate"));
}

static lore_status check_evaluation(const lore_study *study) {
  const lore_evaluate_config *c = &study->settings->evaluate;
  if (c->dense_every == 0 && c->dense_until > 0)
    return contradict(study, "evaluate.dense_until", "evaluate.dense_every",
                      "'evaluate.dense_until' is %lld, but 'evaluate.dense_every' is 0; give both "
                      "or set both to 0",
                      (long long)c->dense_until);
  if (c->attention_sequences > c->sequences)
    return contradict(study, "evaluate.attention_sequences", "evaluate.sequences",
                      "'evaluate.attention_sequences' %d is more than 'evaluate.sequences' %d%s; "
                      "they are a part of these",
                      c->attention_sequences, c->sequences, origin(study, "evaluate.sequences"));
  return LORE_OK;
}

static lore_status check_snapshots(const lore_study *study) {
  const lore_integer_list *list = &study->settings->checkpoint.snapshots;
  int64_t steps = study->settings->train.steps;
  if (list->count == 0 || list->value[list->count - 1] <= steps)
    return LORE_OK;
  return contradict(study, "checkpoint.snapshots", "train.steps",
                    "'checkpoint.snapshots' has step %lld, but 'train.steps' is %lld%s; no "
                    "snapshot can lie behind the last step",
                    (long long)list->value[list->count - 1], (long long)steps,
                    origin(study, "train.steps"));
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
  return contradict(study, "compute.gemm", "compute.gemm",
                    "'compute.gemm' is %s, which this build of lore lacks; it has %s",
                    lore_gemm_name(wanted), names);
}

lore_status lore_study_contradictions(const lore_study *study) {
  LORE_TRY(check_people(study));
  LORE_TRY(check_heads(study));
  LORE_TRY(check_batch(study));
  LORE_TRY(check_schedule(study));
  LORE_TRY(check_evaluation(study));
  LORE_TRY(check_snapshots(study));
  return check_gemm(study);
}
