/* A writer that is killed at a random moment leaves a file that opens and is whole, and a reader
 * beside it never sees less. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/child.h"
#include "support/metrics_check.h"

enum {
  PAGE = 4096,
  PAGES_TRIED = 200,
  KILLS = 60,
  LONGEST_MICROSECONDS = 40000,
  RECORDS_MOST = 100000
};

static char directory[64], path[128];

/* Stands in for the system call: ends the process after so many pages (0: never), as the kernel
 * looks for fatal signals after each page that it copies. */
static int pages_to_live;
ssize_t write(int fd, const void *bytes, size_t count) {
  off_t at = lseek(fd, 0, SEEK_CUR);
  size_t done = 0;
  while (pages_to_live > 0 && done < count) {
    size_t left = count - done, page = PAGE - (size_t)(at + (off_t)done) % PAGE;
    done += (size_t)syscall(SYS_write, fd, (const char *)bytes + done, left < page ? left : page);
    if (--pages_to_live == 0)
      _exit(0);
  }
  if (done < count)
    done += (size_t)syscall(SYS_write, fd, (const char *)bytes + done, count - done);
  return (ssize_t)done;
}

static int make_directory(void **state) {
  (void)state;
  strcpy(directory, "/tmp/lore_kill_XXXXXX");
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/metrics.nc", directory);
  return 0;
}

static int remove_directory(void **state) {
  (void)state;
  char partial[160];
  snprintf(partial, sizeof partial, "%s.partial", path);
  unlink(partial);
  unlink(path);
  return rmdir(directory);
}

static pid_t start_writer(void) {
  unlink(path);
  pid_t child = fork_child();
  if (child != 0)
    return child;
  lore_metrics_definition definition = fixture_definition();
  lore_metrics *metrics;
  if (lore_metrics_create(path, &definition, &metrics) != LORE_OK)
    _exit(1);
  if (fixture_append(metrics, 0, RECORDS_MOST) == LORE_OK)
    pause();
  _exit(1);
}

static void wait_for_file(void) {
  while (access(path, F_OK))
    usleep(50);
}

static void test_killed_writer(void **state) {
  (void)state;
  unsigned seed = (unsigned)time(NULL);
  int most = 0, none = 0, longest_microseconds = LONGEST_MICROSECONDS;
  print_message("seed %u\n", seed);
  for (int i = 0; i < KILLS; i++) {
    pid_t child = start_writer();
    wait_for_file();
    /* Shorter waits are likelier: the first records share their moment with the rename. */
    double uniform = (double)rand_r(&seed) / RAND_MAX;
    usleep((useconds_t)(uniform * uniform * longest_microseconds));
    kill_child(child);
    int records = metrics_check(path);
    assert_true(records >= 0);
    most = records > most ? records : most;
    if (most <= 10) /* a busy machine needs longer for as many */
      longest_microseconds += longest_microseconds / 4;
    none += records == 0;
  }
  print_message("%d kills, up to %d records, %d files without any\n", KILLS, most, none);
  assert_true(most > 10);
}

/* Killed before the rename: no file, or a whole one. */
static void test_killed_while_creating(void **state) {
  (void)state;
  unsigned seed = (unsigned)time(NULL);
  for (int i = 0; i < KILLS; i++) {
    pid_t child = start_writer();
    usleep((useconds_t)(rand_r(&seed) % 2000));
    kill_child(child);
    assert_true(access(path, F_OK) || metrics_check(path) >= 0);
  }
}

/* Every moment at which a signal can cut the first records short, one after the other. */
static void test_stopped_after_each_page(void **state) {
  (void)state;
  int records = 0;
  for (int pages = 1; pages <= PAGES_TRIED; pages++) {
    pages_to_live = pages;
    pid_t child = start_writer();
    pages_to_live = 0;
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    int now = access(path, F_OK) ? 0 : metrics_check(path);
    assert_true(now == records || now == records + 1);
    records = now;
  }
  assert_true(records > FIXTURE_PLATEAU_TO);
}

static void test_reader_beside_writer(void **state) {
  (void)state;
  pid_t child = start_writer();
  wait_for_file();
  int records = 0;
  for (int i = 0; i < 300; i++) {
    int now = metrics_check_last(path, 20);
    assert_true(now >= records);
    records = now;
  }
  kill_child(child);
  assert_true(records > 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_killed_writer, make_directory, remove_directory),
      cmocka_unit_test_setup_teardown(test_killed_while_creating, make_directory, remove_directory),
      cmocka_unit_test_setup_teardown(test_stopped_after_each_page, make_directory,
                                      remove_directory),
      cmocka_unit_test_setup_teardown(test_reader_beside_writer, make_directory, remove_directory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
