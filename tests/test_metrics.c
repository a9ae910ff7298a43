/* The metrics file: contents, description, and what happens when it cannot be written. */
#include <fcntl.h>
#include <netcdf.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/metrics_check.h"
#include "support/metrics_fixture.h"

static char directory[64], path[128];

/* Stands in for the system call, so that a file system without it can be played. */
static int fallocate_missing;
int fallocate(int fd, int mode, off_t offset, off_t length) {
  if (!fallocate_missing)
    return (int)syscall(SYS_fallocate, fd, mode, offset, length);
  errno = EOPNOTSUPP;
  return -1;
}

/* Stands in too: the write that brings the countdown to 0 finds the disk full, once. */
static int writes_until_failure;
ssize_t write(int fd, const void *bytes, size_t count) {
  if (writes_until_failure > 0 && --writes_until_failure == 0) {
    errno = ENOSPC;
    return -1;
  }
  return syscall(SYS_write, fd, bytes, count);
}

static int make_directory(void **state) {
  (void)state;
  strcpy(directory, "/tmp/lore_metrics_XXXXXX");
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/metrics.nc", directory);
  return 0;
}

static int remove_directory(void **state) {
  (void)state;
  unlink(path);
  fallocate_missing = 0;
  return rmdir(directory); /* fails if a temporary file was left behind */
}

static lore_metrics *create(const char *at) {
  lore_metrics_definition definition = fixture_definition();
  lore_metrics *metrics = NULL;
  assert_int_equal(lore_metrics_create(at, &definition, &metrics), LORE_OK);
  return metrics;
}

static lore_status append(lore_metrics *metrics, int64_t i) {
  return fixture_append(metrics, i, i + 1);
}

static void test_records_come_back(void **state) {
  (void)state;
  lore_metrics *metrics = create(path);
  for (int i = 0; i < 40; i++) {
    assert_int_equal(append(metrics, i), LORE_OK);
    assert_int_equal(metrics_check(path), i + 1); /* read while the writer holds it */
  }
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
  assert_int_equal(metrics_check(path), 40);
}

static void test_every_variable_is_described(void **state) {
  (void)state;
  lore_metrics_close(create(path));
  int ncid, format, variables;
  assert_int_equal(nc_open(path, NC_NOWRITE, &ncid), 0);
  nc_inq_format(ncid, &format);
  assert_int_equal(format, NC_FORMAT_64BIT_OFFSET);
  nc_inq_nvars(ncid, &variables);
  for (int v = 0; v < variables; v++) {
    size_t length;
    nc_type type;
    double fill;
    char name[NC_MAX_NAME + 1];
    nc_inq_var(ncid, v, name, &type, NULL, NULL, NULL);
    assert_int_equal(nc_inq_attlen(ncid, v, "long_name", &length), 0);
    if (type != NC_CHAR)
      assert_int_equal(nc_inq_attlen(ncid, v, "units", &length), 0);
    if (nc_get_att_double(ncid, v, "_FillValue", &fill) == 0)
      assert_true(fill == 9.969209968386869e36);
  }
  static const char *const attributes[] = {"Conventions",  "title",        "source", "history",
                                           "date_created", "lore_version", "host"};
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
    assert_int_equal(nc_inq_attid(ncid, NC_GLOBAL, attributes[i], &(int){0}), 0);
  nc_close(ncid);
}

static void test_settings_are_scalars(void **state) {
  (void)state;
  lore_metrics_close(create(path));
  int ncid, id;
  assert_int_equal(nc_open(path, NC_NOWRITE, &ncid), 0);
  for (size_t i = 0; i < sizeof fixture_setting / sizeof *fixture_setting; i++) {
    const lore_scalar *setting = &fixture_setting[i];
    assert_int_equal(nc_inq_varid(ncid, setting->name, &id), 0);
    if (setting->kind == LORE_SCALAR_TEXT) {
      char text[64];
      assert_int_equal(nc_get_var_text(ncid, id, text), 0);
      assert_string_equal(text, setting->text);
    } else {
      double value;
      assert_int_equal(nc_get_var_double(ncid, id, &value), 0);
      assert_true(value ==
                  (setting->kind == LORE_SCALAR_REAL ? setting->number : (double)setting->integer));
    }
  }
  char exact[64] = "";
  nc_inq_varid(ncid, "data_seed", &id);
  nc_get_att_text(ncid, id, "comment", exact);
  assert_string_equal(exact, "exactly 9007199254740993");
  nc_close(ncid);
}

static void test_no_attention(void **state) {
  (void)state;
  lore_metrics_definition definition = fixture_definition();
  definition.attention_layers = 0;
  lore_metrics *metrics;
  assert_int_equal(lore_metrics_create(path, &definition, &metrics), LORE_OK);
  assert_int_equal(append(metrics, 0), LORE_OK);
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
  int ncid, id;
  assert_int_equal(nc_open(path, NC_NOWRITE, &ncid), 0);
  assert_int_equal(nc_inq_dimid(ncid, "layer", &id), NC_EBADDIM);
  assert_int_equal(nc_inq_varid(ncid, "attention_sharpness", &id), NC_ENOTVAR);
  nc_close(ncid);
}

static void test_missing_attention_is_fill(void **state) {
  (void)state;
  lore_metrics *metrics = create(path);
  fixture_record f;
  fixture_fill(&f, 0);
  f.record.attention = NULL;
  assert_int_equal(lore_metrics_append(metrics, &f.record), LORE_OK);
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
  int ncid, id;
  double value;
  assert_int_equal(nc_open(path, NC_NOWRITE, &ncid), 0);
  nc_inq_varid(ncid, "attention_sharpness", &id);
  nc_get_var1_double(ncid, id, (size_t[]){0, 2}, &value);
  assert_true(value == NC_FILL_DOUBLE);
  nc_close(ncid);
}

static void expect_failure(const char *at, const char *message) {
  lore_metrics_definition definition = fixture_definition();
  lore_metrics *metrics;
  assert_int_equal(lore_metrics_create(at, &definition, &metrics), LORE_FILE);
  assert_string_equal(lore_fail_message(), message);
}

static void test_bad_paths(void **state) {
  (void)state;
  char at[192], message[512];
  snprintf(at, sizeof at, "%s/missing/metrics.nc", directory);
  snprintf(message, sizeof message, "cannot create %s.partial: No such file or directory", at);
  expect_failure(at, message);
  snprintf(at, sizeof at, "%s/directory", directory);
  mkdir(at, 0777);
  snprintf(message, sizeof message, "cannot put a new file at %s: Is a directory", at);
  expect_failure(at, message);
  rmdir(at);
  if (geteuid() == 0)
    return; /* root may write anywhere */
  chmod(directory, 0500);
  snprintf(message, sizeof message, "cannot create %s.partial: Permission denied", path);
  expect_failure(path, message);
  chmod(directory, 0700);
}

/* Appends until it fails and returns how many records went in. */
static int append_until_full(lore_metrics *metrics, const char *at, const char *reason) {
  int i = 0;
  while (append(metrics, i) == LORE_OK)
    assert_true(++i < 100000);
  char message[512];
  snprintf(message, sizeof message, "cannot append record %d to %s: %s", i + 1, at, reason);
  assert_string_equal(lore_fail_message(), message);
  return i;
}

static void limit_file_size(rlim_t bytes) {
  struct rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  signal(SIGXFSZ, bytes == RLIM_INFINITY ? SIG_DFL : SIG_IGN);
}

static void test_full_then_room(void **state) {
  (void)state;
  lore_metrics *metrics = create(path);
  limit_file_size(60000);
  int records = append_until_full(metrics, path, "File too large");
  assert_true(records > 10);
  assert_int_equal(metrics_check(path), records);
  limit_file_size(RLIM_INFINITY);
  assert_int_equal(append(metrics, records), LORE_OK); /* nothing was begun, so it goes on */
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
  assert_int_equal(metrics_check(path), records + 1);
}

static void test_full_without_reservation(void **state) {
  (void)state;
  fallocate_missing = 1;
  lore_metrics *metrics = create(path);
  limit_file_size(40000);
  int records = append_until_full(metrics, path, "File too large");
  limit_file_size(RLIM_INFINITY);
  assert_int_equal(append(metrics, records), LORE_FILE); /* given up */
  lore_metrics_close(metrics);
  assert_int_equal(metrics_check(path), records);
}

/* Room that comes back lets the library flush what it holds when it closes; that must not count the
 * record that failed. The record makes three writes (the plateau's bounds, its data, the number).
 */
static void test_full_for_a_moment(void **state) {
  (void)state;
  fallocate_missing = 1;
  for (int failing = 1; failing <= 3; failing++) {
    lore_metrics *metrics = create(path);
    for (int i = 0; i < FIXTURE_PLATEAU_FROM; i++)
      assert_int_equal(append(metrics, i), LORE_OK);
    writes_until_failure = failing;
    assert_int_equal(append(metrics, FIXTURE_PLATEAU_FROM), LORE_FILE);
    lore_metrics_close(metrics);
    assert_int_equal(metrics_check(path), FIXTURE_PLATEAU_FROM);
  }
}

static void test_disk_full(void **state) {
  (void)state;
  char mounted[128], at[160];
  snprintf(mounted, sizeof mounted, "%s/full", directory);
  snprintf(at, sizeof at, "%s/metrics.nc", mounted);
  mkdir(mounted, 0777);
  if (mount("tmpfs", mounted, "tmpfs", 0, "size=64k")) {
    rmdir(mounted);
    skip(); /* only root may mount */
  }
  lore_metrics *metrics = create(at);
  int records = append_until_full(metrics, at, "No space left on device");
  assert_true(records > 10);
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
  assert_int_equal(metrics_check(at), records);
  umount(mounted);
  rmdir(mounted);
}

static void test_setting_named_like_a_variable(void **state) {
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    freopen("/dev/null", "w", stderr);
    signal(SIGABRT, SIG_DFL);
    lore_scalar setting = {"train_loss", "bug", "1", LORE_SCALAR_REAL, 0, 1, NULL, false, false};
    lore_metrics_definition definition = fixture_definition();
    definition.settings = 1;
    definition.setting = &setting;
    lore_metrics *metrics;
    lore_metrics_create(path, &definition, &metrics);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  char partial[160];
  snprintf(partial, sizeof partial, "%s.partial", path);
  unlink(partial);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
  const struct CMUnitTest tests[] = {
      TEST(test_records_come_back),
      TEST(test_every_variable_is_described),
      TEST(test_settings_are_scalars),
      TEST(test_no_attention),
      TEST(test_missing_attention_is_fill),
      TEST(test_bad_paths),
      TEST(test_full_then_room),
      TEST(test_full_without_reservation),
      TEST(test_full_for_a_moment),
      TEST(test_disk_full),
      TEST(test_setting_named_like_a_variable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
