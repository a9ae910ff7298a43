/* manifest.tsv: what is frozen comes back, and nothing else does. */
#include "support/settings_file.h"

#include <sys/stat.h>

#include "lore/manifest/expand.h"
#include "lore/manifest/file.h"

static const char small[] = "name: s\n"
                            "train: {steps: 20}\n"
                            "experiments:\n"
                            "  pretrain: {sweep: {seeds: 2}}\n"
                            "  tune:\n"
                            "    start_from: {experiment: pretrain, step: 5}\n"
                            "    sweep: {grid: {train.learning_rate: [1.0e-03, 2.0e-03]}}\n";

static char directory[] = "/tmp/lore_test_manifest_XXXXXX";
static char file[64];

static int set_up(void **state) {
  if (open_path(state) || !mkdtemp(directory))
    return -1;
  snprintf(file, sizeof file, "%s/manifest.tsv", directory);
  return 0;
}

static int tear_down(void **state) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", directory);
  return system(command) | close_path(state);
}

static lore_manifest expand(const char *text) {
  lore_manifest manifest;
  put(text);
  if (lore_manifest_expand(path, 0, NULL, &manifest) != LORE_OK)
    fail_msg("%s", lore_fail_message());
  return manifest;
}

/* Nothing is frozen any more. */
static void begin_again(void) {
  char at[160];
  unlink(file);
  for (const char *const *name = (const char *const[]){"study.yaml", "study.overrides", NULL};
       *name; name++) {
    snprintf(at, sizeof at, "%s/%s", directory, *name);
    unlink(at);
  }
}

static void freeze(const char *text) {
  lore_manifest m = expand(text);
  if (lore_manifest_freeze(&m, directory) != LORE_OK)
    fail_msg("%s", lore_fail_message());
  lore_manifest_destroy(&m);
}

static void refuse_freeze(const char *text, const char *message) {
  lore_manifest m = expand(text);
  assert_int_equal(lore_manifest_freeze(&m, directory), LORE_USER);
  if (!strstr(lore_fail_message(), message))
    fail_msg("'%s' is not in: %s", message, lore_fail_message());
  lore_manifest_destroy(&m);
}

static void refuse_load(const char *message) {
  lore_manifest m;
  assert_int_equal(lore_manifest_load(directory, &m), LORE_USER);
  assert_null(m.run);
  if (!strstr(lore_fail_message(), message))
    fail_msg("'%s' is not in: %s", message, lore_fail_message());
}

static size_t read_bytes(char *text, size_t size) {
  FILE *stream = fopen(file, "r");
  assert_non_null(stream);
  size_t length = fread(text, 1, size - 1, stream);
  fclose(stream);
  text[length] = 0;
  return length;
}

static void write_bytes(const char *text, size_t length) {
  FILE *stream = fopen(file, "w");
  assert_non_null(stream);
  assert_int_equal(fwrite(text, 1, length, stream), length);
  fclose(stream);
}

static void test_round_trip(void **state) {
  (void)state;
  struct stat about;
  char copy[128];
  lore_manifest loaded, m = expand(small);
  begin_again();
  m.run[3].operations = 1.25e15;
  assert_int_equal(lore_manifest_freeze(&m, directory), LORE_OK);
  assert_int_equal(lore_manifest_load(directory, &loaded), LORE_OK);
  assert_string_equal(loaded.name, "s");
  assert_int_equal(loaded.runs, 6);
  assert_int_equal(loaded.axes, 1);
  assert_string_equal(loaded.axis[0], "train.learning_rate");
  for (int r = 0; r < 6; r++) {
    const lore_manifest_run *a = &m.run[r], *b = &loaded.run[r];
    assert_string_equal(a->id, b->id);
    assert_string_equal(a->experiment, b->experiment);
    assert_string_equal(a->value[0], b->value[0]);
    assert_int_equal(a->parent, b->parent);
    assert_int_equal(a->parent_step, b->parent_step);
    assert_int_equal(a->wave, b->wave);
    assert_int_equal(a->hash, b->hash);
    assert_true(a->operations == b->operations);
    assert_int_equal(a->seed, b->seed);
    assert_int_equal(a->steps, b->steps);
  }
  snprintf(copy, sizeof copy, "cmp %s %s/study.yaml", path, directory);
  assert_int_equal(system(copy), 0);
  snprintf(copy, sizeof copy, "%s/runs", directory);
  assert_int_equal(stat(copy, &about), 0);
  assert_true(S_ISDIR(about.st_mode));
  lore_manifest_destroy(&m);
  lore_manifest_destroy(&loaded);
}

/* As editors and spreadsheets save it: a byte order mark, other line ends. */
static void test_saved_by_others(void **state) {
  (void)state;
  char command[256];
  lore_manifest loaded, m = expand(small);
  begin_again();
  assert_int_equal(lore_manifest_freeze(&m, directory), LORE_OK);
  snprintf(command, sizeof command, "sed -i '1s/^/\\xEF\\xBB\\xBF/; s/$/\\r/' %s", file);
  assert_int_equal(system(command), 0);
  assert_int_equal(lore_manifest_load(directory, &loaded), LORE_OK);
  assert_int_equal(loaded.runs, m.runs);
  assert_string_equal(loaded.axis[0], "train.learning_rate");
  for (int r = 0; r < m.runs; r++)
    assert_string_equal(loaded.run[r].value[0], m.run[r].value[0]);
  lore_manifest_destroy(&m);
  lore_manifest_destroy(&loaded);
  begin_again();
}

/* Wherever a manifest ends too early, it is refused. */
static void test_truncated(void **state) {
  (void)state;
  static char text[8192];
  begin_again();
  freeze(small);
  size_t length = read_bytes(text, sizeof text);
  for (size_t end = 0; end < length; end++) {
    write_bytes(text, end);
    refuse_load("manifest.tsv:");
  }
  write_bytes(text, length);
  lore_manifest m;
  assert_int_equal(lore_manifest_load(directory, &m), LORE_OK);
  lore_manifest_destroy(&m);
}

/* Replaces the first `from` of the file behind `after`. */
static void damage(const char *text, const char *after, const char *from, const char *to) {
  static char damaged[8192];
  const char *at = strstr(text, after);
  assert_non_null(at);
  at = strstr(at, from);
  assert_non_null(at);
  int length =
      snprintf(damaged, sizeof damaged, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  write_bytes(damaged, (size_t)length);
}

static void test_damaged(void **state) {
  (void)state;
  static const struct {
    const char *after, *from, *to, *message;
  } cases[] = {
      {"#", "# LORE", "# L0RE", "manifest.tsv:1: the manifest is damaged: it does not begin"},
      {"#", "manifest 1:", "manifest 2:", "manifest.tsv:1: this manifest is of another version"},
      {"#", "6 runs", "x runs", "manifest.tsv:1:"},
      {"#", "6 runs", "7 runs", "manifest.tsv:9: the manifest is damaged: it ends before"},
      {"#", "6 runs", "5 runs", "manifest.tsv:8: the manifest is damaged: there are more"},
      {"#", "6 runs", "999999 runs", "manifest.tsv:1:"},
      {"id\t", "wave", "wavy", "manifest.tsv:2: the manifest is damaged: its columns"},
      {"id\t", "\ttrain.learning_rate", "", "manifest.tsv:3:"},
      {"id\t", "\ttrain.learning_rate", "\t", "manifest.tsv:2:"},
      {"s-pretrain-seed1", "s-pretrain-seed1", "s-pretrain-seed2",
       "manifest.tsv:4: the manifest is damaged: this run is there twice"},
      {"s-pretrain-seed1", "s-pretrain-seed1", "../../s-pretrain-seed1",
       "manifest.tsv:3: the manifest is damaged: this is not the name"},
      {"s-pretrain-seed1", "s-pretrain-seed1", "..", "manifest.tsv:3:"},
      {"s-pretrain-seed1", "s-pretrain-seed1", "", "manifest.tsv:3:"},
      {"s-tune", "s-pretrain-seed1", "s-pretrain-seed9",
       "manifest.tsv:5: the manifest is damaged: the parent is in no line above"},
      {"s-tune", "s-pretrain-seed1", "/weights.nc",
       "manifest.tsv:5: the manifest is damaged: wave"},
      {"s-tune", "\t1\t", "\t0\t", "manifest.tsv:5: the manifest is damaged: wave"},
      {"s-tune", "\t5\t", "\t25\t", "manifest.tsv:5: the manifest is damaged: wave"},
      {"s-tune", "\t5\t", "\t-5\t", "manifest.tsv:5:"},
      {"s-tune", "\t20\t", "\t2O\t", "manifest.tsv:5: the manifest is damaged: seed and steps"},
      {"s-tune", "\t20\t", "\t0\t", "manifest.tsv:5:"},
      {"s-tune", "\t0\t", "\tnan\t", "manifest.tsv:5: the manifest is damaged: hash"},
      {"s-tune", "\t1.0e-03", "", "manifest.tsv:5: the manifest is damaged: it has not as many"},
      {"s-tune", "\t1.0e-03", "\t1.0e-03\t", "manifest.tsv:5:"},
      {"s-tune", "1.0e-03\n", "11111111111111111111111111111111111111111111111111111111111111111\n",
       "manifest.tsv:5: the manifest is damaged: a value is too long"},
  };
  static char text[8192];
  begin_again();
  freeze(small);
  read_bytes(text, sizeof text);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    damage(text, cases[i].after, cases[i].from, cases[i].to);
    refuse_load(cases[i].message);
  }
  begin_again();
  refuse_load("manifest.tsv: cannot be read: No such file or directory");
}

static void test_frozen(void **state) {
  (void)state;
  static char before[8192], after[8192];
  begin_again();
  freeze("name: s\nsweep: {seeds: 2}\n");
  read_bytes(before, sizeof before);
  freeze("name: s\nsweep: {seeds: 2}\ncheckpoint: {every: 7}\ncompute: {threads: 1}\n");
  read_bytes(after, sizeof after);
  assert_string_equal(before, after);
  refuse_freeze("name: s\ntrain: {clip: 1.0}\nsweep: {seeds: 2}\n",
                "other settings in 2 of its 2 runs:\n  s-seed1\n  s-seed2\ngive another directory");
  refuse_freeze("name: s\nsweep: {seeds: [1, 3]}\n", "any more:\n  s-seed2\n");
  refuse_freeze("name: other\nsweep: {seeds: 2}\n", "another study, 's'");
  read_bytes(after, sizeof after);
  assert_string_equal(before, after);
  freeze("name: s\nsweep: {seeds: [3, 2, 1]}\n");
  lore_manifest m;
  assert_int_equal(lore_manifest_load(directory, &m), LORE_OK);
  assert_int_equal(m.runs, 3);
  lore_manifest_destroy(&m);
}

static lore_status freeze_with(const char *text, int overrides, const char *const *override) {
  lore_manifest m;
  put(text);
  lore_status status = lore_manifest_expand(path, overrides, override, &m);
  if (status == LORE_OK)
    status = lore_manifest_freeze(&m, directory);
  lore_manifest_destroy(&m);
  return status;
}

/* That directory/name holds `text`; that it is not there if that is NULL. */
static void expect_file(const char *name, const char *text) {
  char at[128], held[512] = "";
  snprintf(at, sizeof at, "%s/%s", directory, name);
  FILE *stream = fopen(at, "r");
  if (!text) {
    assert_null(stream);
    return;
  }
  assert_non_null(stream);
  held[fread(held, 1, sizeof held - 1, stream)] = 0;
  fclose(stream);
  assert_string_equal(held, text);
}

static void test_overrides_are_kept(void **state) {
  (void)state;
  static const char *const given[] = {"train.clip=1.0", "checkpoint.snapshots=[0,\n 2]"};
  begin_again();
  assert_int_equal(freeze_with("name: s\nsweep: {seeds: 2}\n", 2, given), LORE_OK);
  expect_file("study.overrides", "train.clip=1.0\ncheckpoint.snapshots=[0,  2]\n");
  assert_int_equal(freeze_with("name: s\nsweep: {seeds: 2}\n", 1, given), LORE_OK);
  expect_file("study.overrides", "train.clip=1.0\ncheckpoint.snapshots=[0,  2]\n");
  assert_int_equal(freeze_with("name: s\nsweep: {seeds: 3}\n", 1, given), LORE_OK);
  expect_file("study.overrides", "train.clip=1.0\n");
  begin_again();
  assert_int_equal(freeze_with("name: s\nsweep: {seeds: 2}\n", 0, NULL), LORE_OK);
  expect_file("study.overrides", NULL);
}

static void put_table(const char *name, const char *text) {
  char at[128];
  snprintf(at, sizeof at, "%s/%s", directory, name);
  FILE *stream = fopen(at, "w");
  assert_non_null(stream);
  fputs(text, stream);
  fclose(stream);
}

/* The study lies in /tmp, its tables in a directory there. */
static void test_tables_are_kept(void **state) {
  (void)state;
  static const char table[] = "# points\ntrain.clip\n1.0\n2.0\n", other[] = "train.clip\n3.0\n";
  char text[512], below[128], copy[160], again[160];
  const char *from = strrchr(directory, '/') + 1;
  begin_again();
  put_table("a.tsv", table);
  put_table("b.tsv", other);
  snprintf(text, sizeof text,
           "name: s\nexperiments: {a: {sweep: {table: ./%s/a.tsv}}, b: {sweep: {table: "
           "%s/../%s/b.tsv}}, c: {train: {steps: 7}, sweep: {table: %s/a.tsv}}, "
           "d: {train: {steps: 8}, sweep: {table: %s/a.tsv}}}\n",
           from, from, from, directory, from);
  snprintf(below, sizeof below, "%s/a.tsv", from);
  if (freeze_with(text, 0, NULL) != LORE_OK)
    fail_msg("%s", lore_fail_message());
  expect_file(below, table); /* under the name that the copied study has for it */
  expect_file("b.tsv", other);
  expect_file("a.tsv", table);
  expect_file("study.yaml", text);
  lore_manifest m;
  snprintf(text, sizeof text, "name: s\nsweep: {table: %s}\n", below);
  begin_again();
  assert_int_equal(freeze_with(text, 0, NULL), LORE_OK);
  snprintf(copy, sizeof copy, "%s/study.yaml", directory);
  assert_int_equal(lore_manifest_expand(copy, 0, NULL, &m), LORE_OK); /* the copies alone do */
  assert_int_equal(m.runs, 2);
  lore_manifest_destroy(&m);
  snprintf(again, sizeof again, "rm -r %s/%s", directory, from);
  assert_int_equal(system(again), 0);
}

static void test_tables_in_the_way(void **state) {
  (void)state;
  char text[512];
  begin_again();
  put_table("study.yaml", "train.clip\n1.0\n");
  snprintf(text, sizeof text, "name: s\nsweep: {table: %s/study.yaml}\n", directory);
  assert_int_equal(freeze_with(text, 0, NULL), LORE_USER);
  assert_non_null(strstr(lore_fail_message(), "a table called study.yaml"));
  put_table("manifest.tsv", "train.clip\n1.0\n");
  snprintf(text, sizeof text, "name: s\nsweep: {table: %s/manifest.tsv}\n", directory);
  assert_int_equal(freeze_with(text, 0, NULL), LORE_USER);
  assert_non_null(strstr(lore_fail_message(), "a table called manifest.tsv"));
  begin_again();
}

/* The difference is known where the run has begun. */
static void test_differences(void **state) {
  (void)state;
  char run[128];
  lore_manifest m = expand("name: s\nsweep: {seeds: 2}\n");
  begin_again();
  assert_int_equal(lore_manifest_freeze(&m, directory), LORE_OK);
  snprintf(run, sizeof run, "%s/runs/s-seed1", directory);
  assert_int_equal(mkdir(run, 0700), 0);
  strcat(run, "/study.yaml");
  FILE *stream = fopen(run, "w");
  assert_non_null(stream);
  lore_settings settings;
  lore_manifest_settings(&m, 0, &settings);
  lore_settings_write(&settings, stream);
  fclose(stream);
  lore_manifest_destroy(&m);
  refuse_freeze("name: s\ntrain: {clip: 1.0}\nsweep: {seeds: 2}\n",
                "\ns-seed1:\ntrain.clip: 0.0 before, 1.0 now\n");
}

static void test_nowhere(void **state) {
  (void)state;
  lore_manifest m = expand(small);
  assert_int_equal(lore_manifest_freeze(&m, "/proc/none"), LORE_FILE);
  lore_manifest_destroy(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_saved_by_others),
      cmocka_unit_test(test_truncated),       cmocka_unit_test(test_damaged),
      cmocka_unit_test(test_frozen),          cmocka_unit_test(test_overrides_are_kept),
      cmocka_unit_test(test_tables_are_kept), cmocka_unit_test(test_tables_in_the_way),
      cmocka_unit_test(test_differences),     cmocka_unit_test(test_nowhere),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
