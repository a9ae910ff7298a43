/* Going on with a metrics file: the bytes of one that was never interrupted, whatever was killed
 * when, and a refusal where the run is another one. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "metrics_check.h"

enum { ALL = 14, SETTINGS = sizeof fixture_setting / sizeof *fixture_setting, KILLS = 40 };

static char directory[64], path[128], reference[128];

/* Two attributes that would otherwise hold the moment of writing. */
static const lore_provenance still[] = {{"history", "then: created by lore"},
                                        {"date_created", "then"},
                                        {"lore_version", "0.1.0"},
                                        {"host", "a"}};

/* What a later job knows of itself: longer, so that a header of its own would be. */
static const lore_provenance later[] = {{"history", "much later: gone on with by lore, elsewhere"},
                                        {"date_created", "much later"},
                                        {"lore_version", "0.1.0-17-modified"},
                                        {"host", "another host"},
                                        {"lore_commit", "0123456789"}};

static int make_directory(void **state) {
  (void)state;
  strcpy(directory, "/tmp/lore_metrics_resume_XXXXXX");
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/metrics.nc", directory);
  snprintf(reference, sizeof reference, "%s/reference.nc", directory);
  return 0;
}

static int remove_directory(void **state) {
  (void)state;
  unlink(path);
  unlink(reference);
  return rmdir(directory); /* fails if a temporary file was left behind */
}

static lore_metrics_definition definition_now(void) {
  lore_metrics_definition definition = fixture_definition();
  definition.provenances = sizeof still / sizeof *still;
  definition.provenance = still;
  return definition;
}

static lore_metrics_definition definition_later(void) {
  lore_metrics_definition definition = fixture_definition();
  definition.provenances = sizeof later / sizeof *later;
  definition.provenance = later;
  return definition;
}

static void append(lore_metrics *metrics, int from, int to) {
  for (int i = from; i < to; i++) {
    fixture_record f;
    fixture_fill(&f, i);
    assert_int_equal(lore_metrics_append(metrics, &f.record), LORE_OK);
  }
}

static void write_new(const char *at, int records) {
  lore_metrics_definition definition = definition_now();
  lore_metrics *metrics;
  assert_int_equal(lore_metrics_create(at, &definition, &metrics), LORE_OK);
  append(metrics, 0, records);
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
}

static void go_on(int from, int to) {
  lore_metrics_definition definition = definition_later();
  lore_metrics *metrics = NULL;
  assert_int_equal(lore_metrics_resume(path, &definition, from, &metrics), LORE_OK);
  assert_int_equal(metrics_check(path), from);
  append(metrics, from, to);
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
}

static size_t read_all(const char *at, char **bytes) {
  struct stat file;
  assert_int_equal(stat(at, &file), 0);
  size_t size = (size_t)file.st_size;
  *bytes = malloc(size);
  int fd = open(at, O_RDONLY);
  assert_int_equal(read(fd, *bytes, size), size);
  close(fd);
  return size;
}

static void expect_reference(void) {
  char *a, *b;
  size_t size = read_all(path, &a);
  assert_int_equal(size, read_all(reference, &b));
  assert_memory_equal(a, b, size);
  free(a);
  free(b);
}

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

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
  const struct CMUnitTest tests[] = {
      TEST(test_same_bytes),
      TEST(test_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
