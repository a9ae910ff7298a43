/* Studies of transformers on biographies. */
#include "lore/io/checkpoint.h"
#include "task.h"

static lore_population_config biographies_population(const lore_settings *s) {
  return s->population;
}

static bool biographies_train_on(const lore_settings *s, lore_people kind) {
  bool replay = s->distribution.kind == LORE_DISTRIBUTION_REPLAY;
  switch (kind) {
  case LORE_PEOPLE_KNOWN:
    return !replay || s->distribution.replay_weight > 0;
  case LORE_PEOPLE_NEW:
    return replay;
  case LORE_PEOPLE_THROW_AWAY:
    return s->curriculum.kind == LORE_CURRICULUM_THROW_AWAY;
  case LORE_PEOPLE_INJECTED:
    return s->distribution.inject.count > 0;
  default:
    return false;
  }
}

/* Whether the weights fit a vocabulary with questions, or one without. */
static lore_status check_weights_with(bool questions, const char *path,
                                      const lore_settings *settings) {
  lore_vocabulary *vocabulary = NULL;
  lore_model *model = NULL;
  lore_status status = lore_vocabulary_create(questions, &vocabulary);
  if (status == LORE_OK)
    status = lore_model_create(&settings->model, lore_vocabulary_size(vocabulary),
                               lore_vocabulary_longest_biography(vocabulary), &model);
  if (status == LORE_OK)
    status = lore_checkpoint_check(path, model, vocabulary);
  lore_model_destroy(model);
  lore_vocabulary_destroy(vocabulary);
  return status;
}

static lore_status check_model_weights(const char *path, const lore_settings *settings) {
  bool questions = settings->population.questions;
  lore_status status = check_weights_with(questions, path, settings);
  if (status != LORE_USER)
    return status;
  if (check_weights_with(!questions, path, settings) != LORE_OK)
    return check_weights_with(questions, path, settings); /* its message again */
  return lore_fail(LORE_USER,
                   "%s was trained %s population.questions, which this study %s; both need the "
                   "same words",
                   path, questions ? "without" : "with", questions ? "has" : "does not have");
}

static bool biographies_cut_curriculum(const lore_settings *s, int64_t *length) {
  const lore_curriculum_config *c = &s->curriculum;
  *length = lore_curriculum_length(c, s->population.individuals, s->train.batch);
  if (c->kind == LORE_CURRICULUM_WARM_UP)
    return *length >= s->train.steps;
  bool gradual = c->kind == LORE_CURRICULUM_GROWTH || c->kind == LORE_CURRICULUM_ANNEAL;
  return gradual && *length > s->train.steps;
}

const lore_manifest_task lore_manifest_biographies = {.name = "biographies",
                                                      .individuals = "individuals",
                                                      .known = "population.individuals",
                                                      .held_out = "population.held_out",
                                                      .new_ones = "population.new",
                                                      .population = biographies_population,
                                                      .trains_on = biographies_train_on,
                                                      .check_weights = check_model_weights,
                                                      .cuts_curriculum =
                                                          biographies_cut_curriculum};
