/* Going on with a metrics file: the bytes of one that was never interrupted, whatever was killed
 * when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/child.h"
#include "support/metrics_resume.h"

enum { KILLS = 40 };

/* Interrupted after k records, gone on with after j of them: every pair. */
static void test_same_bytes(void **state) {
  (void)state;
  write_new(reference, ALL);
  for (int k = 0; k <= ALL; k++)
    for (int j = 0; j <= k; j++) {
      write_new(path, k);
      go_on(j, ALL);
      expect_reference();
    }
}

/* Nothing appended: what a run of so many records would have left. */
static void test_cut(void **state) {
  (void)state;
  for (int j = 0; j <= ALL; j++) {
    write_new(reference, j);
    write_new(path, ALL);
    go_on(j, j);
    expect_reference();
  }
}

/* Killed after the plateau's bound was written, before the record that reaches it. */
static void test_bound_without_record(void **state) {
  (void)state;
  int ncid, id;
  write_new(reference, ALL);
  write_new(path, FIXTURE_PLATEAU_FROM);
  assert_int_equal(nc_open(path, NC_WRITE, &ncid), 0);
  nc_inq_varid(ncid, "plateau_start", &id);
  assert_int_equal(nc_put_var_double(ncid, id, &(double){187.5}), 0);
  nc_close(ncid);
  lore_metrics_definition definition = definition_later();
  lore_metrics *metrics;
  assert_int_equal(lore_metrics_resume(path, &definition, FIXTURE_PLATEAU_FROM, "", &metrics),
                   LORE_OK);
  double bound;
  assert_int_equal(nc_open(path, NC_NOWRITE, &ncid), 0);
  nc_get_var_double(ncid, id, &bound);
  nc_close(ncid);
  assert_true(bound == NC_FILL_DOUBLE);
  append(metrics, FIXTURE_PLATEAU_FROM, ALL);
  assert_int_equal(lore_metrics_flush(metrics), LORE_OK);
  lore_metrics_close(metrics);
  expect_reference();
}

static void test_no_attention(void **state) {
  (void)state;
  lore_metrics_definition definition = definition_now();
  lore_metrics *metrics;
  definition.attention_layers = 0;
  assert_int_equal(lore_metrics_create(reference, &definition, &metrics), LORE_OK);
  append(metrics, 0, ALL);
  lore_metrics_close(metrics);
  assert_int_equal(lore_metrics_create(path, &definition, &metrics), LORE_OK);
  append(metrics, 0, 6);
  lore_metrics_close(metrics);
  assert_int_equal(lore_metrics_resume(path, &definition, 5, "", &metrics), LORE_OK);
  append(metrics, 5, ALL);
  lore_metrics_close(metrics);
  expect_reference();
}

static void spoil_byte(off_t at) {
  int fd = open(path, O_RDWR);
  unsigned char byte;
  assert_int_equal(pread(fd, &byte, 1, at), 1);
  byte ^= 1;
  assert_int_equal(pwrite(fd, &byte, 1, at), 1);
  close(fd);
}

/* Records that a checkpoint counts on are those that were written, to the last bit. */
static void test_checksum(void **state) {
  (void)state;
  lore_metrics_definition definition = definition_now();
  char five[LORE_METRICS_CHECKSUM], six[LORE_METRICS_CHECKSUM];
  struct stat file;
  lore_metrics *metrics;
  write_new(reference, ALL);
  assert_int_equal(lore_metrics_create(path, &definition, &metrics), LORE_OK);
  append(metrics, 0, 5);
  lore_metrics_checksum(metrics, five);
  append(metrics, 5, 6);
  lore_metrics_checksum(metrics, six);
  assert_string_not_equal(five, six);
  lore_metrics_close(metrics);
  assert_int_equal(stat(path, &file), 0);
  spoil_byte(file.st_size - 1);
  assert_int_equal(lore_metrics_resume(path, &definition, 6, six, &metrics), LORE_NETCDF);
  assert_non_null(strstr(lore_fail_message(), "its first 6 records are not those"));
  assert_int_equal(lore_metrics_resume(path, &definition, 5, five, &metrics), LORE_OK);
  append(metrics, 5, ALL);
  lore_metrics_close(metrics);
  expect_reference();
}

/* A child that begins or goes on with the file after `from` records and appends up to `to`. */
static pid_t start_writer(int from, int to) {
  pid_t child = fork_child();
  if (child != 0)
    return child;
  lore_metrics_definition first = definition_now(), second = definition_later();
  lore_metrics *metrics;
  if ((from < 0 ? lore_metrics_create(path, &first, &metrics)
                : lore_metrics_resume(path, &second, from, "", &metrics)) != LORE_OK)
    _exit(1);
  if (fixture_append(metrics, from < 0 ? 0 : from, to) == LORE_OK)
    pause();
  _exit(1);
}

/* One run, killed again and again, each time gone on with after some of its records. */
static void test_killed(void **state) {
  (void)state;
  enum { LONG = 400 };
  unsigned seed = (unsigned)time(NULL);
  int records = -1, from = -1, kept = 0, longest_microseconds = 15000;
  char partial[160];
  print_message("seed %u\n", seed);
  write_new(reference, LONG);
  for (int i = 0; i < KILLS; i++) {
    pid_t child = start_writer(from, LONG);
    usleep((useconds_t)(rand_r(&seed) % longest_microseconds));
    kill_child(child);
    int before = records;
    records = access(path, F_OK) ? -1 : metrics_check(path);
    if (records < LONG / 2) /* a busy machine needs longer to come this far */
      longest_microseconds += longest_microseconds / 4;
    assert_true(records >= from); /* also that it could be read */
    kept += records == before && from < before;
    if (records > 0) /* a resume point is never much older */
      from = records - rand_r(&seed) % (records < 20 ? records + 1 : 20);
    else
      from = records;
  }
  print_message("%d kills, %d records, %d times before the rename\n", KILLS, records, kept);
  assert_true(from >= 0);
  go_on(from, LONG);
  expect_reference();
  snprintf(partial, sizeof partial, "%s.partial", path);
  assert_int_not_equal(access(partial, F_OK), 0);
}

static void test_reader_beside(void **state) {
  (void)state;
  write_new(path, ALL);
  pid_t child = fork_child();
  while (child == 0)
    go_on(5, ALL);
  for (int i = 0; i < 500; i++) {
    int records = metrics_check(path);
    assert_in_range(records, 5, ALL);
  }
  kill_child(child);
  char partial[160];
  snprintf(partial, sizeof partial, "%s.partial", path);
  unlink(partial);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
  const struct CMUnitTest tests[] = {
      TEST(test_same_bytes),    TEST(test_cut),      TEST(test_bound_without_record),
      TEST(test_no_attention),  TEST(test_checksum), TEST(test_killed),
      TEST(test_reader_beside),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
