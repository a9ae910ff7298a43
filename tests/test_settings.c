/* Settings: defaults, ranges, overrides and listings. */
#include "support/settings_file.h"

#include <libfyaml.h>
#include <math.h>

#include "lore/settings/reference.h"

static void test_table(void **state) {
  (void)state;
  int count;
  const lore_setting *table = lore_settings_table(&count);
  static char used[sizeof(lore_settings)];
  for (int i = 0; i < count; i++) {
    assert_true(table[i].offset + table[i].size <= sizeof used);
    for (size_t byte = 0; byte < table[i].size; byte++)
      assert_int_equal(used[table[i].offset + byte]++, 0);
    assert_true(table[i].least < table[i].most || table[i].choices);
    assert_non_null(table[i].help);
    assert_true(*table[i].unit);
    for (int j = 0; j < i; j++)
      assert_string_not_equal(table[i].key, table[j].key);
  }
}

/* Facts about settings go together. */
static void test_facts(void **state) {
  (void)state;
  int count;
  lore_settings defaults;
  lore_settings_default(&defaults);
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++) {
    const lore_setting *t = &table[i];
    assert_in_range(t->tasks, 1, (1u << (LORE_TASK_MEMORY + 1)) - 1);
    assert_false(t->runtime && (t->shape || t->start != LORE_START_NO));
    assert_true(t->runtime || !t->output);
    assert_true(t->initial || t->example);
    assert_false(lore_setting_is_list(t) && lore_setting_is_swept(t));
    if (!t->needs.key)
      continue;
    int other = lore_setting_find(t->needs.key);
    assert_in_range(other, 0, count - 1);
    /* Where the other setting does not count, its default gives this one an effect. */
    assert_true(table[other].tasks == t->tasks ||
                t->needs.values >> lore_setting_integer(&table[other], &defaults) & 1);
    assert_int_equal(table[other].kind == LORE_SETTING_TEXT, t->needs.values == 0);
    if (table[other].choices)
      assert_true(t->needs.values < 1u << ((int)table[other].most + 1));
  }
}

/* science.md section 3, where the paper gives a value. */
static void test_defaults(void **state) {
  (void)state;
  lore_settings s;
  lore_settings_default(&s);
  assert_string_equal(s.name, "");
  assert_int_equal(s.seed, 1);
  assert_int_equal(s.population.individuals, 65536);
  assert_int_equal(s.population.held_out, 16384);
  assert_int_equal(s.model.layers, 8);
  assert_int_equal(s.model.width, 512);
  assert_int_equal(s.model.heads, 8);
  assert_int_equal(s.model.hidden, 2048);
  assert_int_equal(s.model.norm, LORE_NORM_RMS);
  assert_int_equal(s.model.positions, LORE_POSITIONS_ROTARY);
  assert_true(s.model.tied_embedding && !s.model.bias);
  assert_true(s.model.rotary_base == 10000.0 && s.model.norm_epsilon == 1e-6);
  assert_true(s.model.initial_scale == 0.02);
  assert_int_equal(s.train.steps, 16384);
  assert_int_equal(s.train.batch, 128);
  assert_int_equal(s.train.shard, 8);
  assert_int_equal(s.train.schedule, LORE_SCHEDULE_COSINE);
  assert_true(s.train.learning_rate == 4e-4 && s.train.final_learning_rate == 1e-7);
  assert_true(s.train.weight_decay == 0.1 && s.train.beta1 == 0.9 && s.train.beta2 == 0.95);
  assert_true(s.train.epsilon == 1e-8 && s.train.clip == 0 && s.train.warmup_steps == 0);
  assert_int_equal(s.evaluate.every, 500);
  assert_int_equal(s.evaluate.dense_every, 125);
  assert_int_equal(s.evaluate.dense_until, 2000);
  assert_int_equal(s.evaluate.sequences, 16384);
  assert_int_equal(s.evaluate.attention_sequences, 512);
  assert_true(s.evaluate.plateau_margin == 0.05);
  assert_int_equal(s.checkpoint.snapshots.count, 0);
  assert_int_equal(s.compute.threads, 0);
  assert_int_equal(s.compute.gemm, LORE_GEMM_BUILTIN);
  put("name: default\n");
  lore_settings read;
  assert_int_equal(read_with(NULL, &read), LORE_OK);
  strcpy(s.name, "default");
  assert_same(&s, &read);
}

static void test_study(void **state) {
  (void)state;
  lore_settings s;
  put(study);
  assert_int_equal(read_with(NULL, &s), LORE_OK);
  assert_string_equal(s.name, "imbalance");
  assert_int_equal(s.seed, 7);
  assert_int_equal(s.population.individuals, 4096);
  assert_int_equal(s.model.width, 128);
  assert_int_equal(s.model.norm, LORE_NORM_LAYER);
  assert_true(s.model.bias && s.model.tied_embedding);
  assert_true(s.train.learning_rate == 1.5e-3);
  assert_int_equal(s.train.schedule, LORE_SCHEDULE_CONSTANT);
  assert_int_equal(s.checkpoint.snapshots.count, 3);
  assert_int_equal(s.checkpoint.snapshots.value[2], 1000);
}

/* Defaults that follow from what is given, and do not when they are given themselves. */
static void test_dependent_defaults(void **state) {
  (void)state;
  lore_settings s;
  put(study);
  assert_int_equal(read_with("train.schedule=cosine", &s), LORE_OK);
  assert_int_equal(s.evaluate.dense_every, 0);
  assert_int_equal(s.evaluate.dense_until, 0);
  assert_int_equal(s.evaluate.attention_sequences, 256);
  assert_int_equal(read_with("train.learning_rate=1.0e-9", &s), LORE_OK);
  assert_true(s.train.final_learning_rate == 1e-9);
  assert_int_equal(read_with("evaluate.dense_until=100", &s), LORE_OK);
  assert_int_equal(s.evaluate.dense_every, 125);
  assert_int_equal(read_with("evaluate.attention_sequences=257", &s), LORE_USER);
}

/* What follows from the mixer. */
static void test_mixers(void **state) {
  (void)state;
  lore_settings s;
  put("name: hawk\nmodel: {width: 96, heads: 6}\n");
  assert_int_equal(read_with(NULL, &s), LORE_OK);
  assert_int_equal(s.model.recurrent_width, 0);
  assert_int_equal(s.model.positions, LORE_POSITIONS_ROTARY);
  assert_int_equal(read_with("model.mixer=rg_lru", &s), LORE_OK);
  assert_int_equal(s.model.recurrent_width, 144); /* 128, in multiples of 48 */
  assert_int_equal(s.model.positions, LORE_POSITIONS_NONE);
  put("name: hawk\nmodel: {mixer: rg_lru, width: 96, heads: 6, recurrent_width: 30}\n");
  assert_int_equal(read_with("model.positions=learned", &s), LORE_OK);
  assert_int_equal(s.model.recurrent_width, 30);
  assert_int_equal(s.model.positions, LORE_POSITIONS_LEARNED);
  assert_int_equal(read_with("model.mixer=attention", &s), LORE_USER);
  assert_int_equal(read_with("model.positions=rotary", &s), LORE_USER);
  assert_int_equal(read_with("model.recurrent_width=31", &s), LORE_USER);
}

static void test_overrides(void **state) {
  (void)state;
  lore_settings s;
  const char *const overrides[] = {"model.layers=3", "checkpoint.snapshots=[1, 2]", "seed=9",
                                   "model.layers=5", "name=other"};
  put(study);
  assert_int_equal(lore_settings_read(path, 5, overrides, &s), LORE_OK);
  assert_int_equal(s.model.layers, 5);
  assert_int_equal(s.seed, 9);
  assert_int_equal(s.checkpoint.snapshots.count, 2);
  assert_string_equal(s.name, "other");
  assert_int_equal(s.model.width, 128);
  put("seed: 3\n");
  assert_int_equal(read_with("name=only", &s), LORE_OK);
  assert_int_equal(read_with("model.widht=3", &s), LORE_USER);
  assert_string_equal(lore_fail_message(),
                      "-s model.widht=3: unknown setting 'model.widht'; did you mean "
                      "'model.width'?");
}

static void test_missing_backend(void **state) {
  (void)state;
  lore_settings s;
  char override[64];
  put(study);
  for (int backend = LORE_GEMM_BUILTIN; backend <= LORE_GEMM_ONEDNN; backend++) {
    bool has = lore_gemm_has((lore_gemm_backend)backend);
    snprintf(override, sizeof override, "compute.gemm=%s",
             lore_gemm_name((lore_gemm_backend)backend));
    assert_int_equal(read_with(override, &s), has ? LORE_OK : LORE_USER);
    if (!has)
      assert_non_null(
          strstr(lore_fail_message(), "this build of lore lacks; it has auto, builtin"));
  }
}

/* Whether `value` is taken for `setting`; contradictions with other settings do not count. */
static bool in_range(const lore_setting *setting, double value) {
  char override[128];
  lore_settings s;
  bool list = setting->kind == LORE_SETTING_INTEGER_LIST;
  snprintf(override, sizeof override, list ? "%s=[%.17g]" : "%s=%.17g", setting->key, value);
  lore_status status = read_with(override, &s);
  bool refused = status == LORE_USER && strstr(lore_fail_message(), "it must be");
  assert_true(status == LORE_OK || status == LORE_USER);
  return !refused;
}

static void test_range_edges(void **state) {
  (void)state;
  int count;
  const lore_setting *table = lore_settings_table(&count);
  put("name: edges\n");
  for (int i = 0; i < count; i++) {
    const lore_setting *t = &table[i];
    if (t->kind == LORE_SETTING_TEXT || t->kind == LORE_SETTING_CHOICE ||
        t->kind == LORE_SETTING_WORD_LIST || t->kind == LORE_SETTING_BOOLEAN)
      continue;
    bool real = t->kind == LORE_SETTING_REAL;
    double below = real ? nextafter(t->least, -INFINITY) : t->least - 1;
    double above = real ? nextafter(t->most, INFINITY) : t->most + 1;
    if (!in_range(t, t->least) || !in_range(t, t->most))
      fail_msg("'%s' refuses an edge of its range", t->key);
    if (in_range(t, below) || in_range(t, above))
      fail_msg("'%s' takes what is outside its range", t->key);
  }
}

static void test_name_length(void **state) {
  (void)state;
  char name[80] = "name=";
  lore_settings s;
  put("seed: 1\n");
  memset(name + 5, 'n', LORE_NAME_MAX - 1);
  assert_int_equal(read_with(name, &s), LORE_OK);
  assert_int_equal(strlen(s.name), LORE_NAME_MAX - 1);
  strcat(name, "n");
  assert_int_equal(read_with(name, &s), LORE_USER);
}

static char *print_reference(bool json, int names, const char *const *name) {
  char *text = NULL;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  lore_status status = json ? lore_settings_reference_json(stream, names, name)
                            : lore_settings_reference(stream, names, name);
  fclose(stream);
  assert_int_equal(status, LORE_OK);
  return text;
}

static void test_reference(void **state) {
  (void)state;
  int count;
  const lore_setting *table = lore_settings_table(&count);
  const char *const names[] = {"seed", "train"};
  char *all = print_reference(false, 0, NULL), *some = print_reference(false, 2, names);
  for (int i = 0; i < count; i++)
    assert_non_null(
        strstr(all, strchr(table[i].key, '.') ? strchr(table[i].key, '.') + 1 : "seed"));
  for (const char *line = all; *line; line += strcspn(line, "\n") + 1)
    assert_true(strcspn(line, "\n") <= 88);
  assert_non_null(strstr(some, "seed"));
  assert_non_null(strstr(some, "warmup_steps"));
  assert_null(strstr(some, "held_out"));
  free(all);
  free(some);
  const char *wrong = "trian";
  assert_int_equal(lore_settings_reference(stdout, 1, &wrong), LORE_USER);
  assert_non_null(strstr(lore_fail_message(), "did you mean 'train'?"));
}

static void test_reference_json(void **state) {
  (void)state;
  int count;
  const lore_setting *table = lore_settings_table(&count);
  char *text = print_reference(true, 0, NULL);
  struct fy_parse_cfg config = {.flags = FYPCF_JSON_FORCE};
  struct fy_document *document = fy_document_build_from_string(&config, text, strlen(text));
  assert_non_null(document);
  struct fy_node *root = fy_document_root(document);
  assert_int_equal(fy_node_sequence_item_count(root), count);
  for (int i = 0; i < count; i++) {
    struct fy_node *item = fy_node_sequence_get_by_index(root, i);
    assert_string_equal(fy_node_mapping_lookup_scalar0_by_simple_key(item, "key", 3), table[i].key);
    assert_int_equal(fy_node_mapping_item_count(item), 14);
  }
  fy_document_destroy(document);
  free(text);
}

static void test_scalars(void **state) {
  (void)state;
  lore_settings s;
  lore_scalar scalar[128];
  char buffer[8192];
  int count, found = 0, found_runtime = 0;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = count - 1; i >= 0; i--)
    count -= !strncmp(table[i].key, "memory.", 7); /* of the other task */
  put(study);
  assert_int_equal(read_with(NULL, &s), LORE_OK);
  assert_int_equal(lore_settings_scalars(&s, 128, scalar, sizeof buffer, buffer), count);
  for (int i = 0; i < count; i++) {
    const lore_scalar *c = &scalar[i];
    assert_null(strchr(c->name, '.'));
    assert_string_equal(c->units, "1");
    found_runtime += c->runtime;
    if (strcmp(c->name, "train_learning_rate") == 0)
      found += c->kind == LORE_SCALAR_REAL && c->number == 1.5e-3;
    if (strcmp(c->name, "model_bias") == 0)
      found += c->kind == LORE_SCALAR_INTEGER && c->integer == 1;
    if (strcmp(c->name, "model_norm") == 0)
      found += c->kind == LORE_SCALAR_TEXT && strcmp(c->text, "layer") == 0;
    if (strcmp(c->name, "checkpoint_snapshots") == 0)
      found += c->kind == LORE_SCALAR_TEXT && strcmp(c->text, "0 500 1000") == 0;
    if (strcmp(c->name, "name") == 0)
      found += c->kind == LORE_SCALAR_TEXT && strcmp(c->text, "imbalance") == 0;
    if (strcmp(c->name, "seed") == 0)
      found += c->kind == LORE_SCALAR_INTEGER && c->integer == 7;
  }
  assert_int_equal(found, 6);
  assert_int_equal(found_runtime, 6);
  assert_int_equal(lore_settings_scalars(&s, 0, NULL, 0, NULL), count);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_facts),
      cmocka_unit_test(test_defaults),
      cmocka_unit_test(test_study),
      cmocka_unit_test(test_dependent_defaults),
      cmocka_unit_test(test_mixers),
      cmocka_unit_test(test_overrides),
      cmocka_unit_test(test_missing_backend),
      cmocka_unit_test(test_range_edges),
      cmocka_unit_test(test_name_length),
      cmocka_unit_test(test_reference),
      cmocka_unit_test(test_reference_json),
      cmocka_unit_test(test_scalars),
  };
  return cmocka_run_group_tests(tests, open_path, close_path);
}
