/* Resume points that cannot be written: one message, what was there stays, nothing else is left. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/resume_fixture.h"

/* Stands in for the system call of a file system without it. */
static bool fallocate_missing;
int fallocate(int fd, int mode, off_t offset, off_t length) {
  if (!fallocate_missing)
    return (int)syscall(SYS_fallocate, fd, mode, offset, length);
  errno = EOPNOTSUPP;
  return -1;
}

/* Stands in too: the flush that brings the countdown to 0 fails, once. */
static int flushes_until_failure;
int fsync(int fd) {
  if (flushes_until_failure > 0 && --flushes_until_failure == 0) {
    errno = ENOSPC;
    return -1;
  }
  return (int)syscall(SYS_fsync, fd);
}

static void limit_file_size(rlim_t bytes) {
  struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void expect_no_temporary(const char *at, int64_t step) {
  char partial[192];
  snprintf(partial, sizeof partial, "%s/resume_%08lld.nc.partial", at, (long long)step);
  assert_int_not_equal(access(partial, F_OK), 0);
}

/* Cut off at many lengths, the last ones just short of the whole. */
static void test_file_too_large(void **state) {
  (void)state;
  char path[128], message[256];
  put(10);
  put(20);
  path_of(20, path);
  rlim_t size = (rlim_t)size_of(path);
  snprintf(message, sizeof message, "cannot write %s/resume_00000030.nc.partial: File too large",
           directory);
  signal(SIGXFSZ, SIG_IGN);
  for (rlim_t limit = 1000; limit < size; limit += limit < size * 9 / 10 ? size / 12 : size / 200) {
    limit_file_size(limit);
    lore_status status = put_status(directory, 30);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(status, LORE_FILE);
    assert_string_equal(lore_fail_message(), message);
    expect_no_temporary(directory, 30);
    expect_step(20);
  }
  path_of(20, path);
  unlink(path);
  expect_step(10);
}

/* A disk with room for two and a half. */
static bool mount_small(char mounted[128], long long *kilobytes) {
  char path[128], options[32];
  put(10);
  path_of(10, path);
  *kilobytes = (long long)size_of(path) / 1024;
  snprintf(mounted, 128, "%s/full", directory);
  snprintf(options, sizeof options, "size=%lldk", *kilobytes * 5 / 2);
  mkdir(mounted, 0777);
  if (mount("tmpfs", mounted, "tmpfs", 0, options) == 0)
    return true;
  rmdir(mounted);
  return false;
}

static void fill_disk(const char *mounted, long long kilobytes) {
  char path[192], message[256];
  struct statvfs disk;
  assert_int_equal(put_status(mounted, 10), LORE_OK);
  assert_int_equal(put_status(mounted, 20), LORE_OK);
  snprintf(message, sizeof message,
           "cannot write %s/resume_00000030.nc.partial: No space left on device", mounted);
  assert_int_equal(put_status(mounted, 30), LORE_FILE);
  assert_string_equal(lore_fail_message(), message);
  expect_no_temporary(mounted, 30);
  assert_int_equal(get(mounted), 20);
  statvfs(mounted, &disk); /* the failed one occupies nothing */
  assert_true((long long)(disk.f_bavail * disk.f_frsize) / 1024 > kilobytes / 2 - 32);
  snprintf(path, sizeof path, "%s/resume_00000020.nc", mounted);
  unlink(path);
  assert_int_equal(get(mounted), 10);
  assert_int_equal(put_status(mounted, 30), LORE_OK); /* there is room again */
  assert_int_equal(get(mounted), 30);
}

static void test_full_disk(void **state) {
  (void)state;
  char mounted[128];
  long long kilobytes;
  if (!mount_small(mounted, &kilobytes))
    skip(); /* only root may mount */
  fill_disk(mounted, kilobytes);
  assert_int_equal(umount(mounted), 0); /* fails if a file is still open */
  rmdir(mounted);
}

/* Without reservation NetCDF is in the middle of the file. It may then keep it open, but empty. */
static void test_full_disk_without_reservation(void **state) {
  (void)state;
  char mounted[128];
  long long kilobytes;
  if (!mount_small(mounted, &kilobytes))
    skip();
  fallocate_missing = true;
  fill_disk(mounted, kilobytes);
  fallocate_missing = false;
  assert_int_equal(umount2(mounted, MNT_DETACH), 0);
  rmdir(mounted);
}

static void test_no_directory(void **state) {
  (void)state;
  char missing[128], message[256];
  snprintf(missing, sizeof missing, "%s/missing", directory);
  snprintf(message, sizeof message,
           "cannot create %s/resume_00000010.nc.partial: No such file or directory", missing);
  assert_int_equal(put_status(missing, 10), LORE_FILE);
  assert_string_equal(lore_fail_message(), message);
}

/* Some file systems find only then that they are full. */
static void test_flush_fails(void **state) {
  (void)state;
  char message[256];
  put(10);
  put(20);
  flushes_until_failure = 1;
  snprintf(message, sizeof message,
           "cannot flush %s/resume_00000030.nc.partial: No space left on device", directory);
  assert_int_equal(put_status(directory, 30), LORE_FILE);
  assert_string_equal(lore_fail_message(), message);
  expect_no_temporary(directory, 30);
  expect_step(20);
  flushes_until_failure = 2; /* with the seal */
  assert_int_equal(put_status(directory, 30), LORE_FILE);
  assert_string_equal(lore_fail_message(), message);
  expect_no_temporary(directory, 30);
  expect_step(20);
  flushes_until_failure = 3; /* the directory's: too late to take it back, but all are kept */
  assert_int_equal(put_status(directory, 30), LORE_FILE);
  char path[128];
  path_of(10, path);
  assert_int_equal(access(path, F_OK), 0);
  expect_step(30);
}

static void test_rename_fails(void **state) {
  (void)state;
  char path[128], message[256];
  put(20);
  path_of(30, path);
  mkdir(path, 0777);
  snprintf(message, sizeof message, "cannot put a new file at %s: Is a directory", path);
  assert_int_equal(put_status(directory, 30), LORE_FILE);
  assert_string_equal(lore_fail_message(), message);
  expect_no_temporary(directory, 30);
  rmdir(path);
  expect_step(20);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
  const struct CMUnitTest tests[] = {
      TEST(test_file_too_large), TEST(test_full_disk),    TEST(test_full_disk_without_reservation),
      TEST(test_flush_fails),    TEST(test_rename_fails), TEST(test_no_directory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
