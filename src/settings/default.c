/* Defaults: those of the table, and those that follow from other settings. */
#include <assert.h>
#include <string.h>

#include "lore/settings/place.h"
#include "lore/settings/value.h"

static void set_initial(const lore_setting *setting, lore_settings *settings) {
  bool list = lore_setting_is_list(setting);
  assert(!list || strcmp(setting->initial, "[]") == 0);
  lore_source source = {.option = setting->key, .text = setting->initial};
  lore_yaml_node node = {.kind = list ? LORE_YAML_LIST : LORE_YAML_SCALAR,
                         .text = (char *)setting->initial,
                         .first = -1,
                         .next = -1};
  lore_yaml yaml = {.source = &source, .count = 1, .node = &node};
  lore_status status = lore_setting_parse(setting, &yaml, 0, 0, settings);
  assert(status == LORE_OK);
  (void)status;
}

void lore_settings_default(lore_settings *settings) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  memset(settings, 0, sizeof *settings);
  for (int i = 0; i < count; i++)
    if (table[i].initial)
      set_initial(&table[i], settings);
}

void lore_setting_reset(int setting, lore_settings *settings) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  assert(setting >= 0 && setting < count && table[setting].initial);
  set_initial(&table[setting], settings);
}

bool lore_study_gives(const lore_study *study, const char *key) {
  int index = lore_setting_find(key);
  assert(index >= 0);
  return study->place[index].source != NULL;
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
    if (!lore_study_gives(study, keys[i]))
      *fields[i] = shapes[model->preset][i];
}

/* A mixer's own width, and positions that need attention. */
static void complete_mixer(lore_study *study) {
  lore_model_config *model = &study->settings->model;
  if (model->recurrent_width == 0)
    model->recurrent_width = lore_mixer_default_width(model->mixer, model->width, model->heads);
  if (!lore_mixer_attends(model->mixer) && !lore_study_gives(study, "model.positions"))
    model->positions = LORE_POSITIONS_NONE;
}

void lore_study_complete(lore_study *study) {
  lore_train_config *train = &study->settings->train;
  lore_evaluate_config *evaluate = &study->settings->evaluate;
  bool dense_until = lore_study_gives(study, "evaluate.dense_until");
  lore_study_drop_unused(study);
  apply_preset(study);
  complete_mixer(study);
  if (!lore_study_gives(study, "train.final_learning_rate") &&
      train->final_learning_rate > train->learning_rate)
    train->final_learning_rate = train->learning_rate;
  if (!lore_study_gives(study, "evaluate.dense_every") && !dense_until &&
      evaluate->dense_every >= evaluate->every)
    evaluate->dense_every = 0;
  if (!dense_until && evaluate->dense_every == 0)
    evaluate->dense_until = 0;
  if (!lore_study_gives(study, "evaluate.attention_sequences") &&
      evaluate->attention_sequences > evaluate->sequences)
    evaluate->attention_sequences = evaluate->sequences;
}
