/* Contradictions that are the same for all tasks. */
#include "contradictions.h"

#include <stdio.h>

#include "lore/settings/effect.h"
#include "lore/settings/word.h"
#include "task.h"

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
        "the former are a part of the latter",
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
      "snapshot can come after the last step",
      (long long)list->value[list->count - 1], (long long)steps,
      lore_study_origin(study, "train.steps"));
}

static lore_status check_patch(const lore_study *study) {
  const lore_patch_config *p = &study->settings->train.patch;
  int64_t steps = study->settings->train.steps;
  if (p->start <= steps)
    return LORE_OK;
  return lore_study_contradict(study, "patch.start", "train.steps",
                               "'patch.start' %lld is after the last of 'train.steps' %lld%s",
                               (long long)p->start, (long long)steps,
                               lore_study_origin(study, "train.steps"));
}

static lore_status check_gemm(const lore_study *study) {
  lore_gemm_backend wanted = study->settings->compute.gemm;
  if (study->settings->model.precision == LORE_BF16 && wanted > LORE_GEMM_BUILTIN)
    return lore_study_contradict(study, "compute.gemm", "train.precision",
                                 "'compute.gemm' is %s, but with 'train.precision' bf16 matrix "
                                 "products are LORE's own; use builtin",
                                 lore_gemm_name(wanted));
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
  LORE_TRY(lore_study_check_effects(study));
  LORE_TRY(lore_settings_task_of(study->settings->task)->check(study));
  LORE_TRY(check_schedule(study));
  LORE_TRY(check_evaluation(study));
  LORE_TRY(check_snapshots(study));
  LORE_TRY(check_patch(study));
  return check_gemm(study);
}
