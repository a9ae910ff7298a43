/* AdamW and learning rates against their definitions in double. */
#include "support/numbers.h"

#include "lore/train/adamw.h"

static const lore_train_config usual = {.steps = 1001,
                                        .learning_rate = 4e-4,
                                        .final_learning_rate = 1e-7,
                                        .schedule = LORE_SCHEDULE_COSINE,
                                        .beta1 = 0.9,
                                        .beta2 = 0.95,
                                        .epsilon = 1e-8};

/* One parameter, updated by definition. `reach` bounds what the rounding of reals can change. */
typedef struct {
  double weight, first, second, reach, mean_size;
} scalar;

static void update_scalar(const lore_train_config *c, int64_t update, double rate, double decay,
                          double gradient, scalar *x) {
  x->first = c->beta1 * x->first + (1 - c->beta1) * gradient;
  x->second = c->beta2 * x->second + (1 - c->beta2) * gradient * gradient;
  x->mean_size = c->beta1 * x->mean_size + (1 - c->beta1) * fabs(gradient);
  double unbias = 1 - pow(c->beta1, (double)update);
  double size = sqrt(x->second / (1 - pow(c->beta2, (double)update))) + c->epsilon;
  x->reach += fabs(x->weight) + rate * x->mean_size / unbias / size;
  x->weight -= rate * (x->first / unbias / size + decay * x->weight);
}

static void assert_weight(const char *what, size_t i, double got, double want, double reach) {
  if (!(fabs(got - want) <= 8 * real_epsilon * reach))
    fail_msg("%s %zu: %.9g, not %.9g; allowed %.2g", what, i, got, want, 8 * real_epsilon * reach);
}

enum { COUNT = 77, UPDATES = 12 };

/* `rate` may change from update to update, as under a schedule. */
static void check_updates(const lore_train_config *config, double decay, double scale,
                          double deviation) {
  lore_random stream = numbers_stream(1);
  real *weight = numbers_normal(&stream, COUNT + 1, 1), *first = numbers_normal(&stream, COUNT, 0);
  real *second = numbers_normal(&stream, COUNT, 0);
  scalar x[COUNT] = {{0}};
  real after = weight[COUNT];
  for (int i = 0; i < COUNT; i++) {
    weight[i] = i % 2 ? weight[i] : 0;
    x[i].weight = (double)weight[i];
  }
  for (int64_t update = 1; update <= UPDATES; update++) {
    double rate = 0.01 / (double)update;
    real *gradient = numbers_normal(&stream, COUNT, deviation);
    lore_adamw_update(config, update, rate, decay, scale, COUNT, gradient, weight, first, second);
    for (size_t i = 0; i < COUNT; i++) {
      update_scalar(config, update, rate, decay, scale * (double)gradient[i], &x[i]);
      assert_weight("weight", i, (double)weight[i], x[i].weight, x[i].reach);
      assert_weight("first moment", i, (double)first[i], x[i].first, x[i].mean_size);
      assert_weight("second moment", i, (double)second[i], x[i].second, x[i].second);
    }
  }
  assert_true(weight[COUNT] == after);
}

static void adamw_is_its_definition(void **state) {
  (void)state;
  static const double decays[] = {0, 0.1, 3}, scales[] = {1, 1.0 / 1700}, epsilons[] = {1e-8, 0.3};
  lore_train_config config = usual;
  for (size_t d = 0; d < 3; d++)
    for (size_t s = 0; s < 2; s++)
      for (size_t e = 0; e < 2; e++) {
        config.epsilon = epsilons[e];
        check_updates(&config, decays[d], scales[s], 2);
        numbers_release(0);
      }
  config.beta1 = 0;
  config.beta2 = 0.999;
  check_updates(&config, 0.1, 0.5, 1);
}

/* A gradient that never changes: bias-corrected moments are g and g^2 from the first update on. */
static void constant_gradient_moves_evenly(void **state) {
  (void)state;
  enum { LONG = 200 };
  static const double gradients[] = {3, -2e-3, 1e-10, -1e-25, 0};
  const double rate = 0.001;
  for (size_t i = 0; i < sizeof gradients / sizeof *gradients; i++) {
    real gradient = (real)gradients[i], weight = 0, first = 0, second = 0;
    for (int64_t update = 1; update <= LONG; update++)
      lore_adamw_update(&usual, update, rate, 0, 1, 1, &gradient, &weight, &first, &second);
    double step = rate * gradients[i] / (fabs(gradients[i]) + usual.epsilon);
    if (!(fabs((double)weight + LONG * step) <= 1000 * real_epsilon * LONG * fabs(step)))
      fail_msg("gradient %g: moved %.9g, not %.9g", gradients[i], (double)weight, -LONG * step);
  }
}

/* Decay multiplies by 1 - rate * decay and leaves the moments alone. */
static void decay_is_decoupled(void **state) {
  (void)state;
  real gradient = 0, weight = 2, first = 0, second = 0;
  for (int64_t update = 1; update <= UPDATES; update++)
    lore_adamw_update(&usual, update, 0.02, 0.5, 1, 1, &gradient, &weight, &first, &second);
  assert_weight("weight", 0, (double)weight, 2 * pow(1 - 0.02 * 0.5, UPDATES), 2 * UPDATES);
  assert_true(first == 0 && second == 0);
}

static void assert_rate(const lore_train_config *config, int64_t step, double want) {
  double got = lore_learning_rate(config, step);
  if (!(fabs(got - want) <= 4e-16 * config->learning_rate))
    fail_msg("rate of step %lld of %lld: %.17g, not %.17g", (long long)step,
             (long long)config->steps, got, want);
}

static void cosine_ends_on_both_rates(void **state) {
  (void)state;
  static const double first[] = {4e-4, 1e-3, 1.6e-3, 0.03, 1}, last[] = {1e-7, 0, 1e-5, 3e-3, 1};
  static const int64_t steps[] = {2, 3, 1000, 1001, 16384};
  lore_train_config config = usual;
  for (size_t i = 0; i < 5; i++)
    for (size_t j = 0; j < 5; j++) {
      config.learning_rate = first[i];
      config.final_learning_rate = last[i];
      config.steps = steps[j];
      assert_rate(&config, 0, first[i]);
      assert_true(lore_learning_rate(&config, steps[j] - 1) == last[i]);
    }
}

/* Half a cosine: the mean in the middle, a quarter below the top after a third, symmetric. */
static void cosine_has_its_shape(void **state) {
  (void)state;
  lore_train_config config = usual;
  double low = config.final_learning_rate, range = config.learning_rate - low;
  assert_rate(&config, 500, low + range / 2);
  for (int64_t step = 0; step < config.steps; step++) {
    double angle = acos(-1) * (double)step / 1000;
    assert_rate(&config, step, low + range * cos(angle / 2) * cos(angle / 2));
    assert_rate(&config, step, 2 * low + range - lore_learning_rate(&config, 1000 - step));
    if (step > 0)
      assert_true(lore_learning_rate(&config, step) < lore_learning_rate(&config, step - 1));
  }
  config.steps = 301;
  assert_rate(&config, 100, low + range * 3 / 4);
  assert_rate(&config, 200, low + range / 4);
}

static void warm_up_is_linear(void **state) {
  (void)state;
  lore_train_config config = usual;
  for (int schedule = 0; schedule < 2; schedule++) {
    config.schedule = schedule ? LORE_SCHEDULE_CONSTANT : LORE_SCHEDULE_COSINE;
    config.warmup_steps = 50;
    for (int64_t step = 0; step < 50; step++)
      assert_rate(&config, step, config.learning_rate * (double)(step + 1) / 50);
    assert_rate(&config, 50, config.learning_rate);
    assert_rate(&config, 1000, schedule ? config.learning_rate : config.final_learning_rate);
    config.warmup_steps = config.steps;
    assert_rate(&config, config.steps - 1, config.learning_rate);
  }
  config.schedule = LORE_SCHEDULE_COSINE;
  config.warmup_steps = 1;
  assert_rate(&config, 0, config.learning_rate);
  config.steps = 302;
  assert_rate(&config, 101,
              config.final_learning_rate +
                  (config.learning_rate - config.final_learning_rate) * 3 / 4);
}

static void constant_stays(void **state) {
  (void)state;
  lore_train_config config = usual;
  config.schedule = LORE_SCHEDULE_CONSTANT;
  for (int64_t step = 0; step < config.steps; step++)
    assert_true(lore_learning_rate(&config, step) == config.learning_rate);
}

static void one_step_has_the_full_rate(void **state) {
  (void)state;
  lore_train_config config = usual;
  config.steps = 1;
  assert_rate(&config, 0, config.learning_rate);
  config.warmup_steps = 1;
  assert_rate(&config, 0, config.learning_rate);
  config.schedule = LORE_SCHEDULE_CONSTANT;
  assert_rate(&config, 0, config.learning_rate);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      numbers_test(adamw_is_its_definition), numbers_test(constant_gradient_moves_evenly),
      numbers_test(decay_is_decoupled),      numbers_test(cosine_ends_on_both_rates),
      numbers_test(cosine_has_its_shape),    numbers_test(warm_up_is_linear),
      numbers_test(constant_stays),          numbers_test(one_step_has_the_full_rate),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
