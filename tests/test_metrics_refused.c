/* A metrics file that a run does not go on with, because it is of another one or not whole, stays
 * as it is; settings that change no result do not matter. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include <xxhash.h>

#include "support/metrics_resume.h"

/* A refusal with this message, the part after the path, that leaves the file as it is. */
static void refused(const lore_metrics_definition *definition, int64_t records, lore_status status,
                    const char *message) {
  char *before, *after, expected[512];
  lore_metrics *metrics;
  size_t size = read_all(path, &before);
  assert_int_equal(lore_metrics_resume(path, definition, records, "", &metrics), status);
  snprintf(expected, sizeof expected, "%s %s", path, message);
  assert_string_equal(lore_fail_message(), expected);
  assert_int_equal(read_all(path, &after), size);
  assert_memory_equal(before, after, size);
  free(before);
  free(after);
}

static void test_other_dimensions(void **state) {
  (void)state;
  write_new(path, 3);
  lore_metrics_definition d = definition_now();
  d.groups = 1;
  refused(&d, 3, LORE_USER, "belongs to another run: its dimension group is 2 there and 1 here");
  d = definition_now();
  d.layers = d.attention_layers = 4;
  refused(&d, 3, LORE_USER, "belongs to another run: its dimension layer is 3 there and 4 here");
  d.attention_layers = 0;
  refused(&d, 3, LORE_USER, "belongs to another run: its dimension layer is 3 there and 0 here");
  lore_group group[FIXTURE_GROUPS];
  memcpy(group, fixture_group, sizeof group);
  strcpy(group[1].name, "tail");
  d = definition_now();
  d.group = group;
  refused(&d, 3, LORE_USER, "belongs to another run: group 2 is held_out there and tail here");
}

static void other_setting(int index, lore_scalar changed, const char *message) {
  lore_scalar setting[SETTINGS];
  lore_metrics_definition d = definition_now();
  memcpy(setting, fixture_setting, sizeof setting);
  changed.long_name = "changed";
  changed.units = "1";
  setting[index] = changed;
  d.setting = setting;
  refused(&d, 3, LORE_USER, message);
}

static void test_other_settings(void **state) {
  (void)state;
  write_new(path, 3);
  other_setting(
      0, (lore_scalar){.name = "name", .kind = LORE_SCALAR_TEXT, .text = "balance"},
      "belongs to another run: the setting name is \"imbalance\" there and \"balance\" here");
  other_setting(1, (lore_scalar){.name = "seed", .kind = LORE_SCALAR_INTEGER, .integer = 8},
                "belongs to another run: the setting seed is 7 there and 8 here");
  other_setting(2,
                (lore_scalar){.name = "data_seed",
                              .kind = LORE_SCALAR_INTEGER,
                              .integer = INT64_C(9007199254740992)},
                "belongs to another run: the setting data_seed is 9007199254740993 there and "
                "9007199254740992 here");
  other_setting(5,
                (lore_scalar){.name = "train_learning_rate",
                              .kind = LORE_SCALAR_REAL,
                              .number = 1.5e-3 + 2.2e-19},
                "belongs to another run: the setting train_learning_rate is 0.0015 there and "
                "0.0015000000000000002 here");
  other_setting(
      5, (lore_scalar){.name = "new", .kind = LORE_SCALAR_REAL},
      "belongs to another run: it has the setting train_learning_rate, which is unknown here");
  lore_scalar more[SETTINGS + 1];
  memcpy(more, fixture_setting, sizeof fixture_setting);
  more[SETTINGS] = (lore_scalar){"new", "new", "1", LORE_SCALAR_REAL, 0, 1, NULL, false, false};
  lore_metrics_definition d = definition_now();
  d.settings++;
  d.setting = more;
  refused(&d, 3, LORE_USER, "belongs to another run: it has no setting new");
  lore_metrics *metrics;
  more[SETTINGS].initial = true; /* a version that did not know it did as if it had its default */
  assert_int_equal(lore_metrics_resume(path, &d, 3, "", &metrics), LORE_OK);
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
}

/* A file of a version that did not know where runs come from, and files that say it. */
static void test_origin(void **state) {
  (void)state;
  enum { ORIGIN = 2 };
  lore_scalar more[SETTINGS + ORIGIN];
  memcpy(more, fixture_setting, sizeof fixture_setting);
  lore_scalar *run = &more[SETTINGS], *step = run + 1;
  *run = (lore_scalar){"start_run", "a", "1", LORE_SCALAR_TEXT, 0, 0, "", false, false};
  *step = (lore_scalar){"start_step", "a", "1", LORE_SCALAR_OPTIONAL, 0, NAN, NULL, false, false};
  lore_metrics_definition d = definition_now();
  d.settings += ORIGIN;
  d.setting = more;
  for (int i = 0; i < 2; i++) { /* without the variables, then with them */
    lore_metrics *metrics;
    if (i == 0)
      write_new(path, 3);
    assert_int_equal(lore_metrics_resume(path, &d, 3, "", &metrics), LORE_OK);
    assert_int_equal(lore_metrics_close(metrics), LORE_OK);
  }
  step->number = 20;
  refused(&d, 3, LORE_USER,
          "belongs to another run: the setting start_step is none there and 20 here");
  write_new(path, 3);
  refused(&d, 3, LORE_USER, "belongs to another run: it has no setting start_step");
}

static void rename_variable(const char *from, const char *to) {
  int ncid, variable;
  assert_int_equal(nc_open(path, NC_WRITE, &ncid), 0);
  assert_int_equal(nc_redef(ncid), 0);
  assert_int_equal(nc_inq_varid(ncid, from, &variable), 0);
  assert_int_equal(nc_rename_var(ncid, variable, to), 0);
  assert_int_equal(nc_close(ncid), 0);
}

static double first_value(const char *name) {
  int ncid, variable;
  double value;
  assert_int_equal(nc_open(path, NC_NOWRITE, &ncid), 0);
  assert_int_equal(nc_inq_varid(ncid, name, &variable), 0);
  assert_int_equal(nc_get_var1_double(ncid, variable, (size_t[]){0, 0}, &value), 0);
  nc_close(ncid);
  return value;
}

/* The checksum of all records but for one variable, as a version that does not know it has it. */
static void checksum_without(const char *left_out, size_t records, char *text) {
  int ncid, variables, unlimited, rank, dimension[NC_MAX_VAR_DIMS];
  XXH3_state_t *state = XXH3_createState();
  XXH3_64bits_reset(state);
  assert_int_equal(nc_open(path, NC_NOWRITE, &ncid), 0);
  nc_inq_unlimdim(ncid, &unlimited);
  nc_inq_nvars(ncid, &variables);
  for (size_t r = 0; r < records; r++)
    for (int v = 0; v < variables; v++) {
      char name[NC_MAX_NAME + 1];
      double values[FIXTURE_GROUPS * LORE_EXPOSURE_BINS];
      size_t start[3] = {r}, count[3] = {1, 1, 1}, all = 1;
      nc_inq_var(ncid, v, name, NULL, &rank, dimension, NULL);
      if (rank == 0 || dimension[0] != unlimited || !strcmp(name, left_out))
        continue;
      for (int i = 1; i < rank; all *= count[i++])
        nc_inq_dimlen(ncid, dimension[i], &count[i]);
      assert_int_equal(nc_get_vara_double(ncid, v, start, count, values), 0);
      XXH3_64bits_update(state, values, all * sizeof *values);
    }
  nc_close(ncid);
  snprintf(text, LORE_METRICS_CHECKSUM, "%016llx", (unsigned long long)XXH3_64bits_digest(state));
  XXH3_freeState(state);
}

/* A file of a version that did not know a metric, and one that lacks what all versions write. */
static void test_missing_metrics(void **state) {
  (void)state;
  lore_metrics_definition d = definition_now();
  char all[LORE_METRICS_CHECKSUM], earlier[LORE_METRICS_CHECKSUM], message[512];
  lore_metrics *metrics;
  write_new(path, 3);
  assert_int_equal(lore_metrics_resume(path, &d, 3, "", &metrics), LORE_OK);
  lore_metrics_checksum(metrics, all);
  lore_metrics_close(metrics);
  double bits = first_value("stored_bits"), loss = first_value("attribute_loss");
  checksum_without("", 3, earlier);
  assert_string_equal(earlier, all);
  rename_variable("stored_bits", "other_bits");
  checksum_without("other_bits", 3, earlier);
  assert_int_equal(lore_metrics_resume(path, &d, 3, all, &metrics), LORE_NETCDF);
  assert_non_null(strstr(lore_fail_message(), "its first 3 records are not those"));
  assert_int_equal(lore_metrics_resume(path, &d, 3, earlier, &metrics), LORE_OK);
  append(metrics, 3, 5);
  lore_metrics_checksum(metrics, all);
  lore_metrics_close(metrics);
  assert_int_equal(lore_metrics_resume(path, &d, 5, all, &metrics), LORE_OK); /* and again */
  lore_metrics_close(metrics);
  assert_true(bits != NC_FILL_DOUBLE && first_value("stored_bits") == NC_FILL_DOUBLE);
  assert_true(first_value("attribute_loss") == loss);
  rename_variable("attribute_loss", "another_loss");
  snprintf(message, sizeof message, "cannot copy the records of %s: NetCDF: Variable not found",
           path);
  assert_int_equal(lore_metrics_resume(path, &d, 3, "", &metrics), LORE_NETCDF);
  assert_string_equal(lore_fail_message(), message);
}

/* Settings that change no result: the file keeps the first sitting's, however long they are now. */
static void test_free_settings(void **state) {
  (void)state;
  enum { FREE = 5 };
  char list[200] = "";
  for (int i = 0; i < 19; i++)
    strcat(list, "123456789 ");
  const lore_scalar first[FREE] = {
      {"checkpoint_every", "a", "1", LORE_SCALAR_INTEGER, 500, 0, NULL, true, false},
      {"checkpoint_snapshots", "a", "1", LORE_SCALAR_TEXT, 0, 0, "", true, false},
      {"compute_threads", "a", "1", LORE_SCALAR_INTEGER, 2, 0, NULL, true, false},
      {"compute_gemm", "a", "1", LORE_SCALAR_TEXT, 0, 0, "auto", true, false},
      {"train_reduction", "a", "1", LORE_SCALAR_TEXT, 0, 0, "reproducible", true, false}};
  const lore_scalar second[FREE] = {
      {"checkpoint_every", "a", "1", LORE_SCALAR_INTEGER, 5000000000, 0, NULL, true, false},
      {"checkpoint_snapshots", "a", "1", LORE_SCALAR_TEXT, 0, 0, list, true, false},
      {"compute_threads", "a", "1", LORE_SCALAR_INTEGER, 16, 0, NULL, true, false},
      {"compute_gemm", "a", "1", LORE_SCALAR_TEXT, 0, 0, "cblas", true, false},
      {"train_reduction", "a", "1", LORE_SCALAR_TEXT, 0, 0, "mpi", true, false}};
  const char *const at[] = {reference, path};
  lore_metrics_definition d = definition_now();
  d.settings = FREE;
  d.setting = first;
  for (int i = 0; i < 2; i++) {
    lore_metrics *metrics;
    assert_int_equal(lore_metrics_create(at[i], &d, &metrics), LORE_OK);
    append(metrics, 0, i ? 7 : ALL);
    lore_metrics_close(metrics);
  }
  d.setting = second;
  lore_metrics *metrics;
  assert_int_equal(lore_metrics_resume(path, &d, 6, "", &metrics), LORE_OK);
  append(metrics, 6, ALL);
  lore_metrics_close(metrics);
  expect_reference();
}

static void test_unfit_files(void **state) {
  (void)state;
  lore_metrics_definition d = definition_now();
  lore_metrics *metrics;
  char message[512];
  int ncid;
  snprintf(message, sizeof message, "cannot open %s: No such file or directory", path);
  assert_int_equal(lore_metrics_resume(path, &d, 0, "", &metrics), LORE_FILE);
  assert_string_equal(lore_fail_message(), message);
  write_new(path, 3);
  refused(&d, 4, LORE_NETCDF, "has 3 records; the checkpoint was written after 4");
  struct stat file;
  stat(path, &file);
  truncate(path, file.st_size - 1);
  snprintf(message, sizeof message, "is truncated: %lld bytes, where 3 records need %lld",
           (long long)file.st_size - 1, (long long)file.st_size);
  refused(&d, 3, LORE_NETCDF, message);
  go_on(2, 3); /* the first two are whole */
  nc_create(path, NC_CLOBBER, &ncid);
  nc_close(ncid);
  refused(&d, 0, LORE_NETCDF, "is not a metrics file: it has no dimension step");
  int fd = open(path, O_WRONLY | O_TRUNC);
  assert_int_equal(write(fd, "text", 4), 4);
  close(fd);
  assert_int_equal(lore_metrics_resume(path, &d, 0, "", &metrics), LORE_NETCDF);
}

static void test_full_disk(void **state) {
  (void)state;
  lore_metrics_definition d = definition_now();
  lore_metrics *metrics;
  write_new(path, ALL);
  struct rlimit limit = {.rlim_cur = 20000, .rlim_max = RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  lore_status status = lore_metrics_resume(path, &d, ALL, "", &metrics);
  limit.rlim_cur = RLIM_INFINITY;
  setrlimit(RLIMIT_FSIZE, &limit);
  assert_int_equal(status, LORE_FILE);
  /* The library says so when it writes a full buffer, or only at the end. */
  assert_non_null(strstr(lore_fail_message(), path));
  assert_non_null(strstr(lore_fail_message(), ": File too large"));
  assert_int_equal(metrics_check(path), ALL);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
  const struct CMUnitTest tests[] = {
      TEST(test_other_dimensions), TEST(test_other_settings), TEST(test_origin),
      TEST(test_missing_metrics),  TEST(test_free_settings),  TEST(test_unfit_files),
      TEST(test_full_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
