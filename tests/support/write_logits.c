/* Prints what lore makes of some biographies with the weights of a run: a line for each position
 * and each of some targets, with sequence, token, target and the target's log-probability, which is
 * its logit but for what all targets of a position share. Other implementations are compared with
 * it in tests/test_torch.bats.
 *
 * usage: write_logits STUDY WEIGHTS */
#include <stdio.h>

#include "lore/io/checkpoint.h"
#include "lore/run/assembly.h"
#include "lore/settings/read.h"
#include "small_model.h"
#include "small_world.h"

enum { SEQUENCES = 4, TARGETS = 12 };

static lore_settings settings;

/* Of each position another choice of targets, over the whole vocabulary. */
static void set_targets(lore_batch *batch, int choice, int vocabulary) {
  for (int t = 0; t < batch->tokens; t++)
    batch->target[t] = (uint16_t)((t * 37 + choice * vocabulary / TARGETS) % vocabulary);
}

static void print_batch(const lore_assembly *a, const real *parameters, lore_batch *batch) {
  for (int choice = 0; choice < TARGETS; choice++) {
    set_targets(batch, choice, a->model->vocabulary);
    small_scores scores =
        small_score(a->model, parameters, batch, small_workspace_for(a->model, batch));
    for (int s = 0; s < batch->sequences; s++)
      for (int t = batch->offset[s]; t < batch->offset[s + 1]; t++)
        printf("%d %d %d %.9g\n", s, batch->token[t], batch->target[t], -scores.loss[t]);
  }
}

int main(int count, char **argument) {
  static lore_assembly assembly;
  int64_t step;
  if (count != 3) {
    fprintf(stderr, "usage: %s STUDY WEIGHTS\n", argument[0]);
    return 2;
  }
  if (lore_settings_read(argument[1], 0, NULL, &settings) != LORE_OK ||
      lore_assembly_create(&settings, &assembly) != LORE_OK) {
    fprintf(stderr, "%s\n", lore_fail_message());
    return 1;
  }
  real *parameters = numbers_take(sizeof *parameters * (size_t)assembly.model->elements);
  lore_batch batch = small_world_batch(&(small_world){.longest = assembly.longest}, SEQUENCES);
  if (lore_checkpoint_read(argument[2], assembly.model, parameters, &step) != LORE_OK) {
    fprintf(stderr, "%s\n", lore_fail_message());
    return 1;
  }
  lore_batch_evaluation(&batch, assembly.population, 0, settings.population.individuals, 0,
                        SEQUENCES);
  print_batch(&assembly, parameters, &batch);
  lore_assembly_destroy(&assembly);
  numbers_release(0);
  return 0;
}
