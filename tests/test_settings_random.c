/* Settings: random ones written and read back, and broken bytes. */
#include "support/settings_file.h"

#include <math.h>

#include "lore/base/random.h"

static double random_real(lore_random *random, const lore_setting *setting) {
  double u = lore_random_uniform(random), least = setting->least, most = setting->most;
  if (least > 0 || lore_random_below(random, 2))
    least = fmax(least, most * 1e-20);
  else
    return u < 0.1 ? 0.0 : u < 0.2 ? most : most * u;
  double value = least * pow(most / least, u);
  return fmin(fmax(value, setting->least), most);
}

static int64_t random_integer(lore_random *random, const lore_setting *setting) {
  double value = floor(setting->least + random_real(random, setting));
  return (int64_t)fmin(value, setting->most);
}

static void random_name(lore_random *random, char *name) {
  static const char letters[] = "aeontrfls0123456789._-";
  static const char *const words[] = {"true", "null", "1e5", "0x10", "no", "2024", "1.5", "nan"};
  if (lore_random_below(random, 4) == 0) {
    strcpy(name, words[lore_random_below(random, 8)]);
    return;
  }
  uint32_t length = 1 + lore_random_below(random, LORE_NAME_MAX - 1);
  for (uint32_t i = 0; i < length; i++)
    name[i] = letters[lore_random_below(random, i == 0 ? 19 : 22)];
}

static void random_list(lore_random *random, lore_integer_list *list) {
  list->count = (int)lore_random_below(random, 4) ? (int)lore_random_below(random, 9) : 256;
  for (int i = 0; i < list->count; i++)
    list->value[i] = (i ? list->value[i - 1] : -1) + 1 + lore_random_below(random, 1000000);
}

/* Any values in range; they may contradict each other. */
static void draw_settings(lore_random *random, lore_settings *s) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  memset(s, 0, sizeof *s);
  random_name(random, s->name);
  random_list(random, &s->checkpoint.snapshots);
  for (int i = 0; i < count; i++) {
    char *at = (char *)s + table[i].offset;
    int32_t narrow;
    int64_t wide;
    double real;
    bool flag;
    if (table[i].kind == LORE_SETTING_TEXT || table[i].kind == LORE_SETTING_INTEGER_LIST ||
        table[i].kind == LORE_SETTING_WORD_LIST)
      continue;
    if (table[i].kind == LORE_SETTING_REAL) {
      real = random_real(random, &table[i]);
      memcpy(at, &real, sizeof real);
      continue;
    }
    wide = table[i].kind == LORE_SETTING_CHOICE || table[i].kind == LORE_SETTING_BOOLEAN
               ? lore_random_below(random, (uint32_t)table[i].most + 1)
               : random_integer(random, &table[i]);
    narrow = (int32_t)wide;
    flag = wide;
    memcpy(at,
           table[i].size == 8   ? (void *)&wide
           : table[i].size == 4 ? (void *)&narrow
                                : &flag,
           table[i].size);
  }
}

/* A distribution with a curriculum that goes with it; what neither uses has its default. */
static void reconcile_distribution(lore_random *random, lore_settings *s) {
  const lore_distribution_config d = s->distribution;
  const lore_curriculum_config c = s->curriculum;
  lore_settings defaults;
  lore_settings_default(&defaults);
  s->population.individuals = 1000 + s->population.individuals / 8;
  s->population.held_out /= 8;
  s->population.new_ones = 1 + s->population.new_ones / 8;
  s->population.throw_away = 1 + s->population.throw_away / 8;
  s->distribution = defaults.distribution;
  s->curriculum = defaults.curriculum;
  s->distribution.kind = d.kind;
  s->distribution.repeats_across_steps = d.repeats_across_steps;
  s->distribution.repeats_in_batch = s->train.batch;
  s->distribution.celebrities = 1 + d.celebrities % 999;
  if (lore_random_below(random, 4) == 0) {
    s->train.batch = s->train.shard = 1; /* or names run out */
    s->distribution.repeats_in_batch = 1;
    s->distribution.fresh = d.fresh / 2;
    s->distribution.final_fresh = lore_random_below(random, 2) ? fabs(d.final_fresh) : -1;
  }
  if (s->population.questions) {
    s->population.asked = 1 + s->population.asked % s->population.individuals;
    s->distribution.questions = d.questions;
  } else {
    s->population.asked = 0;
    s->population.question_templates = defaults.population.question_templates;
  }
  s->population.injected %= s->train.batch + 1;
  if (s->population.injected > 0 && lore_random_below(random, 2)) {
    s->distribution.inject = (lore_integer_list){.count = 2, .value = {1000, 255999999}};
    s->distribution.inject_wording = d.inject_wording;
  }
  if (d.kind == LORE_DISTRIBUTION_POWER_LAW)
    s->distribution.alpha = d.alpha;
  if (d.kind == LORE_DISTRIBUTION_CELEBRITIES)
    s->distribution.celebrity_weight = d.celebrity_weight;
  if (d.kind == LORE_DISTRIBUTION_REPLAY)
    s->distribution.replay_weight = d.replay_weight;
  if (d.kind == LORE_DISTRIBUTION_UNIFORM)
    s->distribution.among =
        d.among == LORE_AMONG_ASKED && !s->population.questions ? LORE_AMONG_ALL : d.among;
  if (s->distribution.among == LORE_AMONG_OTHERS && s->population.asked > 0)
    s->population.asked = s->population.individuals; /* or nobody of them would be drawn */
  if (d.kind == LORE_DISTRIBUTION_REPLAY && d.replay_weight == 0)
    s->distribution.questions = 0;
  strcpy(s->evaluate.groups.value[s->evaluate.groups.count++], "rare:10-99");
  if (d.kind != LORE_DISTRIBUTION_POWER_LAW || lore_random_below(random, 2))
    return;
  strcpy(s->evaluate.groups.value[s->evaluate.groups.count++], "subset");
  s->curriculum.kind = LORE_CURRICULUM_WARM_UP + lore_random_below(random, 2);
  s->curriculum.individuals = 1 + c.individuals % 1000;
  s->curriculum.steps = 1 + c.steps % 1000;
}

/* What does not count for the task has its default. */
static void reconcile_task(lore_settings *s) {
  lore_settings defaults;
  lore_settings_default(&defaults);
  if (s->task == LORE_TASK_BIOGRAPHIES) {
    s->memory = defaults.memory;
    return;
  }
  if (s->memory.new_pairs == 0)
    s->memory.replay_weight = 0;
  s->population = defaults.population;
  s->model = defaults.model;
  s->distribution = defaults.distribution;
  s->curriculum = defaults.curriculum;
  s->train.shard = defaults.train.shard;
  s->train.optimizer = defaults.train.optimizer;
  s->train.patch = defaults.train.patch;
  s->evaluate.sequences = defaults.evaluate.sequences;
  s->evaluate.attention_sequences = defaults.evaluate.attention_sequences;
  s->evaluate.groups = defaults.evaluate.groups;
}

/* What the optimiser does not use has its default. */
static void reconcile_optimizer(lore_settings *s) {
  lore_settings defaults;
  lore_settings_default(&defaults);
  lore_optimizer optimizer = s->train.optimizer;
  if (optimizer == LORE_OPTIMIZER_MUON && s->train.learning_rate == 0)
    s->train.learning_rate = 1e-3;
  if (optimizer != LORE_OPTIMIZER_MUON)
    s->train.matrix_learning_rate = defaults.train.matrix_learning_rate;
  if (optimizer != LORE_OPTIMIZER_MUON && optimizer != LORE_OPTIMIZER_SGD)
    s->train.momentum = defaults.train.momentum;
  if (optimizer == LORE_OPTIMIZER_SGD) {
    s->train.beta1 = defaults.train.beta1;
    s->train.beta2 = defaults.train.beta2;
  }
  if (optimizer == LORE_OPTIMIZER_SGD || optimizer == LORE_OPTIMIZER_LION)
    s->train.epsilon = defaults.train.epsilon;
}

/* As few changes as free the settings of contradictions. */
static void reconcile(lore_random *random, lore_settings *s) {
  s->model.heads = 1 + (int)lore_random_below(random, 64);
  s->model.width = s->model.heads * 2 * (4 + (int)lore_random_below(random, 120));
  s->model.recurrent_width = 0;
  s->train.batch = s->train.shard * (1 + (int)lore_random_below(random, 16));
  reconcile_distribution(random, s);
  s->train.patch = (lore_patch_config){.from = "reference", .start = 1000};
  if (s->model.mixer == LORE_MIXER_RG_LRU) {
    s->model.recurrent_width = s->model.heads * (1 + (int)lore_random_below(random, 1000));
    s->model.positions = LORE_POSITIONS_LEARNED + (int)lore_random_below(random, 2);
    s->train.patch = (lore_patch_config){.from = "none", .reference = -1};
  }
  s->train.steps = 256000000;
  s->train.warmup_steps %= s->train.steps + 1;
  s->train.final_learning_rate = fmin(s->train.final_learning_rate, s->train.learning_rate);
  if (s->evaluate.dense_every == 0)
    s->evaluate.dense_until = 0;
  if (s->evaluate.attention_sequences > s->evaluate.sequences)
    s->evaluate.attention_sequences = s->evaluate.sequences;
  if (!lore_gemm_has(s->compute.gemm) || s->model.precision == LORE_BF16)
    s->compute.gemm = LORE_GEMM_BUILTIN;
  reconcile_task(s);
  reconcile_optimizer(s);
}

static void test_round_trip(void **state) {
  (void)state;
  lore_random random = lore_random_stream(1, LORE_RANDOM_TEST, 0, 0);
  for (int i = 0; i < 1000; i++) {
    lore_settings written, read;
    draw_settings(&random, &written);
    reconcile(&random, &written);
    FILE *stream = fopen(path, "w");
    lore_settings_write(&written, stream);
    assert_int_equal(fclose(stream), 0);
    if (read_with(NULL, &read) != LORE_OK)
      fail_msg("%s", lore_fail_message());
    assert_same(&written, &read);
  }
}

/* A broken study is refused with a message that begins with the file's name; never anything else.
 */
static void take_broken(const char *text, size_t length) {
  lore_settings s;
  put_bytes(text, length);
  lore_status status = read_with(NULL, &s);
  assert_true(status == LORE_OK || status == LORE_USER);
  if (status == LORE_USER)
    assert_memory_equal(lore_fail_message(), path, strlen(path));
}

static void test_broken_bytes(void **state) {
  (void)state;
  static const char signs[] = "{}[],:#&*!|>'\"%@`?-~ \t\n\r\\.0e=<";
  lore_random random = lore_random_stream(2, LORE_RANDOM_TEST, 0, 0);
  char text[sizeof study];
  const uint32_t length = sizeof study - 1;
  for (uint32_t i = 0; i <= length; i++)
    take_broken(study, i);
  const char *rounds = getenv("LORE_FUZZ");
  for (int i = rounds ? atoi(rounds) : 2000; i > 0; i--) {
    memcpy(text, study, sizeof text);
    for (uint32_t flips = 1 + lore_random_below(&random, 4); flips > 0; flips--) {
      bool any = lore_random_below(&random, 8) == 0;
      text[lore_random_below(&random, length)] =
          any ? (char)lore_random_below(&random, 256)
              : signs[lore_random_below(&random, sizeof signs - 1)];
    }
    take_broken(text, length);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_broken_bytes),
  };
  return cmocka_run_group_tests(tests, open_path, close_path);
}
