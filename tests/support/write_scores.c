/* Writes a small model with random parameters, attention or rg_lru, to PATH and prints what it
 * makes of a sequence, one position a line: token, target, loss and the largest probability. What
 * numpy is compared with in tests/test_mixer.bats. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/io/checkpoint.h"
#include "small_model.h"

enum { CONTEXT = 60 };

int main(int count, char **argument) {
  static const int length[] = {CONTEXT};
  if (count != 3) {
    fprintf(stderr, "usage: %s PATH attention|rg_lru\n", argument[0]);
    return 2;
  }
  bool recurrent = !strcmp(argument[2], "rg_lru");
  /* Without and with attention: layer norm, biases, GELU, an untied head. */
  lore_model_config config = small_config(8 + 2 + (recurrent ? SMALL_ATTENTION : 0));
  lore_vocabulary *vocabulary;
  lore_model *model;
  if (lore_vocabulary_create(false, &vocabulary) != LORE_OK ||
      lore_model_create(&config, lore_vocabulary_size(vocabulary), CONTEXT, &model) != LORE_OK)
    return 1;
  lore_random stream = numbers_stream(3);
  real *parameters = small_parameters(model, &stream, 0.4);
  lore_batch shard = small_shard(&stream, 1, length, lore_vocabulary_size(vocabulary));
  small_scores s = small_score(model, parameters, &shard, small_workspace_for(model, &shard));
  if (lore_checkpoint_write(argument[1], model, parameters, vocabulary, 0, 0, NULL) != LORE_OK) {
    fprintf(stderr, "%s\n", lore_fail_message());
    return 1;
  }
  for (int t = 0; t < s.count; t++)
    printf("%d %d %.9g %.9g\n", shard.token[t], shard.target[t], s.loss[t], s.top[t]);
  lore_model_destroy(model);
  lore_vocabulary_destroy(vocabulary);
  numbers_release(0);
  return 0;
}
