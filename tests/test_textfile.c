/* Text files appear whole or not at all: full disks, cut-off writes, failing flushes, directories
 * that cannot be written. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "lore/base/textfile.h"

static char directory[64], path[128];

/* Stands in for the system call: the flush that brings the countdown to 0 fails, once. */
static int flushes_until_failure;
int fsync(int fd) {
  if (flushes_until_failure > 0 && --flushes_until_failure == 0) {
    errno = EIO;
    return -1;
  }
  return (int)syscall(SYS_fsync, fd);
}

static int make_directory(void **state) {
  (void)state;
  strcpy(directory, "/tmp/lore_textfile_XXXXXX");
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/text", directory);
  return 0;
}

static int remove_directory(void **state) {
  (void)state;
  unlink(path);
  return rmdir(directory); /* fails if a temporary file was left behind */
}

/* `lines` lines at `at`. */
static lore_status put(const char *at, bool shared, int lines) {
  lore_textfile file;
  LORE_TRY(lore_textfile_begin(at, shared, &file));
  for (int i = 0; i < lines; i++)
    fprintf(file.stream, "line %d\n", i);
  lore_status status = lore_textfile_commit(&file);
  assert_null(file.stream);
  return status;
}

/* That there are `lines` lines, and the last one is whole. */
static void expect(const char *at, int lines) {
  char line[32], last[32] = "", expected[32] = "";
  int count = 0;
  FILE *file = fopen(at, "r");
  assert_non_null(file);
  for (; fgets(line, sizeof line, file); count++)
    strcpy(last, line);
  fclose(file);
  assert_int_equal(count, lines);
  if (lines > 0)
    snprintf(expected, sizeof expected, "line %d\n", lines - 1);
  assert_string_equal(last, expected);
}

static void refuse(const char *at, bool shared, int lines, const char *reason) {
  char message[256];
  snprintf(message, sizeof message, "cannot write %s: %s", at, reason);
  assert_int_equal(put(at, shared, lines), LORE_FILE);
  assert_string_equal(lore_fail_message(), message);
}

static void test_replaced(void **state) {
  (void)state;
  for (int shared = 0; shared < 2; shared++)
    for (int lines = 0; lines < 3000; lines = 3 * lines + 1) {
      assert_int_equal(put(path, shared, lines), LORE_OK);
      expect(path, lines);
    }
}

/* Until it is whole, the old one is there, and others may write it. */
static void test_old_until_new(void **state) {
  (void)state;
  lore_textfile file;
  assert_int_equal(put(path, true, 3), LORE_OK);
  assert_int_equal(lore_textfile_begin(path, true, &file), LORE_OK);
  fputs("half", file.stream);
  fflush(file.stream);
  expect(path, 3);
  assert_int_equal(put(path, false, 5), LORE_OK);
  expect(path, 5);
  fputs(" and half\n", file.stream);
  assert_int_equal(lore_textfile_commit(&file), LORE_OK);
}

static void test_left_by_a_killed_process(void **state) {
  (void)state;
  lore_textfile file;
  char *partial;
  assert_int_equal(lore_textfile_begin(path, false, &file), LORE_OK);
  for (int i = 0; i < 10000; i++)
    fputs("never completed\n", file.stream);
  fflush(file.stream);
  assert_int_equal(put(path, false, 2), LORE_OK);
  expect(path, 2);
  assert_int_equal(lore_partial_name(path, &partial), LORE_OK);
  assert_int_not_equal(access(partial, F_OK), 0);
  free(partial);
  assert_int_equal(lore_textfile_commit(&file), LORE_FILE); /* its temporary file is gone */
  expect(path, 2);
}

static void test_no_directory(void **state) {
  (void)state;
  char missing[128];
  snprintf(missing, sizeof missing, "%s/missing/text", directory);
  refuse(missing, false, 1, "No such file or directory");
  refuse(missing, true, 1, "No such file or directory");
  refuse("/proc/text", true, 1, "No such file or directory");
}

static void test_directory_not_writable(void **state) {
  (void)state;
  assert_int_equal(put(path, false, 3), LORE_OK);
  if (geteuid() == 0 && seteuid(65534)) /* root may write anywhere */
    skip();
  chmod(directory, 0500);
  lore_status status = put(path, false, 4);
  char message[256];
  snprintf(message, sizeof message, "%s", lore_fail_message());
  (void)!seteuid(getuid());
  chmod(directory, 0700);
  assert_int_equal(status, LORE_FILE);
  assert_non_null(strstr(message, "Permission denied"));
  expect(path, 3);
}

static void test_in_the_way(void **state) {
  (void)state;
  assert_int_equal(mkdir(path, 0777), 0);
  refuse(path, false, 3, "Is a directory");
  rmdir(path);
}

static void test_flush_fails(void **state) {
  (void)state;
  assert_int_equal(put(path, false, 3), LORE_OK);
  flushes_until_failure = 1;
  refuse(path, false, 4, "Input/output error");
  expect(path, 3);
}

/* In a print long before the end, and in the last flush. */
static void test_cut_off(void **state) {
  (void)state;
  struct rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  struct rlimit small = {.rlim_cur = 10000, .rlim_max = limit.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(put(path, true, 3), LORE_OK);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  refuse(path, true, 1200, "File too large");
  refuse(path, true, 100000, "File too large");
  setrlimit(RLIMIT_FSIZE, &limit);
  expect(path, 3);
}

static void test_full_disk(void **state) {
  (void)state;
  char mounted[96], at[128];
  snprintf(mounted, sizeof mounted, "%s/full", directory);
  snprintf(at, sizeof at, "%s/text", mounted);
  mkdir(mounted, 0777);
  if (mount("tmpfs", mounted, "tmpfs", 0, "size=64k")) {
    rmdir(mounted);
    skip(); /* only root may mount */
  }
  assert_int_equal(put(at, true, 100), LORE_OK);
  refuse(at, true, 10000, "No space left on device");
  expect(at, 100);
  assert_int_equal(put(at, true, 200), LORE_OK); /* the failed one occupies nothing */
  expect(at, 200);
  assert_int_equal(unlink(at), 0);
  assert_int_equal(umount(mounted), 0);
  assert_int_equal(rmdir(mounted), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_directory, remove_directory)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(test_replaced),
                                     TEST(test_old_until_new),
                                     TEST(test_left_by_a_killed_process),
                                     TEST(test_no_directory),
                                     TEST(test_directory_not_writable),
                                     TEST(test_in_the_way),
                                     TEST(test_flush_fails),
                                     TEST(test_cut_off),
                                     TEST(test_full_disk)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
