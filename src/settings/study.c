/* Places of a study's settings, and defaults that follow from other settings. */
#include "lore/settings/study.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { TEXT_SIZE = 1024 };

static const lore_place *find_place(const lore_study *study, const char *key) {
  int index = lore_setting_find(key);
  assert(index >= 0);
  return &study->place[index];
}

static bool is_given(const lore_study *study, const char *key) {
  return find_place(study, key)->source != NULL;
}

const char *lore_study_origin(const lore_study *study, const char *key) {
  return is_given(study, key) ? "" : " (default)";
}

lore_status lore_study_contradict(const lore_study *study, const char *key, const char *other,
                                  const char *format, ...) {
  char text[TEXT_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const lore_place *first = find_place(study, key), *second = find_place(study, other);
  bool override = second->source && second->source->option;
  if (!first->source || (override && !first->source->option))
    first = second;
  if (!first->source)
    return lore_source_fail(study->file, LORE_NOWHERE, "%s", text);
  return lore_source_fail(first->source, first->at, "%s", text);
}

/* Layers, width, heads and hidden units of the paper's models. */
static void apply_preset(lore_study *study) {
  static const int shapes[][4] = {[LORE_PRESET_44M] = {8, 512, 8, 2048},
                                  [LORE_PRESET_163M] = {12, 896, 16, 3584},
                                  [LORE_PRESET_400M] = {12, 1536, 12, 6144}};
  static const char *const keys[] = {"model.layers", "model.width", "model.heads", "model.hidden"};
  lore_model_config *model = &study->settings->model;
  int *const fields[] = {&model->layers, &model->width, &model->heads, &model->hidden};
  for (int i = 0; i < 4 && model->preset != LORE_PRESET_NONE; i++)
    if (!is_given(study, keys[i]))
      *fields[i] = shapes[model->preset][i];
}

/* A mixer's own width, and positions that need attention. */
static void complete_mixer(lore_study *study) {
  lore_model_config *model = &study->settings->model;
  if (model->recurrent_width == 0)
    model->recurrent_width = lore_mixer_default_width(model->mixer, model->width, model->heads);
  if (!lore_mixer_attends(model->mixer) && !is_given(study, "model.positions"))
    model->positions = LORE_POSITIONS_NONE;
}

void lore_study_complete(lore_study *study) {
  lore_train_config *train = &study->settings->train;
  lore_evaluate_config *evaluate = &study->settings->evaluate;
  bool dense_until = is_given(study, "evaluate.dense_until");
  apply_preset(study);
  complete_mixer(study);
  if (!is_given(study, "train.final_learning_rate") &&
      train->final_learning_rate > train->learning_rate)
    train->final_learning_rate = train->learning_rate;
  if (!is_given(study, "evaluate.dense_every") && !dense_until &&
      evaluate->dense_every >= evaluate->every)
    evaluate->dense_every = 0;
  if (!dense_until && evaluate->dense_every == 0)
    evaluate->dense_until = 0;
  if (!is_given(study, "evaluate.attention_sequences") &&
      evaluate->attention_sequences > evaluate->sequences)
    evaluate->attention_sequences = evaluate->sequences;
}
