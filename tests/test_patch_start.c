/* Where patching begins, the optimiser begins again: what one step leaves behind. */
#include "support/numbers.h"

#include "lore/train/trainer.h"
#include "support/small_world.h"

enum { STEPS = 6, START = 3, BATCH = 8, SHARD = 2, THREADS = 2, SEED = 5 };

static small_world world;

static int setup(void **state) {
  (void)state;
  lore_model_config config = small_world_config(2, 16);
  small_world_create(&world, &config, 200, 0);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  small_world_destroy(&world);
  return 0;
}

static const lore_train_config config = {.steps = STEPS,
                                         .batch = BATCH,
                                         .shard = SHARD,
                                         .learning_rate = 3e-3,
                                         .schedule = LORE_SCHEDULE_CONSTANT,
                                         .beta1 = 0.9,
                                         .beta2 = 0.95,
                                         .epsilon = 1e-12,
                                         .patch = {.from = "reference", .start = START}};

/* A trainer that has made `steps` steps. */
static lore_trainer *train_by(int threads, int64_t steps) {
  lore_trainer *trainer;
  assert_int_equal(lore_trainer_create(world.model, &config, world.source, world.longest,
                                       lore_team_alone(), threads, SEED, &trainer),
                   LORE_OK);
  lore_model_initialise(world.model, SEED + 1, lore_trainer_reference(trainer));
  for (int64_t step = 0; step < steps; step++)
    small_world_step(trainer, step);
  return trainer;
}

static lore_trainer *train(int64_t steps) {
  return train_by(THREADS, steps);
}

/* Elements whose moments are not what a first update makes of the last gradient, of those (at least
 * half of all) whose square a float can hold. Where there is no gradient there is no moment. */
static int64_t later_moments(lore_trainer *trainer) {
  const real *gradient = lore_trainer_gradient(trainer);
  lore_training_state at = lore_trainer_state(trainer);
  int64_t later = 0, counted = 0, elements = world.model->elements;
  for (int64_t i = 0; i < elements; i++) {
    double root = sqrt((double)at.second_moment.memory[i]);
    double ratio = root > 0 ? fabs((double)at.first_moment.memory[i]) / root : 0;
    if (gradient[i] == 0)
      later += at.first_moment.memory[i] != 0 || root != 0;
    else if (root > 1e-12) {
      counted++;
      later += fabs(ratio / (0.1 / sqrt(0.05)) - 1) > 1e-5;
    }
  }
  assert_true(2 * counted > elements);
  return later;
}

static void moments_begin_again(void **state) {
  (void)state;
  lore_trainer *first = train(1), *before = train(START), *at = train(START + 1),
               *behind = train(START + 2);
  assert_int_equal(later_moments(first), 0);
  assert_true(later_moments(before) > 0);
  assert_int_equal(later_moments(at), 0);
  assert_true(later_moments(behind) > 0);
  lore_trainer_destroy(first);
  lore_trainer_destroy(before);
  lore_trainer_destroy(at);
  lore_trainer_destroy(behind);
}

/* A first update moves every parameter by the learning rate, whatever its gradient: only then is
 * the correction for moments that began at zero that of a first step. */
static void update_is_a_first_one(void **state) {
  (void)state;
  lore_trainer *before = train(START), *at = train(START + 1);
  const real *gradient = lore_trainer_gradient(at);
  for (int64_t i = 0; i < world.model->elements; i++) {
    double moved =
        (double)lore_trainer_parameters(at)[i] - (double)lore_trainer_parameters(before)[i];
    double want = fabs((double)lore_trainer_state(at).second_moment.memory[i]) > 1e-16
                      ? copysign(config.learning_rate, -(double)gradient[i])
                      : moved;
    if (fabs(moved - want) > 1e-4 * config.learning_rate + 2e-7)
      fail_msg("element %lld moves by %g, not %g", (long long)i, moved, want);
  }
  lore_trainer_destroy(before);
  lore_trainer_destroy(at);
}

/* The members of a crew share the reference's attention, too. */
static void crews_do_not_change_bits(void **state) {
  (void)state;
  lore_trainer *alone = train_by(1, STEPS), *crews = train_by(BATCH, STEPS);
  assert_same_bits("patched crews", lore_trainer_parameters(crews), lore_trainer_parameters(alone),
                   (size_t)world.model->elements * sizeof(real));
  lore_trainer_destroy(alone);
  lore_trainer_destroy(crews);
}

int main(void) {
  const struct CMUnitTest tests[] = {numbers_test(moments_begin_again),
                                     numbers_test(update_is_a_first_one),
                                     numbers_test(crews_do_not_change_bits)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
