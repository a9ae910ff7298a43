/* Status, log, clock, arena, random streams and requests to stop. */
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lore/base/arena.h"
#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/memory.h"
#include "lore/base/random.h"
#include "lore/base/status.h"
#include "lore/base/stop.h"
#include "lore/base/threads.h"

static lore_random test_stream(uint64_t sequence) {
  return lore_random_stream(20260101, LORE_RANDOM_TEST, 0, sequence);
}

/* Observed counts against equal probabilities: about standard normal (Wilson and Hilferty 1931). */
static double uniformity(const int *observed, int bins, int draws) {
  double expected = (double)draws / bins, statistic = 0, freedom = bins - 1;
  for (int i = 0; i < bins; i++)
    statistic += (observed[i] - expected) * (observed[i] - expected) / expected;
  double variance = 2 / (9 * freedom);
  return (cbrt(statistic / freedom) - (1 - variance)) / sqrt(variance);
}

static void assert_uniform(const int *observed, int bins, int draws) {
  double deviation = uniformity(observed, bins, draws);
  if (fabs(deviation) > 4)
    fail_msg("chi-square is %.1f standard deviations off", deviation);
}

/* The vectors for philox4x32 10 in Random123's kat_vectors. */
static void philox_known_answers(void **state) {
  (void)state;
  static const struct {
    uint32_t counter[4], key[2], words[4];
  } answers[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
       {UINT32_MAX, UINT32_MAX},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    lore_random stream = {.used = 4};
    memcpy(stream.counter, answers[i].counter, sizeof stream.counter);
    memcpy(stream.key, answers[i].key, sizeof stream.key);
    for (int j = 0; j < 4; j++)
      assert_int_equal(lore_random_word(&stream), answers[i].words[j]);
  }
}

/* Where seed, purpose, step and sequence go is part of the data format. */
static void stream_layout(void **state) {
  (void)state;
  lore_random stream = lore_random_stream(0x299f31d0a4093822, (lore_random_purpose)0x0370,
                                          0x13198a2e, 0x734485a308d3);
  stream.counter[0] = 0x243f6a88;
  assert_int_equal(lore_random_word(&stream), 0xd16cfe09);
  lore_random first = lore_random_stream(0, LORE_RANDOM_NAMES, 0, 0);
  assert_int_equal(first.counter[0], 0);
  assert_int_equal(first.counter[3], LORE_RANDOM_NAMES << 16);
}

/* Streams drawn in another order, or interleaved, give the same words. */
static void streams_ignore_order(void **state) {
  (void)state;
  enum { STREAMS = 16, DRAWS = 23 };
  static uint32_t in_order[STREAMS][DRAWS];
  for (int i = 0; i < STREAMS; i++) {
    lore_random stream = test_stream(i);
    for (int j = 0; j < DRAWS; j++)
      in_order[i][j] = lore_random_word(&stream);
  }
  lore_random streams[STREAMS];
  for (int i = STREAMS - 1; i >= 0; i--)
    streams[i] = test_stream(i);
  for (int j = 0; j < DRAWS; j++)
    for (int i = STREAMS - 1; i >= 0; i--)
      assert_int_equal(lore_random_word(&streams[i]), in_order[i][j]);
}

static void streams_differ(void **state) {
  (void)state;
  lore_random streams[] = {
      lore_random_stream(1, LORE_RANDOM_TEST, 1, 1),
      lore_random_stream(2, LORE_RANDOM_TEST, 1, 1),
      lore_random_stream(1 + (1ull << 32), LORE_RANDOM_TEST, 1, 1),
      lore_random_stream(1, LORE_RANDOM_NAMES, 1, 1),
      lore_random_stream(1, LORE_RANDOM_TEST, 2, 1),
      lore_random_stream(1, LORE_RANDOM_TEST, 1, 2),
      lore_random_stream(1, LORE_RANDOM_TEST, 1, 1 + (1ull << 32)),
  };
  enum { STREAMS = sizeof streams / sizeof *streams };
  uint32_t words[STREAMS];
  for (int i = 0; i < STREAMS; i++) {
    words[i] = lore_random_word(&streams[i]);
    for (int j = 0; j < i; j++)
      assert_int_not_equal(words[i], words[j]);
  }
}

static void below_is_uniform(void **state) {
  (void)state;
  enum { DRAWS = 100000 };
  static const uint32_t bounds[] = {1, 2, 7, 10, 64, 800};
  lore_random stream = test_stream(1);
  for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
    int observed[800] = {0};
    for (int draw = 0; draw < DRAWS; draw++) {
      uint32_t value = lore_random_below(&stream, bounds[i]);
      assert_true(value < bounds[i]);
      observed[value]++;
    }
    if (bounds[i] > 1)
      assert_uniform(observed, bounds[i], DRAWS);
  }
}

/* Scaling without rejection would give every third value twice as often. */
static void below_has_no_bias(void **state) {
  (void)state;
  enum { DRAWS = 30000 };
  lore_random stream = test_stream(2);
  int observed[3] = {0};
  for (int draw = 0; draw < DRAWS; draw++)
    observed[lore_random_below(&stream, 3u << 30) % 3]++;
  assert_uniform(observed, 3, DRAWS);
}

/* First draws of neighbouring sequences are as random as draws of one stream. */
static void neighbours_are_independent(void **state) {
  (void)state;
  enum { DRAWS = 100000, SIDE = 16 };
  int pairs[SIDE * SIDE] = {0};
  for (int i = 0; i < DRAWS; i++) {
    lore_random here = test_stream(i), next = test_stream(i + 1);
    pairs[lore_random_below(&here, SIDE) * SIDE + lore_random_below(&next, SIDE)]++;
  }
  assert_uniform(pairs, SIDE * SIDE, DRAWS);
}

static void uniform_fills_its_bits(void **state) {
  (void)state;
  enum { DRAWS = 100000, BINS = 64 };
  lore_random stream = test_stream(3);
  int high[BINS] = {0}, low[BINS] = {0};
  for (int draw = 0; draw < DRAWS; draw++) {
    double value = lore_random_uniform(&stream);
    assert_true(value >= 0 && value < 1);
    uint64_t bits = (uint64_t)(value * 0x1p53);
    assert_true((double)bits * 0x1p-53 == value);
    high[bits >> 47]++;
    low[bits % BINS]++;
  }
  assert_uniform(high, BINS, DRAWS);
  assert_uniform(low, BINS, DRAWS);
}

static void normal_moments(void **state) {
  (void)state;
  enum { DRAWS = 1000000, BINS = 50 };
  lore_random stream = test_stream(4);
  double sum[5] = {0};
  int observed[BINS] = {0};
  for (int draw = 0; draw < DRAWS; draw++) {
    double value = lore_random_normal(&stream), power = 1;
    for (int i = 1; i <= 4; i++)
      sum[i] += power *= value;
    int bin = (int)(BINS * 0.5 * erfc(-value * M_SQRT1_2));
    observed[bin < BINS ? bin : BINS - 1]++;
  }
  static const double moment[5] = {1, 0, 1, 0, 3}, variance[5] = {0, 1, 2, 15, 96};
  for (int i = 1; i <= 4; i++)
    assert_true(fabs(sum[i] / DRAWS - moment[i]) < 4 * sqrt(variance[i] / DRAWS));
  assert_uniform(observed, BINS, DRAWS);
}

static void permutation_is_uniform(void **state) {
  (void)state;
  enum { DRAWS = 48000 };
  lore_random stream = test_stream(5);
  int observed[256] = {0}, by_permutation[24], permutations = 0;
  for (int draw = 0; draw < DRAWS; draw++) {
    uint32_t order[4];
    lore_random_permutation(&stream, 4, order);
    observed[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
  }
  for (int i = 0; i < 256; i++)
    if (observed[i] > 0 && permutations < 24)
      by_permutation[permutations++] = observed[i];
  assert_int_equal(permutations, 24);
  assert_uniform(by_permutation, 24, DRAWS);
}

static void permutation_holds_all(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  lore_random stream = test_stream(6);
  uint32_t order[COUNT];
  bool seen[COUNT] = {false};
  lore_random_permutation(&stream, COUNT, order);
  for (int i = 0; i < COUNT; i++) {
    assert_true(order[i] < COUNT && !seen[order[i]]);
    seen[order[i]] = true;
  }
  lore_random_permutation(&stream, 0, NULL);
}

enum { PIECES = 5 };
static const size_t piece_counts[PIECES] = {3, 1000, 0, 1, 700001};
static const size_t piece_sizes[PIECES] = {1, sizeof(float), 8, 24, sizeof(double)};

static void take_pieces(lore_arena *arena, char **pieces) {
  for (int i = 0; i < PIECES; i++)
    pieces[i] = lore_arena_take(arena, piece_counts[i], piece_sizes[i]);
}

static void arena_counts_what_it_takes(void **state) {
  (void)state;
  lore_arena counting = {0}, arena;
  char *pieces[PIECES];
  take_pieces(&counting, pieces);
  for (int i = 0; i < PIECES; i++)
    assert_null(pieces[i]);
  assert_int_equal(counting.used, 64 + 4032 + 64 + 700001 * 8);
  lore_arena_destroy(&counting);
  assert_int_equal(counting.used, 64 + 4032 + 64 + 700001 * 8);

  assert_int_equal(lore_arena_create(&arena, counting.used), LORE_OK);
  take_pieces(&arena, pieces);
  assert_int_equal(arena.used, counting.used);
  assert_int_equal((uintptr_t)arena.base % (2 << 20), 0);
  for (int i = 0; i < PIECES; i++) {
    size_t bytes = piece_counts[i] * piece_sizes[i];
    assert_int_equal((uintptr_t)pieces[i] % LORE_ALIGNMENT, 0);
    for (size_t j = 0; j < bytes; j++)
      assert_int_equal(pieces[i][j], 0);
    memset(pieces[i], i + 1, bytes);
  }
  for (int i = 0; i < PIECES; i++)
    for (size_t j = 0; j < piece_counts[i] * piece_sizes[i]; j++)
      assert_int_equal(pieces[i][j], i + 1);
  lore_arena_destroy(&arena);
  assert_null(arena.base);
  lore_arena_destroy(&arena);
}

static void arena_refuses_what_is_not_there(void **state) {
  (void)state;
  struct sysinfo system;
  assert_int_equal(sysinfo(&system), 0);
  size_t too_much = ((size_t)system.totalram * system.mem_unit) + ((size_t)1 << 30);
  lore_arena arena;
  assert_int_equal(lore_arena_create(&arena, too_much), LORE_MEMORY);
  assert_null(arena.base);
  char size[32];
  snprintf(size, sizeof size, "%.2f GiB", (double)too_much / 0x1p30);
  assert_non_null(strstr(lore_fail_message(), size));
}

/* Sizes beyond 2^64 bytes, as wild settings give, are refused and do not wrap around. */
static void arena_counting_saturates(void **state) {
  (void)state;
  lore_arena counting = {0}, arena;
  lore_arena_take(&counting, SIZE_MAX / 2, 3);
  lore_arena_take(&counting, 1, 1);
  assert_true(counting.used == SIZE_MAX);
  assert_int_equal(lore_arena_create(&arena, counting.used), LORE_MEMORY);
}

static void arena_overrun_is_a_bug(void **state) {
  (void)state;
#ifdef NDEBUG
  skip();
#endif
  lore_arena arena;
  assert_int_equal(lore_arena_create(&arena, 128), LORE_OK);
  assert_non_null(lore_arena_take(&arena, 2, 64));
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    fclose(stderr);
    signal(SIGABRT, SIG_DFL);
    lore_arena_take(&arena, 1, 1);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  lore_arena_destroy(&arena);
}

static void status_messages(void **state) {
  (void)state;
  assert_int_equal(lore_fail(LORE_FILE, "cannot open %s", "metrics.nc"), LORE_FILE);
  assert_string_equal(lore_fail_message(), "cannot open metrics.nc");
  assert_int_equal(lore_fail_context(LORE_FILE, "run %d", 7), LORE_FILE);
  assert_string_equal(lore_fail_message(), "run 7: cannot open metrics.nc");
  assert_int_equal(lore_fail(LORE_USER, "(%s)", lore_fail_message()), LORE_USER);
  assert_string_equal(lore_fail_message(), "(run 7: cannot open metrics.nc)");

  static char line[6000];
  memset(line, 'x', sizeof line - 1);
  lore_fail(LORE_USER, "%s", line);
  size_t length = strlen(lore_fail_message());
  assert_true(length > 1000 && length < sizeof line);
  lore_fail_context(LORE_USER, "here");
  assert_int_equal(strncmp(lore_fail_message(), "here: xxx", 9), 0);
  lore_fail_context(LORE_USER, "%s", line);
  assert_int_equal(strlen(lore_fail_message()), length);
}

static void status_codes(void **state) {
  (void)state;
  assert_int_equal(lore_status_exit_code(LORE_OK), 0);
  assert_int_equal(lore_status_exit_code(LORE_USER), 2);
  assert_int_equal(lore_status_exit_code(LORE_MPI), 1);
  assert_int_equal(lore_status_exit_code(LORE_STOPPED), 75);
  assert_string_equal(lore_status_text(LORE_DIVERGED), "training diverged");
}

static lore_status passed_on(lore_status status) {
  LORE_TRY(status);
  return LORE_STOPPED;
}

static void status_try(void **state) {
  (void)state;
  assert_int_equal(passed_on(LORE_OK), LORE_STOPPED);
  assert_int_equal(passed_on(LORE_NETCDF), LORE_NETCDF);
}

/* What the log writes to stderr when `speak` runs. `size` bytes at `text`. */
static void capture(void (*speak)(void), char *text, size_t size) {
  FILE *file = tmpfile();
  assert_non_null(file);
  fflush(stderr);
  int saved = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  speak();
  fflush(stderr);
  dup2(saved, STDERR_FILENO);
  close(saved);
  rewind(file);
  text[fread(text, 1, size - 1, file)] = '\0';
  fclose(file);
}

static void speak_all(void) {
  lore_info("step %d", 1);
  lore_warn("odd");
  lore_error("bad");
  lore_error_rank("here");
}

static void log_lines(void **state) {
  (void)state;
  char text[512];
  capture(speak_all, text, sizeof text);
  assert_string_equal(text, "lore: step 1\nlore: warning: odd\nlore: error: bad\n"
                            "lore: error: rank 0: here\n");
  lore_log_set_rank(3);
  capture(speak_all, text, sizeof text);
  lore_log_set_rank(0);
  assert_string_equal(text, "lore: error: rank 3: here\n");
}

static void clocks(void **state) {
  (void)state;
  double start = lore_clock_seconds();
  usleep(20000);
  double passed = lore_clock_seconds() - start;
  assert_true(passed >= 0.02 && passed < 5);
  char text[21];
  lore_clock_utc(text, sizeof text);
  int year, month, day, hour, minute, second;
  assert_int_equal(
      sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &year, &month, &day, &hour, &minute, &second), 6);
  assert_int_equal(strlen(text), 20);
  assert_true(year >= 2025 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
}

/* The next run of a process has as many processors as the first. */
static void tied_threads_do_not_count_less(void **state) {
  (void)state;
  int allowed = lore_threads_allowed();
  unsigned long mask = lore_threads_mask();
  cpu_set_t before, after;
  assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
  assert_int_equal(lore_threads_pin(allowed), LORE_OK);
  assert_int_equal(lore_threads_allowed(), allowed);
  assert_true(lore_threads_mask() == mask);
  assert_int_equal(lore_threads_pin(allowed + 1),
                   LORE_OK); /* not as many as processors: nobody is tied */
  assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
  assert_true(CPU_EQUAL(&before, &after));
}

/* Last: this process is told to stop. */
static void followers_leave_their_mark(void **state) {
  (void)state;
  FILE *file = tmpfile();
  char marks[3] = "";
  assert_non_null(file);
  assert_int_equal(pwrite(fileno(file), "..", 2, 0), 2);
  lore_stop_mark(fileno(file), 1);
  assert_false(lore_stop_wanted(0));
  assert_int_equal(pread(fileno(file), marks, 2, 0), 2);
  assert_string_equal(marks, "..");
  lore_stop_follow();
  assert_int_equal(pread(fileno(file), marks, 2, 0), 2);
  assert_string_equal(marks, ".!");
  assert_true(lore_stop_wanted(0));
  lore_stop_mark(-1, 0);
  fclose(file);
}

static void write_text(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

/* Bytes that made-up control groups leave. Their folders are made in a new one. */
static void control_groups_leave_what_is_not_used(void **state) {
  (void)state;
  char root[] = "/tmp/lore_groups_XXXXXX", *here = getcwd(NULL, 0);
  assert_non_null(here);
  assert_non_null(mkdtemp(root));
  assert_int_equal(chdir(root), 0);
  const char *const file[] = {"version_1",
                              "version_2",
                              "job/memory.max",
                              "job/memory.current",
                              "job/memory.stat",
                              "job/step/memory.max",
                              "memory/job/memory.limit_in_bytes",
                              "memory/job/memory.usage_in_bytes",
                              "memory/job/memory.stat"};
  const char *const folder[] = {"job", "job/step", "memory", "memory/job"};
  for (int i = 0; i < 4; i++)
    assert_int_equal(mkdir(folder[i], 0700), 0);
  write_text("version_2", "0::/job/step\n");
  assert_true(lore_memory_of_groups("version_2", ".") == SIZE_MAX);
  assert_true(lore_memory_of_groups("nowhere", ".") == SIZE_MAX);
  write_text("job/step/memory.max", "max\n");
  write_text("job/memory.max", "1000\n");
  assert_true(lore_memory_of_groups("version_2", ".") == 1000);
  write_text("job/memory.current", "900\n");
  assert_true(lore_memory_of_groups("version_2", ".") == 100);
  write_text("job/memory.stat", "anon 700\nfile 190\ninactive_file 150\nactive_file 40\nslab 10\n");
  assert_true(lore_memory_of_groups("version_2", ".") == 290);
  write_text("job/step/memory.max", "200\n"); /* and nothing used: the tighter one counts */
  assert_true(lore_memory_of_groups("version_2", ".") == 200);
  write_text("job/memory.current", "2000\n");
  assert_true(lore_memory_of_groups("version_2", ".") == 0);
  write_text("version_1", "9:cpuset:/\n7:memory:/job\n");
  write_text("memory/job/memory.limit_in_bytes", "1000\n");
  write_text("memory/job/memory.usage_in_bytes", "800\n");
  write_text("memory/job/memory.stat", "cache 90\nactive_file 9\ntotal_active_file 50\n");
  assert_true(lore_memory_of_groups("version_1", ".") == 250);
  for (size_t i = 0; i < sizeof file / sizeof *file; i++)
    assert_int_equal(unlink(file[i]), 0);
  for (int i = 3; i >= 0; i--)
    assert_int_equal(rmdir(folder[i]), 0);
  assert_int_equal(chdir(here), 0);
  assert_int_equal(rmdir(root), 0);
  free(here);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(philox_known_answers),
      cmocka_unit_test(tied_threads_do_not_count_less),
      cmocka_unit_test(stream_layout),
      cmocka_unit_test(streams_ignore_order),
      cmocka_unit_test(streams_differ),
      cmocka_unit_test(below_is_uniform),
      cmocka_unit_test(below_has_no_bias),
      cmocka_unit_test(neighbours_are_independent),
      cmocka_unit_test(uniform_fills_its_bits),
      cmocka_unit_test(normal_moments),
      cmocka_unit_test(permutation_is_uniform),
      cmocka_unit_test(permutation_holds_all),
      cmocka_unit_test(control_groups_leave_what_is_not_used),
      cmocka_unit_test(arena_counts_what_it_takes),
      cmocka_unit_test(arena_refuses_what_is_not_there),
      cmocka_unit_test(arena_counting_saturates),
      cmocka_unit_test(arena_overrun_is_a_bug),
      cmocka_unit_test(status_messages),
      cmocka_unit_test(status_codes),
      cmocka_unit_test(status_try),
      cmocka_unit_test(log_lines),
      cmocka_unit_test(clocks),
      cmocka_unit_test(followers_leave_their_mark),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
