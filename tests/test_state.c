/* State files and locks: what is written comes back, damage is noticed, and a lock ends with its
 * holder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lore/io/quote.h"
#include "lore/io/state.h"
#include "support/child.h"

static char directory[64], path[128];

static const lore_state example = {.stage = LORE_RUN_FAILED,
                                   .step = INT64_C(5000000000),
                                   .steps = INT64_C(6000000000),
                                   .ranks = 4,
                                   .threads = 2,
                                   .attempts = 3,
                                   .hash = UINT64_C(0x0123456789abcdef),
                                   .updated = 1700000000.125,
                                   .host = "node-1",
                                   .job = "1234_5",
                                   .message = "line: \"one\"\n\ttwo \\ # \xC3\xA9\x01"};

static int make_directory(void **state) {
  (void)state;
  strcpy(directory, "/tmp/lore_state_XXXXXX");
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/state.yaml", directory);
  return 0;
}

static int remove_directory(void **state) {
  (void)state;
  char lock[128];
  snprintf(lock, sizeof lock, "%s/lock", directory);
  unlink(path);
  unlink(lock);
  return rmdir(directory); /* fails if a temporary file was left behind */
}

static void write_text(const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void assert_same(const lore_state *a, const lore_state *b) {
  assert_int_equal(a->stage, b->stage);
  assert_true(a->step == b->step && a->steps == b->steps);
  assert_int_equal(a->ranks, b->ranks);
  assert_int_equal(a->threads, b->threads);
  assert_int_equal(a->attempts, b->attempts);
  assert_true(a->hash == b->hash);
  assert_true(a->updated == b->updated);
  assert_string_equal(a->host, b->host);
  assert_string_equal(a->job, b->job);
  assert_string_equal(a->message, b->message);
}

static void comes_back(void **unused) {
  (void)unused;
  lore_state state;
  for (int stage = LORE_RUN_WAITING; stage <= LORE_RUN_FAILED; stage++) {
    lore_state written = example;
    written.stage = (lore_run_stage)stage;
    assert_int_equal(lore_state_write(directory, &written), LORE_OK);
    assert_int_equal(lore_state_read(directory, &state), LORE_OK);
    assert_same(&state, &written);
  }
}

static void is_one_line_each(void **unused) {
  (void)unused;
  char text[4096];
  assert_int_equal(lore_state_write(directory, &example), LORE_OK);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  assert_non_null(strstr(text, "\nstate: failed\nstep: 5000000000\nsteps: 6000000000\n"));
  assert_non_null(strstr(text, "\nhash: 0123456789abcdef\n"));
  assert_non_null(strstr(text, "\nupdated: 1700000000.125\nhost: \"node-1\"\njob: \"1234_5\"\n"));
  assert_non_null(
      strstr(text, "\nmessage: \"line: \\\"one\\\"\\n\\u0009two \\\\ # \xC3\xA9\\u0001\"\n"));
}

static void longest_message_comes_back(void **unused) {
  (void)unused;
  lore_state written = example, state;
  memset(written.message, '\x01', sizeof written.message - 1);
  assert_int_equal(lore_state_write(directory, &written), LORE_OK);
  assert_int_equal(lore_state_read(directory, &state), LORE_OK);
  assert_same(&state, &written);
}

/* One that does not fit is left out whole, with all behind it. */
static void marks_of_direction_come_back(void **unused) {
  (void)unused;
  lore_state written = example, state;
  strcpy(written.message, "a\xE2\x80\xAE\xC2\x9Bz\xD8\x9C");
  assert_int_equal(lore_state_write(directory, &written), LORE_OK);
  assert_int_equal(lore_state_read(directory, &state), LORE_OK);
  assert_same(&state, &written);
  char text[4];
  assert_true(lore_quote_read("\"a\\u202ez\"", sizeof text, text));
  assert_string_equal(text, "a");
}

static void no_utf8_is_replaced(void **unused) {
  (void)unused;
  lore_state written = example, state;
  strcpy(written.message, "a\xC3(\xFF\xED\xA0\x80z\xE2\x82");
  assert_int_equal(lore_state_write(directory, &written), LORE_OK);
  assert_int_equal(lore_state_read(directory, &state), LORE_OK);
#define BAD "\xEF\xBF\xBD"
  assert_string_equal(state.message, "a" BAD "(" BAD BAD BAD BAD "z" BAD BAD);
}

static void no_file_is_waiting(void **unused) {
  (void)unused;
  lore_state state = example;
  assert_int_equal(lore_state_read(directory, &state), LORE_OK);
  assert_int_equal(state.stage, LORE_RUN_WAITING);
  assert_int_equal(state.step, 0);
  assert_string_equal(state.host, "");
}

static void later_keys_are_passed_over(void **unused) {
  (void)unused;
  lore_state state;
  write_text("# comment\n\nstate: done\nstep: 7\nsteps: 7\nmood: good\nranks: 1\nthreads: 1\n"
             "attempts: 1\nupdated: 5\nhost: \"h\"\njob: \"\"\nmessage: \"\"\n");
  assert_int_equal(lore_state_read(directory, &state), LORE_OK);
  assert_int_equal(state.stage, LORE_RUN_DONE);
  assert_int_equal(state.step, 7);
  assert_true(state.hash == 0); /* an earlier version has none */
}

static void damage_is_noticed(void **unused) {
  (void)unused;
  static const struct {
    const char *text, *message;
  } broken[] = {{"", "'state' is missing"},
                {"state: done\nstep: 7\n", "'steps' is missing"},
                {"state: happy\n", "line 1: 'happy' is not a value of 'state'"},
                {"state: done\nstep: 7x\n", "line 2: '7x' is not a value of 'step'"},
                {"step: -7\n", "line 1: '-7' is not a value of 'step'"},
                {"ranks: 3000000000\n", "is not a value of 'ranks'"},
                {"updated: \n", "is not a value of 'updated'"},
                {"host: node\n", "is not a value of 'host'"},
                {"message: \"a\\q\"\n", "is not a value of 'message'"},
                {"message: \"a\"b\n", "is not a value of 'message'"},
                {"message: \"a\n", "is not a value of 'message'"},
                {"state: done\nst", "line 2: truncated"},
                {"rubbish\n", "line 1: not of the form 'key: value'"}};
  lore_state state;
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    write_text(broken[i].text);
    assert_int_equal(lore_state_read(directory, &state), LORE_FILE);
    assert_non_null(strstr(lore_fail_message(), broken[i].message));
    assert_non_null(strstr(lore_fail_message(), path));
  }
}

/* Somebody writes all the time; no reader may ever see a half or a damaged file. */
static void read_while_replaced(void **unused) {
  (void)unused;
  lore_state state = example;
  assert_int_equal(lore_state_write(directory, &state), LORE_OK);
  pid_t child = fork_child();
  if (child == 0) {
    for (int64_t step = 0;; step++) {
      state.step = state.steps = step;
      memset(state.message, 'a' + (int)(step % 26), (size_t)(step % 1000));
      state.message[step % 1000] = '\0';
      if (lore_state_write(directory, &state) != LORE_OK)
        _exit(1);
    }
  }
  int changes = 0;
  int64_t before = -1;
  for (int i = 0; i < 20000; i++) {
    assert_int_equal(lore_state_read(directory, &state), LORE_OK);
    assert_true(state.step == state.steps || state.step == example.step);
    if (state.step != example.step) {
      assert_true(state.step >= before);
      assert_int_equal(strlen(state.message), state.step % 1000);
      changes += state.step != before;
      before = state.step;
    }
  }
  kill_child(child);
  assert_true(changes > 1);
  char partial[160];
  snprintf(partial, sizeof partial, "%s.partial", path);
  unlink(partial);
}

static void failed_write_keeps_the_old(void **unused) {
  (void)unused;
  lore_state state;
  char partial[160];
  snprintf(partial, sizeof partial, "%s.partial", path);
  assert_int_equal(lore_state_write(directory, &example), LORE_OK);
  assert_int_equal(mkdir(partial, 0700), 0);
  lore_state changed = example;
  changed.step = 1;
  assert_int_equal(lore_state_write(directory, &changed), LORE_FILE);
  assert_non_null(strstr(lore_fail_message(), "cannot write"));
  rmdir(partial);
  assert_int_equal(lore_state_read(directory, &state), LORE_OK);
  assert_same(&state, &example);
}

static void lock_is_exclusive(void **unused) {
  (void)unused;
  char holder[LORE_STATE_TEXT], host[LORE_STATE_TEXT] = "", expected[2 * LORE_STATE_TEXT];
  int first, second;
  assert_false(lore_state_locked(directory));
  assert_int_equal(lore_state_lock(directory, &first, holder), LORE_OK);
  assert_true(first >= 0);
  assert_true(lore_state_locked(directory));
  assert_int_equal(lore_state_lock(directory, &second, holder), LORE_OK);
  assert_int_equal(second, -1);
  gethostname(host, sizeof host - 17);
  snprintf(expected, sizeof expected, "%s %ld", host, (long)getpid());
  assert_string_equal(holder, expected);
  lore_state_unlock(first);
  assert_false(lore_state_locked(directory));
  assert_int_equal(lore_state_lock(directory, &second, holder), LORE_OK);
  assert_true(second >= 0);
  lore_state_unlock(second);
}

static void no_directory_cannot_be_locked(void **unused) {
  (void)unused;
  char holder[LORE_STATE_TEXT];
  int lock;
  assert_int_equal(lore_state_lock("/tmp/lore_no_such_directory", &lock, holder), LORE_FILE);
  assert_int_equal(lock, -1);
  assert_non_null(strstr(lore_fail_message(), "/tmp/lore_no_such_directory/lock"));
  assert_false(lore_state_locked("/tmp/lore_no_such_directory"));
}

/* Such a device never ends. */
static void lock_is_a_regular_file(void **unused) {
  (void)unused;
  char path[128], holder[LORE_STATE_TEXT];
  int lock;
  snprintf(path, sizeof path, "%s/lock", directory);
  assert_int_equal(symlink("/dev/zero", path), 0);
  assert_int_equal(lore_state_lock(directory, &lock, holder), LORE_FILE);
  assert_non_null(strstr(lore_fail_message(), "/lock: it is not a regular file"));
  assert_false(lore_state_died(directory));
  assert_false(lore_state_locked(directory));
  assert_int_equal(unlink(path), 0);
}

static void lock_ends_with_its_holder(void **unused) {
  (void)unused;
  char holder[LORE_STATE_TEXT], byte, pid[32];
  int lock, ready[2];
  assert_int_equal(pipe(ready), 0);
  pid_t child = fork_child();
  if (child == 0) {
    if (lore_state_lock(directory, &lock, holder) != LORE_OK || lock < 0 ||
        write(ready[1], "x", 1) != 1)
      _exit(1);
    for (;;)
      pause();
  }
  close(ready[1]);
  assert_int_equal(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  assert_true(lore_state_locked(directory));
  assert_int_equal(lore_state_lock(directory, &lock, holder), LORE_OK);
  assert_int_equal(lock, -1);
  snprintf(pid, sizeof pid, " %ld", (long)child);
  assert_non_null(strstr(holder, pid));
  kill_child(child);
  assert_false(lore_state_locked(directory));
  assert_int_equal(lore_state_lock(directory, &lock, holder), LORE_OK);
  assert_true(lock >= 0);
  lore_state_unlock(lock);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_directory, remove_directory)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(comes_back),
                                     TEST(is_one_line_each),
                                     TEST(longest_message_comes_back),
                                     TEST(no_utf8_is_replaced),
                                     TEST(marks_of_direction_come_back),
                                     TEST(no_file_is_waiting),
                                     TEST(later_keys_are_passed_over),
                                     TEST(damage_is_noticed),
                                     TEST(read_while_replaced),
                                     TEST(failed_write_keeps_the_old),
                                     TEST(lock_is_exclusive),
                                     TEST(lock_is_a_regular_file),
                                     TEST(no_directory_cannot_be_locked),
                                     TEST(lock_ends_with_its_holder)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
