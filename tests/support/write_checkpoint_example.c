/* Writes a small model with random parameters to PATH, and a resume point to DIRECTORY with half of
 * each parameter as its first moment and its square as the second: what tests/test_readers.bats
 * reads. */
#include <stdio.h>
#include <stdlib.h>

#include "lore/io/checkpoint.h"
#include "lore/io/resume.h"

static lore_status write_resume(const char *directory, const lore_model *model,
                                const lore_vocabulary *vocabulary, real *parameters) {
  real *first = parameters + model->elements, *second = first + model->elements;
  for (int64_t i = 0; i < model->elements; i++) {
    first[i] = parameters[i] / 2;
    second[i] = parameters[i] * parameters[i];
  }
  const lore_training_state state = {parameters, {.memory = first}, {.memory = second}};
  const lore_resume resume = {.step = 7,
                              .tokens_seen = INT64_C(3000000000),
                              .loss_sum = 0.1,
                              .settings_hash = UINT64_C(0xfedcba9876543210),
                              .records = 3,
                              .gemm_backend = "builtin"};
  return lore_resume_write(directory, model, &state, vocabulary, &resume, 0, NULL);
}

int main(int count, char **argument) {
  if (count != 3) {
    fprintf(stderr, "usage: %s PATH DIRECTORY\n", argument[0]);
    return 2;
  }
  const lore_model_config config = {.layers = 2,
                                    .width = 16,
                                    .heads = 2,
                                    .hidden = 24,
                                    .norm = LORE_NORM_LAYER,
                                    .positions = LORE_POSITIONS_ROTARY,
                                    .bias = true,
                                    .rotary_base = 10000,
                                    .norm_epsilon = 1e-6,
                                    .initial_scale = 0.5};
  const lore_provenance provenance = {"lore_version", "0.1.0"};
  lore_vocabulary *vocabulary = NULL;
  lore_model *model = NULL;
  real *parameters = NULL;
  lore_status status = lore_vocabulary_create(false, &vocabulary);
  if (status == LORE_OK)
    status = lore_model_create(&config, lore_vocabulary_size(vocabulary), 32, &model);
  if (status == LORE_OK && !(parameters = calloc(3 * (size_t)model->elements, sizeof *parameters)))
    status = lore_fail(LORE_MEMORY, "no memory for the example");
  if (status == LORE_OK) {
    lore_model_initialise(model, 1, parameters);
    status = lore_checkpoint_write(argument[1], model, parameters, vocabulary, 7, 1, &provenance);
  }
  if (status == LORE_OK)
    status = write_resume(argument[2], model, vocabulary, parameters);
  if (status != LORE_OK)
    fprintf(stderr, "%s\n", lore_fail_message());
  free(parameters);
  lore_model_destroy(model);
  if (vocabulary)
    lore_vocabulary_destroy(vocabulary);
  return lore_status_exit_code(status);
}
