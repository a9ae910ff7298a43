/* Distributions and curricula against the probabilities that they state: chi-square. */
#include "support/people.h"

enum { KNOWN = 60, HELD_OUT = 7, NEW = 20, THROWN = 30, ALL = KNOWN + HELD_OUT + NEW + THROWN };
enum { BATCH = 64, SHARD = 8, STEPS = 4000 };

static const lore_population_config people = {
    .individuals = KNOWN, .held_out = HELD_OUT, .new_ones = NEW, .throw_away = THROWN};

static lore_distribution_config distribution(lore_distribution_kind kind) {
  return (lore_distribution_config){.kind = kind,
                                    .alpha = 0.7,
                                    .celebrities = 9,
                                    .celebrity_weight = 5,
                                    .replay_weight = 0.25,
                                    .repeats_in_batch = 1,
                                    .repeats_across_steps = 1};
}

static lore_sampler sampler(const lore_distribution_config *d, const lore_curriculum_config *c) {
  static const lore_curriculum_config none = {0};
  return lore_sampler_create(d, c ? c : &none, &people, PEOPLE_SEED, STEPS, BATCH, SHARD);
}

/* Draws of `positions` positions from `from` on, in steps [first, last). */
static void count_draws(const lore_sampler *s, int64_t first, int64_t last, int from, int positions,
                        int *observed) {
  memset(observed, 0, ALL * sizeof *observed);
  for (int64_t step = first; step < last; step++)
    for (int position = from; position < from + positions; position++) {
      int64_t who = lore_sampler_draw(s, step, position);
      assert_in_range(who, 0, ALL - 1);
      observed[who]++;
    }
}

/* Counts against weights that need not add up to 1; where a weight is 0 nobody was drawn. */
static void assert_weights(const char *what, const int *observed, const double *weight) {
  double draws = 0, total = 0, statistic = 0, freedom = -1;
  for (int i = 0; i < ALL; i++) {
    draws += observed[i];
    total += weight[i];
  }
  for (int i = 0; i < ALL; i++) {
    double expected = draws * weight[i] / total;
    if (weight[i] == 0) {
      if (observed[i] != 0)
        fail_msg("%s: individual %d was drawn", what, i);
      continue;
    }
    assert_true(expected >= 5);
    statistic += (observed[i] - expected) * (observed[i] - expected) / expected;
    freedom++;
  }
  double variance = 2 / (9 * freedom);
  double deviation = (cbrt(statistic / freedom) - (1 - variance)) / sqrt(variance);
  if (!(fabs(deviation) < 4))
    fail_msg("%s: chi-square is %.1f standard deviations off", what, deviation);
}

/* `weight` of individuals [first, last). */
static void put(double *weight, int first, int last, double value) {
  for (int i = first; i < last; i++)
    weight[i] = value;
}

static void put_power_law(double *weight, int count, double alpha) {
  for (int i = 0; i < count; i++)
    weight[i] = pow(i + 1, -alpha);
}

static void assert_stage(const char *what, const lore_sampler *s, int64_t first, int64_t last,
                         const double *weight) {
  int observed[ALL];
  count_draws(s, first, last, 0, BATCH, observed);
  assert_weights(what, observed, weight);
}

static void test_power_law(void **state) {
  (void)state;
  static const double alphas[] = {0, 0.2, 0.6, 0.999999999, 1, 1.5, 2};
  for (size_t i = 0; i < sizeof alphas / sizeof *alphas; i++) {
    double weight[ALL] = {0};
    lore_distribution_config d = distribution(LORE_DISTRIBUTION_POWER_LAW);
    d.alpha = alphas[i];
    lore_sampler s = sampler(&d, NULL);
    put_power_law(weight, KNOWN, d.alpha);
    assert_stage("power law", &s, 0, STEPS, weight);
  }
}

/* The ends of a large population: the first ranks, and the last tenth. */
static void test_power_law_of_many(void **state) {
  (void)state;
  enum { MANY = 262144, DRAWS = 1000000, FIRST = 50 };
  const lore_population_config many = {.individuals = MANY};
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_POWER_LAW);
  const lore_curriculum_config none = {0};
  lore_sampler s = lore_sampler_create(&d, &none, &many, 3, 1, DRAWS, DRAWS);
  static int observed[ALL];
  double weight[ALL] = {0};
  for (int64_t i = 0; i < DRAWS; i++) {
    int64_t who = lore_sampler_draw(&s, 0, i);
    observed[who < FIRST ? who : FIRST + 10 * who / MANY]++;
  }
  for (int64_t i = 0; i < MANY; i++)
    weight[i < FIRST ? i : FIRST + 10 * i / MANY] += pow((double)i + 1, -d.alpha);
  assert_weights("power law of many", observed, weight);
}

static void test_weights(void **state) {
  (void)state;
  double celebrities[ALL] = {0}, replay[ALL] = {0}, only_new[ALL] = {0};
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_CELEBRITIES);
  lore_sampler s = sampler(&d, NULL);
  put(celebrities, 0, 9, 5);
  put(celebrities, 9, KNOWN, 1);
  assert_stage("celebrities", &s, 0, STEPS, celebrities);
  d = distribution(LORE_DISTRIBUTION_REPLAY);
  s = sampler(&d, NULL);
  put(replay, 0, KNOWN, 0.25);
  put(replay, KNOWN + HELD_OUT, KNOWN + HELD_OUT + NEW, 1);
  assert_stage("replay", &s, 0, STEPS, replay);
  d.replay_weight = 0;
  s = sampler(&d, NULL);
  put(only_new, KNOWN + HELD_OUT, KNOWN + HELD_OUT + NEW, 1);
  assert_stage("no replay", &s, 0, STEPS, only_new);
}

static void test_among(void **state) {
  (void)state;
  double celebrities[ALL] = {0}, others[ALL] = {0};
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_UNIFORM);
  d.among = LORE_AMONG_CELEBRITIES;
  lore_sampler s = sampler(&d, NULL);
  put(celebrities, 0, 9, 1);
  assert_stage("celebrities only", &s, 0, STEPS, celebrities);
  d.among = LORE_AMONG_OTHERS;
  s = sampler(&d, NULL);
  put(others, 9, KNOWN, 1);
  assert_stage("others only", &s, 0, STEPS, others);
}

/* Warm-up of 12.5 epochs of 60 / 64 steps: 11.7, so 12 steps; or of 1,000 steps. */
static void test_warm_up(void **state) {
  (void)state;
  double few[ALL] = {0}, all[ALL] = {0};
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_UNIFORM);
  lore_curriculum_config c = {
      .kind = LORE_CURRICULUM_WARM_UP, .individuals = 15, .epochs = 12.5, .steps = 0};
  put(few, 0, 15, 1);
  put(all, 0, KNOWN, 1);
  lore_sampler s = sampler(&d, &c);
  assert_int_equal(s.length, 12);
  assert_stage("warm-up in epochs", &s, 0, 12, few);
  assert_stage("after it", &s, 12, STEPS, all);
  c = (lore_curriculum_config){.kind = LORE_CURRICULUM_WARM_UP, .individuals = 15, .steps = 1000};
  s = sampler(&d, &c);
  assert_stage("warm-up in steps", &s, 0, 1000, few);
  assert_stage("after it", &s, 1000, STEPS, all);
  d = distribution(LORE_DISTRIBUTION_POWER_LAW);
  s = sampler(&d, &c);
  put_power_law(few, 15, 0.7);
  assert_stage("power law on the subset", &s, 0, 1000, few);
}

static void test_adaptive(void **state) {
  (void)state;
  double few[ALL] = {0}, all[ALL] = {0};
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_UNIFORM);
  const lore_curriculum_config c = {.kind = LORE_CURRICULUM_ADAPTIVE, .individuals = 15};
  lore_sampler s = sampler(&d, &c);
  put(few, 0, 15, 1);
  put(all, 0, KNOWN, 1);
  assert_stage("not widened", &s, 0, STEPS, few);
  s.widened_at = 700;
  assert_stage("before", &s, 0, 700, few);
  assert_stage("after", &s, 700, STEPS, all);
}

/* From 15 to 60 in 1,000 steps: twice as many after half of them. */
static void test_growth(void **state) {
  (void)state;
  double first[ALL] = {0}, middle[ALL] = {0}, all[ALL] = {0};
  int observed[ALL];
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_UNIFORM);
  const lore_curriculum_config c = {
      .kind = LORE_CURRICULUM_GROWTH, .individuals = 15, .steps = 1000};
  lore_sampler s = sampler(&d, &c);
  put(first, 0, 15, 1);
  put(all, 0, KNOWN, 1);
  assert_int_equal(lore_sampler_at(&s, 0, 0).count, 15);
  assert_int_equal(lore_sampler_at(&s, 500, 0).count, 30);
  assert_int_equal(lore_sampler_at(&s, 1000, 0).count, KNOWN);
  assert_stage("grown", &s, 1000, STEPS, all);
  for (int64_t step = 0; step < 1000; step++)
    for (int i = 0; i < floor(15 * pow(4, (double)step / 1000) + 1e-9); i++)
      middle[i] += 1 / floor(15 * pow(4, (double)step / 1000) + 1e-9);
  count_draws(&s, 0, 1000, 0, BATCH, observed);
  assert_weights("while it grows", observed, middle);
}

/* alpha 1.2 to 0.2 in 1,000 steps. */
static void test_anneal(void **state) {
  (void)state;
  double mean[ALL] = {0}, last[ALL] = {0};
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_POWER_LAW);
  const lore_curriculum_config c = {
      .kind = LORE_CURRICULUM_ANNEAL, .steps = 1000, .final_alpha = 0.2};
  d.alpha = 1.2;
  lore_sampler s = sampler(&d, &c);
  for (int step = 0; step < 1000; step++) {
    double weight[ALL] = {0}, total = 0;
    put_power_law(weight, KNOWN, 1.2 - step / 1000.0);
    for (int i = 0; i < KNOWN; i++)
      total += weight[i];
    for (int i = 0; i < KNOWN; i++)
      mean[i] += weight[i] / total;
  }
  assert_stage("annealing", &s, 0, 1000, mean);
  put_power_law(last, KNOWN, 0.2);
  assert_stage("annealed", &s, 1000, STEPS, last);
}

/* Three groups of 20 in turn, twice: 4,000 steps in six parts. */
static void test_sequential(void **state) {
  (void)state;
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_UNIFORM);
  const lore_curriculum_config c = {.kind = LORE_CURRICULUM_SEQUENTIAL, .groups = 3, .repeats = 2};
  lore_sampler s = sampler(&d, &c);
  for (int part = 0; part < 6; part++) {
    double weight[ALL] = {0};
    put(weight, part % 3 * 20, part % 3 * 20 + 20, 1);
    /* The first step of a part is the first one that is not before its share of all steps. */
    assert_stage("group", &s, (part * STEPS + 5) / 6, ((part + 1) * STEPS + 5) / 6, weight);
  }
}

static void test_throw_away(void **state) {
  (void)state;
  double thrown[ALL] = {0}, known[ALL] = {0};
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_CELEBRITIES);
  const lore_curriculum_config c = {.kind = LORE_CURRICULUM_THROW_AWAY, .steps = 500};
  lore_sampler s = sampler(&d, &c);
  put(thrown, KNOWN + HELD_OUT + NEW, ALL, 1);
  put(known, 0, 9, 5);
  put(known, 9, KNOWN, 1);
  assert_stage("throw-away people", &s, 0, 500, thrown);
  assert_stage("known ones after them", &s, 500, STEPS, known);
}

/* What a record says of a step: missing where there is no such number. */
static void test_recorded(void **state) {
  (void)state;
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_POWER_LAW);
  const lore_curriculum_config c = {.kind = LORE_CURRICULUM_THROW_AWAY, .steps = 500};
  lore_sampler s = sampler(&d, &c);
  assert_int_equal(lore_sampler_of_batch(&s, 0).first, KNOWN + HELD_OUT + NEW);
  assert_int_equal(lore_sampler_of_batch(&s, 0).count, THROWN);
  assert_true(isnan(lore_sampler_of_batch(&s, 0).alpha));
  assert_true(lore_sampler_of_batch(&s, 500).alpha == 0.7);
  d = distribution(LORE_DISTRIBUTION_UNIFORM);
  d.shards = (lore_word_list){.count = 3, .value = {"power_law:1.1", "uniform", "first:10"}};
  s = sampler(&d, NULL);
  lore_draw draw = lore_sampler_of_batch(&s, 0);
  assert_true(draw.first < 0 && draw.count < 0 && isnan(draw.alpha));
  assert_true(lore_sampler_at(&s, 0, 0).alpha == 1.1);
  assert_true(isnan(lore_sampler_at(&s, 0, BATCH / 2).alpha));
  assert_true(isnan(lore_sampler_at(&s, 0, BATCH - 1).alpha));
  s.distribution.shards.count = 1;
  assert_true(lore_sampler_of_batch(&s, 0).alpha == 1.1);
}

/* Half of the shards, whatever their number, from each of two distributions. */
static void test_shards(void **state) {
  (void)state;
  int observed[ALL];
  double first[ALL] = {0}, second[ALL] = {0};
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_UNIFORM);
  d.shards = (lore_word_list){.count = 2, .value = {"first:10", "power_law:1.1"}};
  lore_sampler s = sampler(&d, NULL);
  put(first, 0, 10, 1);
  put_power_law(second, KNOWN, 1.1);
  count_draws(&s, 0, STEPS, 0, BATCH / 2, observed);
  assert_weights("first half", observed, first);
  count_draws(&s, 0, STEPS, BATCH / 2, BATCH / 2, observed);
  assert_weights("second half", observed, second);
}

static void test_shard_words(void **state) {
  (void)state;
  static const char *const good[] = {"uniform",       "power_law", "power_law:0", "celebrities",
                                     "celebrities:3", "first:1",   "first:60"};
  static const char *const bad[] = {
      "",        "unifrom",  "uniform:1", "power_law:", "power_law:x", "power_law:-1",  "first",
      "first:0", "first:61", "p",         "f:3",        "first:1.5",   "celebrities:0", "power"};
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_UNIFORM);
  lore_draw draw;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    if (!lore_draw_parse(good[i], &d, KNOWN, &draw))
      fail_msg("'%s' is refused", good[i]);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (lore_draw_parse(bad[i], &d, KNOWN, &draw))
      fail_msg("'%s' is taken", bad[i]);
}

static void test_repeats(void **state) {
  (void)state;
  int observed[ALL];
  double weight[ALL] = {0};
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_UNIFORM);
  d.repeats_in_batch = 4;
  lore_sampler in_batch = sampler(&d, NULL);
  d.repeats_in_batch = 1;
  d.repeats_across_steps = 4;
  lore_sampler across = sampler(&d, NULL);
  for (int64_t step = 0; step < 40; step++)
    for (int64_t position = 0; position < BATCH; position++) {
      assert_int_equal(lore_sampler_draw(&in_batch, step, position),
                       lore_sampler_draw(&in_batch, step, position / 4 * 4));
      assert_int_equal(lore_sampler_draw(&across, step, position),
                       lore_sampler_draw(&across, step / 4 * 4, position));
    }
  put(weight, 0, KNOWN, 1);
  memset(observed, 0, sizeof observed);
  for (int64_t step = 0; step < STEPS; step++) /* one of each four is a draw of its own */
    for (int position = 0; position < BATCH; position += 4)
      observed[lore_sampler_draw(&in_batch, step, position)]++;
  assert_weights("repeats in a batch", observed, weight);
  memset(observed, 0, sizeof observed);
  for (int64_t step = 0; step < STEPS; step += 4)
    for (int position = 0; position < BATCH; position++)
      observed[lore_sampler_draw(&across, step, position)]++;
  assert_weights("repeats across steps", observed, weight);
}

/* Also while a curriculum changes what is drawn from. */
static void test_repeats_in_curricula(void **state) {
  (void)state;
  static const lore_curriculum_config changes[] = {
      {.kind = LORE_CURRICULUM_GROWTH, .individuals = 8, .steps = 40},
      {.kind = LORE_CURRICULUM_WARM_UP, .individuals = 8, .steps = 30},
      {.kind = LORE_CURRICULUM_SEQUENTIAL, .groups = 3, .repeats = 5}};
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_UNIFORM);
  d.repeats_across_steps = 4;
  for (size_t c = 0; c < sizeof changes / sizeof *changes; c++) {
    lore_sampler s = sampler(&d, &changes[c]);
    for (int64_t step = 0; step < 48; step++)
      for (int64_t position = 0; position < BATCH; position++)
        assert_int_equal(lore_sampler_draw(&s, step, position),
                         lore_sampler_draw(&s, step / 4 * 4, position));
  }
}

/* A run that goes on from another one's weights sees other data. */
static void test_first_step(void **state) {
  (void)state;
  lore_distribution_config d = distribution(LORE_DISTRIBUTION_UNIFORM);
  lore_sampler s = sampler(&d, NULL), later = s;
  later.first_step = 100;
  for (int64_t step = 0; step < 50; step++)
    for (int64_t position = 0; position < BATCH; position++)
      assert_int_equal(lore_sampler_draw(&later, step, position),
                       lore_sampler_draw(&s, step + 100, position));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_power_law),   cmocka_unit_test(test_power_law_of_many),
      cmocka_unit_test(test_weights),     cmocka_unit_test(test_among),
      cmocka_unit_test(test_warm_up),     cmocka_unit_test(test_adaptive),
      cmocka_unit_test(test_growth),      cmocka_unit_test(test_anneal),
      cmocka_unit_test(test_sequential),  cmocka_unit_test(test_throw_away),
      cmocka_unit_test(test_recorded),    cmocka_unit_test(test_shards),
      cmocka_unit_test(test_shard_words), cmocka_unit_test(test_repeats),
      cmocka_unit_test(test_first_step),  cmocka_unit_test(test_repeats_in_curricula),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
