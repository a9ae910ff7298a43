/* Collecting runs: what is planned, missing, shorter, without a group or layer, or damaged. */
#include <netcdf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lore/io/collect.h"
#include "support/metrics_fixture.h"

enum { RUNS = 5, LONG = 12, SHORT = 3, STEPS = LONG + 1 };

static char directory[64], path[RUNS][128], collected[128];
static const char *const states[] = {"waiting", "done", "damaged"};
static const char *const swept[] = {"train_learning_rate", "checkpoint_snapshots"};

/* What a run was planned with; the second has one group and one layer, and a step of its own. */
static const char *const planned[RUNS][2] = {
    {"1.5e-03", ""}, {"2.5e-03", "[0, 7]"}, {"3.5e-03", "[0, 9]"}, {"4.5e-03", ""}, {"", ""}};
static const lore_collect_run runs[RUNS] = {
    {"long", "first", path[0], 7, 1, planned[0], false, 0, ""},
    {"short", "second", path[1], 8, 1, planned[1], false, 0, ""},
    {"missing", "", path[2], 9, 0, planned[2], false, 0, ""},
    {"damaged", "", path[3], 10, 1, planned[3], false, 0, ""},
    {"empty", "", path[4], 11, 0, planned[4], false, 0, ""},
};
static const lore_collection collection = {.study = "example",
                                           .command = "collect example",
                                           .states = 3,
                                           .state = states,
                                           .swept = 2,
                                           .swept_setting = swept,
                                           .runs = RUNS,
                                           .run = runs};

static void write_run(const char *at, const lore_metrics_definition *definition, int records,
                      int64_t last_step) {
  lore_metrics *metrics;
  assert_int_equal(lore_metrics_create(at, definition, &metrics), LORE_OK);
  for (int i = 0; i < records; i++) {
    fixture_record f;
    fixture_fill(&f, i);
    if (i == records - 1 && last_step)
      f.record.step = last_step;
    assert_int_equal(lore_metrics_append(metrics, &f.record), LORE_OK);
  }
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
}

/* The second run knows its seed, rate, snapshots and one more setting. */
static void write_short(const char *at) {
  enum { SETTINGS = sizeof fixture_setting / sizeof *fixture_setting };
  lore_metrics_definition definition = fixture_definition();
  lore_scalar setting[SETTINGS + 1];
  memcpy(setting, fixture_setting, sizeof fixture_setting);
  setting[1].integer = 8;
  setting[5].number = 2.5e-3;
  setting[6].text = "[0, 7]";
  setting[SETTINGS] = (lore_scalar){
      "distribution_alpha", "exponent", "1", LORE_SCALAR_REAL, 0, 0.6, NULL, false, false};
  definition.setting = setting;
  definition.settings = SETTINGS + 1;
  definition.group = fixture_group + 1;
  definition.groups = 1;
  definition.layers = definition.attention_layers = 1;
  write_run(at, &definition, SHORT, 125);
}

static int make_runs(void **state) {
  (void)state;
  lore_metrics_definition definition = fixture_definition();
  strcpy(directory, "/tmp/lore_collect_XXXXXX");
  assert_non_null(mkdtemp(directory));
  for (int i = 0; i < RUNS; i++)
    snprintf(path[i], sizeof path[i], "%s/%d.nc", directory, i);
  snprintf(collected, sizeof collected, "%s/all.nc", directory);
  write_run(path[0], &definition, LONG, 0);
  write_short(path[1]);
  write_run(path[3], &definition, 2, 0);
  assert_int_equal(truncate(path[3], 3000), 0);
  write_run(path[4], &definition, 0, 0);
  lore_collect_result result;
  assert_int_equal(lore_collect_write(collected, &collection, &result), LORE_OK);
  assert_int_equal(result.collected, 3);
  assert_int_equal(result.damaged, 1);
  assert_int_equal(result.steps, STEPS);
  assert_int_equal(result.groups, 2);
  return 0;
}

static int remove_runs(void **state) {
  (void)state;
  for (int i = 0; i < RUNS; i++)
    unlink(path[i]);
  unlink(collected);
  return rmdir(directory); /* fails if a temporary file was left behind */
}

/* All `count` numbers of a variable of the collected file, which must have so many. */
static void read_numbers(const char *name, size_t count, double *value) {
  int ncid, id, rank, dimension[NC_MAX_VAR_DIMS];
  size_t length, total = 1;
  assert_int_equal(nc_open(collected, NC_NOWRITE, &ncid), NC_NOERR);
  assert_int_equal(nc_inq_varid(ncid, name, &id), NC_NOERR);
  assert_int_equal(nc_inq_var(ncid, id, NULL, NULL, &rank, dimension, NULL), NC_NOERR);
  for (int i = 0; i < rank; i++) {
    assert_int_equal(nc_inq_dimlen(ncid, dimension[i], &length), NC_NOERR);
    total *= length;
  }
  assert_int_equal(total, count);
  assert_int_equal(nc_get_var_double(ncid, id, value), NC_NOERR);
  nc_close(ncid);
}

static void read_row(const char *name, size_t row, size_t length, char *text) {
  int ncid, id;
  memset(text, 0, length + 1);
  assert_int_equal(nc_open(collected, NC_NOWRITE, &ncid), NC_NOERR);
  assert_int_equal(nc_inq_varid(ncid, name, &id), NC_NOERR);
  assert_int_equal(nc_get_vara_text(ncid, id, (size_t[]){row, 0}, (size_t[]){1, length}, text),
                   NC_NOERR);
  nc_close(ncid);
}

/* Index of the long run's record i (step 50 i) among the steps, where 125 comes between. */
static size_t step_of(size_t i) {
  return i <= 2 ? i : i + 1;
}

static void labels_are_joined(void **unused) {
  (void)unused;
  double step[STEPS], state[RUNS], layer[FIXTURE_LAYERS];
  char text[64];
  read_numbers("step", STEPS, step);
  for (size_t i = 0; i < LONG; i++)
    assert_true(step[step_of(i)] == 50.0 * (double)i);
  assert_true(step[3] == 125);
  read_numbers("run_state", RUNS, state);
  const double expected[RUNS] = {1, 1, 0, 2, 0};
  assert_memory_equal(state, expected, sizeof state);
  read_numbers("layer", FIXTURE_LAYERS, layer);
  assert_true(layer[0] == 1 && layer[2] == 3);
  read_row("group", 1, LORE_GROUP_NAME_MAX, text);
  assert_string_equal(text, "held_out");
  read_row("run_id", 3, strlen("missing"), text);
  assert_string_equal(text, "damaged");
  read_row("experiment", 1, strlen("second"), text);
  assert_string_equal(text, "second");
}

static void settings_are_read_or_planned(void **unused) {
  (void)unused;
  double rate[RUNS], seed[RUNS], alpha[RUNS], individuals;
  char text[64];
  read_numbers("train_learning_rate", RUNS, rate);
  const double rates[RUNS] = {1.5e-3, 2.5e-3, 3.5e-3, 4.5e-3, 1.5e-3};
  assert_memory_equal(rate, rates, sizeof rate);
  /* A run's own file outdoes the plan: the empty run's says 7. */
  read_numbers("seed", RUNS, seed);
  const double seeds[RUNS] = {7, 8, 9, 10, 7};
  assert_memory_equal(seed, seeds, sizeof seed);
  read_numbers("distribution_alpha", RUNS, alpha);
  assert_true(alpha[0] == NC_FILL_DOUBLE && alpha[1] == 0.6 && alpha[2] == NC_FILL_DOUBLE);
  read_numbers("population_individuals", 1, &individuals);
  assert_true(individuals == 5e9);
  read_row("checkpoint_snapshots", 1, strlen("[0, 7]"), text);
  assert_string_equal(text, "[0, 7]");
  read_row("checkpoint_snapshots", 2, strlen("[0, 9]"), text);
  assert_string_equal(text, "[0, 9]");
}

static void data_are_where_they_belong(void **unused) {
  (void)unused;
  static double loss[RUNS][STEPS][2][LORE_ATTRIBUTES], sharpness[RUNS][STEPS][FIXTURE_LAYERS];
  static double rate[RUNS][STEPS], phase[RUNS][STEPS], end[RUNS];
  read_numbers("attribute_loss_by_attribute", sizeof loss / sizeof(double), &loss[0][0][0][0]);
  read_numbers("attention_sharpness", sizeof sharpness / sizeof(double), &sharpness[0][0][0]);
  read_numbers("learning_rate", sizeof rate / sizeof(double), &rate[0][0]);
  read_numbers("phase", sizeof phase / sizeof(double), &phase[0][0]);
  read_numbers("plateau_end", RUNS, end);
  fixture_record f;
  size_t filled = 0;
  for (size_t i = 0; i < LONG; i++) {
    size_t at = step_of(i);
    fixture_fill(&f, (int64_t)i);
    assert_memory_equal(loss[0][at][0], f.group[0].attribute_loss_by_attribute,
                        sizeof loss[0][0][0]);
    assert_memory_equal(loss[0][at][1], f.group[1].attribute_loss_by_attribute,
                        sizeof loss[0][0][0]);
    for (int layer = 0; layer < FIXTURE_LAYERS; layer++)
      assert_true(sharpness[0][at][layer] == f.attention[layer].sharpness);
    assert_true(rate[0][at] == f.record.learning_rate && phase[0][at] == f.record.phase);
  }
  for (size_t i = 0; i < SHORT; i++) {
    size_t at = i == 2 ? 3 : i;
    fixture_fill(&f, (int64_t)i);
    assert_true(loss[1][at][0][0] == NC_FILL_DOUBLE);
    assert_memory_equal(loss[1][at][1], f.group[0].attribute_loss_by_attribute,
                        sizeof loss[0][0][0]);
    assert_true(sharpness[1][at][0] == f.attention[0].sharpness);
    assert_true(sharpness[1][at][1] == NC_FILL_DOUBLE);
  }
  for (size_t run = 0; run < RUNS; run++)
    for (size_t at = 0; at < STEPS; at++) {
      filled += rate[run][at] != NC_FILL_DOUBLE;
      assert_true((rate[run][at] == NC_FILL_DOUBLE) == (phase[run][at] == NC_FILL_INT));
    }
  assert_int_equal(filled, LONG + SHORT);
  assert_true(end[0] == 437.5 && end[1] == NC_FILL_DOUBLE && end[2] == NC_FILL_DOUBLE);
}

static void nothing_to_collect_is_refused(void **unused) {
  (void)unused;
  lore_collection none = collection;
  lore_collect_result result;
  none.run = runs + 2; /* missing, damaged, empty */
  none.runs = 3;
  unlink(collected);
  assert_int_equal(lore_collect_write(collected, &none, &result), LORE_USER);
  assert_non_null(strstr(lore_fail_message(), "nothing to collect: 3 runs"));
  assert_int_equal(access(collected, F_OK), -1);
}

static void unwritable_place_is_reported(void **unused) {
  (void)unused;
  lore_collect_result result;
  assert_int_equal(lore_collect_write("/tmp/lore_no_such_directory/all.nc", &collection, &result),
                   LORE_FILE);
  assert_non_null(strstr(lore_fail_message(), "/tmp/lore_no_such_directory/all.nc"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(labels_are_joined), cmocka_unit_test(settings_are_read_or_planned),
      cmocka_unit_test(data_are_where_they_belong), cmocka_unit_test(nothing_to_collect_is_refused),
      cmocka_unit_test(unwritable_place_is_reported)};
  return cmocka_run_group_tests(tests, make_runs, remove_runs);
}
