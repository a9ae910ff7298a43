/* The toy memory: its pairs, how they are drawn (chi-square), how it learns and forgets, weights on
 * disk. */
#include "support/numbers.h"

#include <stdio.h>
#include <unistd.h>

#include "lore/eval/pair_scores.h"
#include "lore/io/memory_checkpoint.h"
#include "lore/train/memory_trainer.h"

enum { SEED = 5, BATCH = 64 };

static const lore_memory_config small = {
    .keys = 16, .hidden = 64, .values = 8, .pairs = 200, .held_out = 50};

static const lore_train_config training = {.steps = 1000,
                                           .batch = BATCH,
                                           .learning_rate = 0.02,
                                           .schedule = LORE_SCHEDULE_COSINE,
                                           .weight_decay = 0.01,
                                           .beta1 = 0.9,
                                           .beta2 = 0.95,
                                           .epsilon = 1e-8};

static void keys_are_on_the_sphere(void **state) {
  (void)state;
  lore_pairs pairs;
  double sum[16] = {0};
  assert_int_equal(lore_pairs_create(&small, SEED, &pairs), LORE_OK);
  assert_int_equal(pairs.count, 250);
  for (int64_t i = 0; i < pairs.count; i++) {
    double square = 0;
    for (int j = 0; j < small.keys; j++) {
      double x = (double)pairs.key[i * small.keys + j];
      square += x * x;
      sum[j] += x;
    }
    assert_true(fabs(square - 1) < 1e-5);
    assert_true(pairs.value[i] < small.values);
  }
  /* Elements have variance 1/16: means of 250 are within 5 deviations of 0. */
  for (int j = 0; j < small.keys; j++)
    assert_true(fabs(sum[j] / 250) < 5 * sqrt(1.0 / 16 / 250));
  lore_pairs_destroy(&pairs);
}

static void old_pairs_do_not_depend_on_new_ones(void **state) {
  (void)state;
  lore_memory_config more = small;
  lore_pairs a, b;
  more.new_pairs = 77;
  assert_int_equal(lore_pairs_create(&small, SEED, &a), LORE_OK);
  assert_int_equal(lore_pairs_create(&more, SEED, &b), LORE_OK);
  assert_memory_equal(a.key, b.key, sizeof(real) * 250 * (size_t)small.keys);
  assert_memory_equal(a.value, b.value, sizeof *a.value * 250);
  assert_memory_equal(a.value_vector, b.value_vector,
                      sizeof(real) * (size_t)(small.values * small.keys));
  lore_pairs_destroy(&a);
  assert_int_equal(lore_pairs_create(&more, SEED + 1, &a), LORE_OK);
  assert_memory_not_equal(a.key, b.key, sizeof(real) * 250 * (size_t)small.keys);
  lore_pairs_destroy(&a);
  lore_pairs_destroy(&b);
}

/* Draws of 64,000 against weights of known, held-out and new pairs; chi-square as a standard normal
 * deviation (Wilson and Hilferty 1931). */
static void check_draws(int known, int held_out, int new_ones, double w, double known_weight,
                        double new_weight) {
  const lore_memory_config c = {
      .pairs = known, .held_out = held_out, .new_pairs = new_ones, .replay_weight = w};
  enum { MOST = 300, STEPS = 1000 };
  int observed[MOST] = {0};
  double total = known * known_weight + new_ones * new_weight, statistic = 0, freedom = -1;
  for (int64_t step = 0; step < STEPS; step++)
    for (int s = 0; s < BATCH; s++) {
      int64_t i = lore_pairs_draw(&c, SEED, step, s);
      assert_true(i >= 0 && i < known + held_out + new_ones);
      observed[i]++;
    }
  for (int i = 0; i < known + held_out + new_ones; i++) {
    double weight = i < known ? known_weight : i < known + held_out ? 0 : new_weight;
    double expected = STEPS * BATCH * weight / total;
    if (weight == 0) {
      assert_int_equal(observed[i], 0);
      continue;
    }
    statistic += (observed[i] - expected) * (observed[i] - expected) / expected;
    freedom++;
  }
  double variance = 2 / (9 * freedom);
  double deviation = (cbrt(statistic / freedom) - (1 - variance)) / sqrt(variance);
  if (!(fabs(deviation) < 4))
    fail_msg("known %d, new %d, weight %g: %.1f standard deviations off", known, new_ones, w,
             deviation);
}

static void draws_have_their_probabilities(void **state) {
  (void)state;
  check_draws(200, 50, 0, 0, 1, 0);
  check_draws(200, 50, 40, 0, 0, 1);
  check_draws(200, 50, 40, 0.03125, 0.03125, 1);
  check_draws(200, 50, 40, 3, 3, 1);
}

/* The paper's example: 2 old and 1 new pair, weight 2: 2/5, 2/5, 1/5. */
static void replay_example(void **state) {
  (void)state;
  const lore_memory_config c = {.pairs = 2, .new_pairs = 1, .replay_weight = 2};
  static const double probability[] = {0.4, 0.4, 0.2};
  int observed[3] = {0}, draws = 100000;
  for (int i = 0; i < draws; i++)
    observed[lore_pairs_draw(&c, SEED, i, 3)]++;
  for (int i = 0; i < 3; i++)
    assert_true(fabs(observed[i] - draws * probability[i]) <
                4 * sqrt(draws * probability[i] * (1 - probability[i])));
}

static lore_memory_trainer make(const lore_memory_config *c, const lore_train_config *train,
                                int64_t first_step) {
  lore_memory_trainer t;
  assert_int_equal(lore_memory_trainer_create(c, train, SEED, first_step, &t), LORE_OK);
  return t;
}

static lore_group_metrics score(lore_memory_trainer *t, int which) {
  lore_group group[LORE_PAIR_GROUPS_MAX];
  lore_group_metrics metrics;
  assert_true(which < lore_pair_groups(&t->pairs.config, group));
  lore_pair_scores(&t->pairs, &group[which], t->parameters, t->rows, &t->workspace, &metrics);
  return metrics;
}

/* `steps` steps; returns the mean loss of the last one. */
static double train(lore_memory_trainer *t, int64_t steps) {
  double loss = 0;
  for (int64_t step = 0; step < steps; step++)
    loss = lore_memory_trainer_step(t, step).loss;
  return loss;
}

static void known_pairs_are_learnt(void **state) {
  (void)state;
  lore_memory_trainer t = make(&small, &training, 0);
  lore_group_metrics before = score(&t, 0);
  assert_true(fabs(before.attribute_loss - log(8)) < 0.2);
  train(&t, training.steps);
  lore_group_metrics known = score(&t, 0), held_out = score(&t, 1);
  assert_true(known.attribute_accuracy > 0.9);
  assert_true(known.attribute_loss < 0.5);
  /* Hallucination: worse than knowing nothing, and yet confident. */
  assert_true(held_out.attribute_loss > log(8));
  assert_true(held_out.attribute_accuracy < 0.4);
  assert_true(held_out.max_probability > 0.4);
  assert_true(held_out.max_probability < known.max_probability);
  lore_memory_trainer_destroy(&t);
}

/* Accuracy on the known pairs after fine-tuning `start` on new ones. */
static double tune(const lore_memory_trainer *start, double replay, lore_group_metrics *new_ones) {
  lore_memory_config c = small;
  lore_train_config tuning = training;
  c.new_pairs = 100;
  c.replay_weight = replay;
  tuning.schedule = LORE_SCHEDULE_CONSTANT;
  tuning.learning_rate = 2e-3;
  lore_memory_trainer t = make(&c, &tuning, training.steps);
  memcpy(t.parameters, start->parameters, sizeof(real) * (size_t)t.elements);
  train(&t, 400);
  double accuracy = score(&t, 0).attribute_accuracy;
  *new_ones = score(&t, 2);
  lore_memory_trainer_destroy(&t);
  return accuracy;
}

static void new_pairs_interfere_and_replay_helps(void **state) {
  (void)state;
  lore_memory_trainer t = make(&small, &training, 0);
  lore_group_metrics new_ones;
  train(&t, training.steps);
  double before = score(&t, 0).attribute_accuracy;
  double without = tune(&t, 0, &new_ones);
  assert_true(new_ones.attribute_accuracy > 0.7);
  double with = tune(&t, 0.5, &new_ones);
  assert_true(without < before - 0.2);
  assert_true(with > without + 0.1);
  lore_memory_trainer_destroy(&t);
}

static void same_bits_twice_and_other_data_behind(void **state) {
  (void)state;
  lore_memory_trainer a = make(&small, &training, 0), b = make(&small, &training, 0),
                      c = make(&small, &training, 1000);
  size_t bytes = sizeof(real) * (size_t)a.elements;
  train(&a, 20);
  train(&b, 20);
  train(&c, 20);
  assert_memory_equal(a.parameters, b.parameters, bytes);
  assert_memory_not_equal(a.parameters, c.parameters, bytes);
  for (int s = 0; s < BATCH; s++) {
    int64_t last = lore_pairs_draw(&small, SEED, 19, s), first = b.workspace.value[s];
    assert_int_equal(a.pairs.value[last], first);
  }
  lore_memory_trainer_destroy(&a);
  lore_memory_trainer_destroy(&b);
  lore_memory_trainer_destroy(&c);
}

static bool is_matrix(const lore_tensor *tensor) {
  return lore_tensor_rank(tensor) == 2;
}

/* AdamW written out: a step of weight decay alone shrinks matrices and leaves biases. */
static void matrices_decay(void **state) {
  (void)state;
  lore_train_config decay = training;
  decay.weight_decay = 1;
  decay.learning_rate = 1e-3;
  lore_train_config plain = decay;
  plain.weight_decay = 0;
  lore_memory_trainer a = make(&small, &decay, 0), b = make(&small, &plain, 0);
  real *start = numbers_blank((size_t)a.elements);
  for (int i = 0; i < LORE_MEMORY_TENSORS; i++)
    for (int j = 0; j < a.tensor[i].columns && !is_matrix(&a.tensor[i]); j++)
      a.parameters[a.tensor[i].offset + j] = b.parameters[b.tensor[i].offset + j] = (real)0.5;
  memcpy(start, a.parameters, sizeof(real) * (size_t)a.elements);
  train(&a, 1);
  train(&b, 1);
  for (int i = 0; i < LORE_MEMORY_TENSORS; i++)
    for (int64_t j = a.tensor[i].offset;
         j < a.tensor[i].offset + (int64_t)a.tensor[i].rows * a.tensor[i].columns; j++) {
      double lost = (double)b.parameters[j] - (double)a.parameters[j];
      double want = is_matrix(&a.tensor[i]) ? 1e-3 * (double)start[j] : 0;
      assert_true(fabs(lost - want) < 1e-6);
    }
  lore_memory_trainer_destroy(&a);
  lore_memory_trainer_destroy(&b);
}

static void clipping(void **state) {
  (void)state;
  lore_train_config clipped = training, plain = training;
  clipped.epsilon = plain.epsilon = 1; /* or AdamW would undo any scale */
  clipped.clip = 1e-3;
  lore_memory_trainer a = make(&small, &clipped, 0), b = make(&small, &plain, 0);
  real *start = numbers_blank((size_t)a.elements);
  memcpy(start, a.parameters, sizeof(real) * (size_t)a.elements);
  double norm = lore_memory_trainer_step(&a, 0).gradient_norm, square = 0;
  lore_memory_trainer_step(&b, 0);
  assert_true(norm > 1e-2);
  for (int64_t i = 0; i < a.elements; i++)
    square += (double)(b.gradient[i] * b.gradient[i]);
  assert_true(fabs(norm - sqrt(square)) < 1e-5 * norm);
  int64_t at = 0;
  while (fabs((double)b.gradient[at]) < norm / 100)
    at++;
  double moved = (double)(a.first_moment[at] / b.first_moment[at]);
  assert_true(fabs(moved - 1e-3 / norm) < 1e-5 * moved);
  lore_memory_trainer_destroy(&a);
  lore_memory_trainer_destroy(&b);
}

static void weights_come_back(void **state) {
  (void)state;
  static const char path[] = "test_memory_weights.nc";
  lore_memory_trainer t = make(&small, &training, 0);
  real *back = numbers_blank((size_t)t.elements);
  train(&t, 3);
  assert_int_equal(lore_memory_checkpoint_write(path, &t.pairs, t.parameters, 3, 0, NULL), LORE_OK);
  assert_int_equal(lore_memory_checkpoint_read(path, &small, back), LORE_OK);
  for (int i = 0; i < LORE_MEMORY_TENSORS; i++)
    assert_memory_equal(back + t.tensor[i].offset, t.parameters + t.tensor[i].offset,
                        sizeof(real) * (size_t)(t.tensor[i].rows * t.tensor[i].columns));
  lore_memory_config other = small;
  other.hidden = 65;
  assert_int_equal(lore_memory_checkpoint_read(path, &other, back), LORE_USER);
  assert_non_null(strstr(lore_fail_message(), "hidden is 64 there and 65 here"));
  FILE *file = fopen(path, "r+");
  fseek(file, 3000, SEEK_SET);
  fputc(77, file);
  fclose(file);
  assert_int_equal(lore_memory_checkpoint_read(path, &small, back), LORE_NETCDF);
  assert_int_equal(truncate(path, 1000), 0);
  assert_int_equal(lore_memory_checkpoint_read(path, &small, back), LORE_NETCDF);
  unlink(path);
  assert_int_equal(lore_memory_checkpoint_read(path, &small, back), LORE_FILE);
  lore_memory_trainer_destroy(&t);
}

static void baseline_of_values(void **state) {
  (void)state;
  lore_memory_config c = {.keys = 2, .hidden = 1, .values = 3, .pairs = 4};
  lore_pairs pairs;
  assert_int_equal(lore_pairs_create(&c, SEED, &pairs), LORE_OK);
  memcpy(pairs.value, (uint16_t[]){2, 0, 2, 2}, 4 * sizeof *pairs.value);
  assert_true(fabs(lore_pairs_empirical_baseline(&pairs) - (0.25 * log(4) + 0.75 * log(4.0 / 3))) <
              1e-12);
  lore_pairs_destroy(&pairs);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(keys_are_on_the_sphere),
      numbers_test(old_pairs_do_not_depend_on_new_ones),
      numbers_test(draws_have_their_probabilities),
      numbers_test(replay_example),
      numbers_test(known_pairs_are_learnt),
      numbers_test(new_pairs_interfere_and_replay_helps),
      numbers_test(same_bits_twice_and_other_data_behind),
      numbers_test(matrices_decay),
      numbers_test(clipping),
      numbers_test(weights_come_back),
      numbers_test(baseline_of_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
