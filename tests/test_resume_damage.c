/* Resume points that are damaged or whose writer was killed: there is always a whole one, and
 * nothing else is ever taken for it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lore/base/log.h"
#include "support/attribute.h"
#include "support/resume_fixture.h"

enum { FLIPS = 300, LENGTHS = 150, KILLS = 50, LONGEST_MICROSECONDS = 30000 };

static unsigned seed;
static int said; /* a copy of stderr */

/* Stands in for the system call: this many reads find a bad block. */
static int bad_reads;
ssize_t pread(int fd, void *bytes, size_t count, off_t at) {
  if (bad_reads > 0 && bad_reads--) {
    errno = EIO;
    return -1;
  }
  return syscall(SYS_pread64, fd, bytes, count, at);
}

/* What is read, with stderr in `text`. */
static int64_t get_and_listen(const char *at, char text[1024]) {
  FILE *file = tmpfile();
  fflush(stderr);
  said = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  int64_t step = get(at);
  dup2(said, STDERR_FILENO);
  close(said);
  rewind(file);
  memset(text, 0, 1024);
  fread(text, 1, 1023, file);
  fclose(file);
  return step;
}

/* That 20 is found damaged, for this reason, and 10 is used. */
static void expect_previous(const char *reason) {
  char text[1024], expected[1024], path[128], previous[128];
  path_of(20, path);
  path_of(10, previous);
  assert_int_equal(get_and_listen(directory, text), 10);
  snprintf(expected, sizeof expected,
           "lore: warning: %s\nlore: warning: using the checkpoint before it, %s\n", reason,
           previous);
  assert_string_equal(text, expected);
}

static void expect_damage(void) {
  char path[128], reason[256];
  path_of(20, path);
  snprintf(reason, sizeof reason,
           "%s is truncated, damaged or no checkpoint: its checksum is wrong", path);
  expect_previous(reason);
}

static void test_flipped_bits(void **state) {
  (void)state;
  char path[128];
  put(10);
  put(20);
  path_of(20, path);
  off_t size = size_of(path);
  int fd = open(path, O_RDWR);
  for (int i = 0; i < FLIPS; i++) {
    unsigned char byte;
    /* Every third in the header, which is small. */
    off_t at = rand_r(&seed) % (i % 3 ? size : 8192);
    int bit = rand_r(&seed) % 8;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= (unsigned char)(1 << bit);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    expect_damage();
    byte ^= (unsigned char)(1 << bit);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
  }
  close(fd);
  expect_step(20);
}

static void test_truncated(void **state) {
  (void)state;
  char path[128];
  put(10);
  put(20);
  path_of(20, path);
  off_t size = size_of(path);
  for (int i = 0; i < LENGTHS && size > 0; i++) {
    size = i < 20 ? size - 1 : rand_r(&seed) % size;
    assert_int_equal(truncate(path, size), 0);
    expect_damage();
  }
  assert_int_equal(truncate(path, 0), 0);
  expect_damage();
  assert_int_equal(truncate(path, 100000), 0); /* zeros: a file that a power cut left */
  expect_damage();
}

static void test_unreadable(void **state) {
  (void)state;
  char path[128], reason[256];
  put(10);
  put(20);
  path_of(20, path);
  snprintf(reason, sizeof reason, "cannot open %s: Input/output error", path);
  bad_reads = 1;
  expect_previous(reason);
  unlink(path);
  mkdir(path, 0777);
  snprintf(reason, sizeof reason, "cannot open %s: Is a directory", path);
  expect_previous(reason);
  rmdir(path);
}

/* A right checksum does not make a number right. */
static void test_wild_numbers(void **state) {
  (void)state;
  static const char *const counts[] = {"step", "resume_tokens_seen", "resume_loss_tokens",
                                       "resume_records", "resume_widened_at"};
  static const double wild[] = {-5, 0.5, NAN, INFINITY, 1e300, 9007199254740992.0};
  char path[128], reason[256];
  for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
      put(10);
      put(20);
      path_of(20, path);
      assert_int_equal(attribute_put_number(path, counts[c], wild[i]), 0);
      attribute_seal(path);
      snprintf(reason, sizeof reason, "cannot read %s of %s: " WILD, counts[c], path);
      expect_previous(reason);
      lore_resume_remove(directory);
    }
}

static void test_other_step(void **state) {
  (void)state;
  char path[128], reason[256];
  put(10);
  put(20);
  path_of(20, path);
  assert_int_equal(attribute_put_number(path, "step", 19), 0);
  attribute_seal(path);
  snprintf(reason, sizeof reason, "%s says that it is of step 19", path);
  expect_previous(reason);
}

static void test_all_damaged(void **state) {
  (void)state;
  char text[1024], expected[1024], first[128], second[128];
  put(10);
  put(20);
  path_of(10, first);
  path_of(20, second);
  truncate(first, 5000);
  truncate(second, 6000);
  assert_int_equal(get_and_listen(directory, text), 0);
  static const char why[] = "is truncated, damaged or no checkpoint: its checksum is wrong";
  snprintf(expected, sizeof expected,
           "lore: warning: %s %s\nlore: warning: %s %s\n"
           "lore: warning: no checkpoint in %s is whole\n",
           second, why, first, why, directory);
  assert_string_equal(text, expected);
}

/* A child that writes one after the other and reports each. */
static pid_t start_writer(int64_t step, int pipe_end) {
  pid_t child = fork();
  if (child != 0)
    return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) {
    step++;
    if (put_status(directory, step) != LORE_OK ||
        write(pipe_end, &step, sizeof step) != sizeof step)
      _exit(1);
  }
}

static void test_killed(void **state) {
  (void)state;
  int64_t step = 0;
  int temporaries = 0, unreported = 0, longest_microseconds = LONGEST_MICROSECONDS;
  for (int i = 0; i < KILLS; i++) {
    int ends[2], status;
    int64_t reported = step;
    assert_int_equal(pipe(ends), 0);
    pid_t child = start_writer(step, ends[1]);
    close(ends[1]);
    usleep((useconds_t)(rand_r(&seed) % longest_microseconds));
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    while (read(ends[0], &step, sizeof step) == sizeof step)
      reported = step;
    close(ends[0]);
    char path[128], partial[160];
    path_of(reported + 1, path);
    snprintf(partial, sizeof partial, "%s.partial", path);
    temporaries += access(partial, F_OK) == 0;
    if (temporaries == 0) /* a busy machine needs longer to begin one */
      longest_microseconds += longest_microseconds / 4;
    step = get(directory);
    assert_true(step == reported || step == reported + 1);
    unreported += step != reported;
    assert_int_not_equal(access(partial, F_OK), 0);
  }
  print_message("%d kills, step %lld, %d temporary files left, %d complete but not reported\n",
                KILLS, (long long)step, temporaries, unreported);
  assert_true(temporaries > 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
  const struct CMUnitTest tests[] = {
      TEST(test_flipped_bits), TEST(test_truncated),  TEST(test_unreadable),
      TEST(test_wild_numbers), TEST(test_other_step), TEST(test_all_damaged),
      TEST(test_killed),
  };
  lore_log_set_rank(3); /* the leader of a run may be any rank: its warnings are seen */
  seed = (unsigned)time(NULL);
  print_message("seed %u\n", seed);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
