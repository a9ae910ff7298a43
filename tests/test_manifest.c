/* Studies expand to runs. */
#include "lore/cost/estimate.h"
#include "lore/cost/operations.h"
#include "lore/cost/plan.h"
#include "lore/settings/hash.h"
#include "support/settings_file.h"

#include <math.h>

#include "lore/manifest/expand.h"

#define SMALL                                                                                      \
  "name: s\n"                                                                                      \
  "population: {individuals: 64, held_out: 32}\n"                                                  \
  "model: {layers: 2, width: 32, heads: 2, hidden: 64}\n"

static lore_manifest expand(const char *text, const char *override) {
  lore_manifest manifest;
  put(text);
  lore_status status = lore_manifest_expand(path, override != NULL, &override, &manifest);
  if (status != LORE_OK)
    fail_msg("%s", lore_fail_message());
  return manifest;
}

static void refuse(const char *text, const char *message) {
  lore_manifest manifest;
  put(text);
  assert_int_equal(lore_manifest_expand(path, 0, NULL, &manifest), LORE_USER);
  if (!strstr(lore_fail_message(), message))
    fail_msg("'%s' is not in: %s", message, lore_fail_message());
  lore_manifest_destroy(&manifest);
}

static lore_settings settings_of(const lore_manifest *m, int run) {
  lore_settings settings;
  lore_manifest_settings(m, run, &settings);
  return settings;
}

static void assert_ids(const lore_manifest *m, int count, const char *const *id) {
  assert_int_equal(m->runs, count);
  for (int r = 0; r < count; r++)
    assert_string_equal(m->run[r].id, id[r]);
}

static void test_alone(void **state) {
  (void)state;
  lore_manifest m = expand(SMALL "seed: 4\n", NULL);
  const lore_settings settings = settings_of(&m, 0);
  assert_ids(&m, 1, (const char *const[]){"s-seed4"});
  assert_int_equal(m.run[0].parent, -1);
  assert_int_equal(m.axes, 0);
  assert_int_equal(m.run[0].hash, lore_settings_hash(&settings));
  lore_manifest_destroy(&m);
}

static void test_product(void **state) {
  (void)state;
  lore_manifest m = expand(SMALL "sweep:\n"
                                 "  grid: {train.clip: [0, 1]}\n"
                                 "  zip: {model.width: [32, 64], model.heads: [2, 4]}\n"
                                 "  seeds: [5, 9]\n",
                           NULL);
  assert_int_equal(m.runs, 8);
  assert_int_equal(m.axes, 3); /* the seed has a column of its own */
  for (int r = 0; r < 8; r++) {
    const lore_settings s = settings_of(&m, r);
    assert_true(s.train.clip == r / 4);
    assert_int_equal(s.model.width, r / 2 % 2 ? 64 : 32);
    assert_int_equal(s.model.heads, r / 2 % 2 ? 4 : 2);
    assert_int_equal(s.seed, r % 2 ? 9 : 5);
    assert_int_equal(m.run[r].seed, s.seed);
    assert_string_equal(m.run[r].value[0], r / 4 ? "1.0" : "0.0");
  }
  assert_string_equal(m.run[7].id, "s-width64-heads4-clip1.0-seed9");
  lore_manifest_destroy(&m);
}

/* Numbers may be written in many ways, and axes in any order. */
static void test_ids_do_not_follow_writing(void **state) {
  (void)state;
  lore_manifest a = expand(
      SMALL "sweep: {grid: {train.learning_rate: [0.001], population.individuals: [10]}}\n", NULL);
  lore_manifest b = expand(SMALL "sweep:\n"
                                 "  zip: {population.individuals: [10, 20]}\n"
                                 "  grid: {train.learning_rate: [1e-3, 5e-3]}\n",
                           NULL);
  assert_string_equal(a.run[0].id, "s-individuals10-learning_rate1.0e-03-seed1");
  assert_string_equal(a.run[0].id, b.run[0].id);
  assert_int_equal(a.run[0].hash, b.run[0].hash);
  lore_manifest_destroy(&a);
  lore_manifest_destroy(&b);
  refuse(SMALL "sweep: {grid: {train.learning_rate: [0.001, 1e-3]}}\n", "are the same");
  a = expand(SMALL "sweep: {grid: {evaluate.every: [10], checkpoint.every: [20]}}\n", NULL);
  assert_string_equal(a.run[0].id, "s-evaluate.every10-checkpoint.every20-seed1");
  lore_manifest_destroy(&a);
}

static void test_long_ids(void **state) {
  (void)state;
  enum { NAME = 63, EXPERIMENT = 31 };
  char text[1024], name[NAME + 1], experiment[EXPERIMENT + 1];
  memset(name, 'n', NAME);
  memset(experiment, 'e', EXPERIMENT);
  name[NAME] = experiment[EXPERIMENT] = 0;
  snprintf(text, sizeof text,
           "name: %s\n"
           "experiments:\n"
           "  %s:\n"
           "    sweep:\n"
           "      grid: {population.individuals: [123456], train.learning_rate: [1.0e-03],\n"
           "        train.weight_decay: [0.25], train.final_learning_rate: [1.0e-06, 1.0e-07]}\n"
           "      seeds: 2\n",
           name, experiment);
  lore_manifest m = expand(text, NULL);
  assert_int_equal(m.runs, 4);
  for (int r = 0; r < 4; r++) {
    size_t length = strlen(m.run[r].id);
    assert_int_equal(length, LORE_RUN_ID_MAX - 1);
    assert_string_equal(m.run[r].id + length - 6, r % 2 ? "-seed2" : "-seed1");
  }
  assert_int_equal(strncmp(m.run[0].id, m.run[1].id, LORE_RUN_ID_MAX - 7), 0);
  assert_int_not_equal(strncmp(m.run[0].id, m.run[2].id, LORE_RUN_ID_MAX - 7), 0);
  lore_manifest_destroy(&m);
}

static void test_ranges(void **state) {
  (void)state;
  static const int individuals[] = {1024, 2048, 4096, 8192, 16384, 32768, 65536};
  static const char *const clip[] = {"0.0", "0.25", "0.5", "0.75", "1.0"};
  lore_manifest m = expand("name: s\nsweep: {grid: {population.individuals: "
                           "{from: 1024, to: 65536, count: 7, scale: log}}}\n",
                           NULL);
  assert_int_equal(m.runs, 7);
  for (int r = 0; r < 7; r++)
    assert_int_equal(settings_of(&m, r).population.individuals, individuals[r]);
  lore_manifest_destroy(&m);
  m = expand("name: s\nsweep: {grid: {train.clip: {from: 0, to: 1, count: 5}}}\n", NULL);
  assert_int_equal(m.runs, 5);
  for (int r = 0; r < 5; r++)
    assert_string_equal(m.run[r].value[0], clip[r]);
  lore_manifest_destroy(&m);
  refuse("name: s\nsweep: {grid: {model.layers: {from: 1, to: 3, count: 5}}}\n", "twice");
}

static void put_table(char *table, const char *text) {
  snprintf(table, 256, "%s.tsv", path);
  FILE *stream = fopen(table, "w");
  assert_non_null(stream);
  fputs(text, stream);
  fclose(stream);
}

static void test_table(void **state) {
  (void)state;
  char table[256], text[1024];
  put_table(table, "train.beta1\ttrain.schedule\r\n\n# a comment\n0.5\tconstant\r\n0.25\tcosine");
  snprintf(text, sizeof text, SMALL "sweep: {table: %s, seeds: 2}\n", strrchr(table, '/') + 1);
  lore_manifest m = expand(text, NULL);
  assert_ids(&m, 4,
             (const char *const[]){
                 "s-scheduleconstant-beta10.5-seed1", "s-scheduleconstant-beta10.5-seed2",
                 "s-schedulecosine-beta10.25-seed1", "s-schedulecosine-beta10.25-seed2"});
  assert_int_equal(settings_of(&m, 0).train.schedule, LORE_SCHEDULE_CONSTANT);
  assert_true(settings_of(&m, 3).train.beta1 == 0.25);
  lore_manifest_destroy(&m);
  /* As spreadsheets write it: a byte order mark, quotes, blanks, empty cells and lines at the end.
   */
  put_table(table, "\xEF\xBB\xBF\"train.beta1\"\t train.schedule \t\r\n0.5 \t\"constant\"\t\r\n"
                   "\xC2\xA0"
                   "0.25\t'cosine' \t\r\n\t\t\r\n  # end\r\n");
  m = expand(text, NULL);
  assert_ids(&m, 4,
             (const char *const[]){
                 "s-scheduleconstant-beta10.5-seed1", "s-scheduleconstant-beta10.5-seed2",
                 "s-schedulecosine-beta10.25-seed1", "s-schedulecosine-beta10.25-seed2"});
  lore_manifest_destroy(&m);
  put_table(table, "train.beta1\r0.5\r0.25\r"); /* lines of an old editor */
  m = expand(text, NULL);
  assert_int_equal(m.runs, 4);
  lore_manifest_destroy(&m);
  put_table(table, "train.beta1\ttrain.schedule\n0.5\t\"cosine\n");
  refuse(text, ".tsv:2:5: this \" is never closed");
  put_table(table, "train.beta1\ttrain.schedule\n\"0.5\"5\tcosine\n");
  refuse(text, ".tsv:2:6: cells are separated by tabs");
  put_table(table, "train.beta1\ttrain.schedule\n0.5\t\"co\"\"sine\"\n");
  refuse(text, ".tsv:2:6: 'train.schedule' is the text 'co\"sine'");
  put_table(table, "\xEF\xBB\xBFtrain.beta1\ttrain.clip\n0.5\t\n");
  refuse(text, "'train.clip' is left empty");
  put_table(table, "train.beta1\ttrain.clip\n0.5\t1\n0.25\n");
  refuse(text, ".tsv:3:1: 1 cells, but the first line has 2");
  put_table(table, "train.beta1\n0.5\t1\n");
  refuse(text, ".tsv:2:5: more cells than the 1 of the first line");
  put_table(table, "train.bet1\n0.5\n");
  refuse(text, ".tsv:1:1: unknown setting 'train.bet1'; did you mean 'train.beta1'?");
  put_table(table, "train.beta1\n0.5\nhalf\n");
  refuse(text, ".tsv:3:1: 'train.beta1' is the text 'half'");
  put_table(table, "train.beta1\n");
  refuse(text, "values below");
  unlink(table);
  refuse(text, "cannot be read");
}

static const char family[] =
    SMALL "checkpoint: {snapshots: [800]}\n"
          "train: {steps: 1000}\n"
          "sweep: {grid: {train.weight_decay: [0.0, 0.5]}, seeds: 2}\n"
          "experiments:\n"
          "  last: {start_from: tune, train: {steps: 900}}\n"
          "  tune:\n"
          "    start_from: {experiment: pretrain, step: 500}\n"
          "    population: {individuals: 32, held_out: 0}\n"
          "    sweep: {grid: {train.learning_rate: [1.0e-03, 1.0e-04, 1.0e-05]}}\n"
          "  pretrain: {}\n";

static void test_family(void **state) {
  (void)state;
  lore_manifest m = expand(family, NULL);
  assert_int_equal(m.runs, 4 + 12 + 12);
  for (int r = 0; r < m.runs; r++) {
    const lore_manifest_run *run = &m.run[r],
                            *parent = run->parent < 0 ? NULL : &m.run[run->parent];
    const lore_settings own = settings_of(&m, r);
    const lore_settings others = settings_of(&m, parent ? run->parent : r);
    assert_true(run->parent < r);
    assert_int_equal(run->wave, r < 4 ? 0 : r < 16 ? 1 : 2);
    assert_int_equal(parent ? parent->wave : -1, run->wave - 1);
    assert_int_equal(run->parent_step, r < 4 ? 0 : r < 16 ? 500 : 1000);
    assert_int_equal(own.population.individuals, r < 4 || r >= 16 ? 64 : 32);
    if (!parent) {
      const lore_integer_list *snapshots = &own.checkpoint.snapshots;
      assert_int_equal(snapshots->count, 2);
      assert_int_equal(snapshots->value[0], 500);
      assert_int_equal(snapshots->value[1], 800);
      continue;
    }
    assert_int_equal(own.seed, others.seed);
    assert_true(own.train.weight_decay == others.train.weight_decay);
    assert_true(run->wave == 1 || own.train.learning_rate == others.train.learning_rate);
    assert_int_not_equal(run->hash, lore_settings_hash(&own));
  }
  assert_string_equal(m.run[4].id, "s-tune-learning_rate1.0e-03-weight_decay0.0-seed1");
  assert_string_equal(m.run[27].id, "s-last-learning_rate1.0e-05-weight_decay0.5-seed2");
  lore_manifest_destroy(&m);
}

/* What a parent was trained with decides its children, though their own settings are the same. */
static void test_hash_of_children(void **state) {
  (void)state;
  static const char *const parents[] = {"{steps: 10}", "{steps: 10, clip: 1.0}"};
  uint64_t hash[2];
  for (int i = 0; i < 2; i++) {
    char text[512];
    snprintf(text, sizeof text,
             SMALL "experiments:\n"
                   "  a: {train: %s}\n"
                   "  b: {start_from: {experiment: a, step: 5}, train: {steps: 7}}\n",
             parents[i]);
    lore_manifest m = expand(text, NULL);
    hash[i] = m.run[1].hash;
    lore_manifest_destroy(&m);
  }
  assert_int_not_equal(hash[0], hash[1]);
}

static void test_seeds_of_children(void **state) {
  (void)state;
  lore_manifest m = expand(SMALL "experiments:\n"
                                 "  a: {seed: 5}\n"
                                 "  b: {start_from: a, train: {steps: 7}}\n"
                                 "  c: {start_from: a, train: {steps: 8}, sweep: {seeds: 2}}\n"
                                 "  d: {start_from: a, train: {steps: 9}, seed: 2}\n",
                           NULL);
  assert_ids(
      &m, 5,
      (const char *const[]){"s-a-seed5", "s-b-seed5", "s-c-seed5", "s-c-seed6", "s-d-seed2"});
  lore_manifest_destroy(&m);
}

static void test_overrides(void **state) {
  (void)state;
  lore_manifest m = expand(SMALL "sweep: {seeds: 2}\n", "seed=7");
  assert_ids(&m, 2, (const char *const[]){"s-seed7", "s-seed8"});
  lore_manifest_destroy(&m);
  m = expand(SMALL "sweep: {seeds: 2}\n", "name=wide");
  assert_string_equal(m.name, "wide");
  assert_string_equal(m.run[1].id, "wide-seed2");
  lore_manifest_destroy(&m);
}

/* The settings of every run read back as they are: what study.yaml of a run holds. */
static void test_runs_read_back(void **state) {
  (void)state;
  lore_manifest m = expand(family, NULL);
  for (int r = 0; r < m.runs; r++) {
    lore_settings read;
    const lore_settings settings = settings_of(&m, r);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    lore_settings_write(&settings, stream);
    fclose(stream);
    assert_int_equal(read_with(NULL, &read), LORE_OK);
    assert_same(&settings, &read);
  }
  lore_manifest_destroy(&m);
}

static void test_refused(void **state) {
  (void)state;
  refuse("name: s\nexperiments:\n  a: {train: {steps: 10}}\n  b: {train: {steps: 10}}\n",
         "two runs have the same settings: s-a-seed1 and s-b-seed1");
  refuse("name: s\nsweep: {grid: {train.clip: {from: 0, to: 1, count: 1000},\n"
         "  train.beta1: {from: 0, to: 0.9, count: 1000}}}\n",
         "more than 100000 runs");
  refuse("name: s\nsweep: {grid: {model.width: [64, 128], model.heads: [2, 7]}}\n",
         "in the run with model.width 64, model.heads 7");
}

/* Which settings are swept beyond what the hash counts makes runs that may stay beside each other.
 */
static void test_sweep_of_threads(void **state) {
  (void)state;
  lore_manifest m = expand(SMALL "sweep: {grid: {compute.threads: [1, 2]}}\n", NULL);
  assert_int_equal(m.runs, 2);
  assert_int_equal(m.run[0].hash, m.run[1].hash);
  lore_manifest_destroy(&m);
}

static void test_estimate(void **state) {
  (void)state;
  lore_estimate estimate;
  lore_manifest m =
      expand("name: s\n"
             "model: {layers: 2, width: 32, heads: 2, hidden: 64}\n"
             "sweep: {grid: {population.individuals: [64, 5000], train.steps: [10, 30],"
             " model.width: [32, 64]}, seeds: 2}\n",
             NULL);
  assert_int_equal(lore_manifest_estimate(&m), LORE_OK);
  for (int r = 0; r < m.runs; r++) {
    const lore_settings settings = settings_of(&m, r);
    assert_int_equal(lore_run_estimate(&settings, 1, &estimate), LORE_OK);
    assert_true(fabs(m.run[r].operations / estimate.operations - 1) < 0.02);
  }
  lore_manifest_destroy(&m);
}

/* Whatever bytes differ, settings come back from what they differ in. */
static void test_delta(void **state) {
  (void)state;
  static lore_settings base, settings, back;
  static unsigned char delta[LORE_DELTA_MAX];
  memset(&base, 0, sizeof base);
  for (size_t distance = 1; distance <= sizeof settings; distance *= 2)
    for (size_t first = 0; first < sizeof settings; first += 1 + sizeof settings / 7) {
      memcpy(&settings, &base, sizeof settings);
      for (size_t at = first; at < sizeof settings; at += distance)
        ((unsigned char *)&settings)[at] = (unsigned char)(1 + at % 255);
      size_t length = lore_delta_make(&base, &settings, delta);
      assert_true(length <= LORE_DELTA_MAX);
      assert_int_equal(lore_delta_length(delta), length);
      lore_delta_apply(&base, delta, &back);
      assert_memory_equal(&back, &settings, sizeof back);
    }
  assert_true(lore_delta_make(&base, &base, delta) < 8);
}

/* A sweep of 100,000 runs fits into little memory: some hundred bytes per run. */
static void test_runs_are_small(void **state) {
  (void)state;
  assert_true(sizeof(lore_manifest_run) <= 128);
  lore_manifest m =
      expand(SMALL "sweep: {grid: {train.clip: [0, 1], train.steps: [10, 20]}}\n", NULL);
  for (int r = 0; r < m.runs; r++)
    assert_true(lore_delta_length(m.run[r].delta) <= 64);
  assert_int_equal(m.bases, 1);
  lore_manifest_destroy(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_alone),
      cmocka_unit_test(test_product),
      cmocka_unit_test(test_delta),
      cmocka_unit_test(test_runs_are_small),
      cmocka_unit_test(test_ids_do_not_follow_writing),
      cmocka_unit_test(test_long_ids),
      cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_family),
      cmocka_unit_test(test_hash_of_children),
      cmocka_unit_test(test_seeds_of_children),
      cmocka_unit_test(test_overrides),
      cmocka_unit_test(test_runs_read_back),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_sweep_of_threads),
      cmocka_unit_test(test_estimate),
  };
  return cmocka_run_group_tests(tests, open_path, close_path);
}
