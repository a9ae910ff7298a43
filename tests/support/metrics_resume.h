/* An interrupted metrics file beside one that was never interrupted, for several tests. */
#ifndef LORE_TESTS_METRICS_RESUME_H
#define LORE_TESTS_METRICS_RESUME_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics_check.h"

enum { ALL = 14, SETTINGS = sizeof fixture_setting / sizeof *fixture_setting };

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

static inline int make_directory(void **state) {
  (void)state;
  strcpy(directory, "/tmp/lore_metrics_resume_XXXXXX");
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/metrics.nc", directory);
  snprintf(reference, sizeof reference, "%s/reference.nc", directory);
  return 0;
}

static inline int remove_directory(void **state) {
  (void)state;
  unlink(path);
  unlink(reference);
  return rmdir(directory); /* fails if a temporary file was left behind */
}

static inline lore_metrics_definition definition_now(void) {
  lore_metrics_definition definition = fixture_definition();
  definition.provenances = sizeof still / sizeof *still;
  definition.provenance = still;
  return definition;
}

static inline lore_metrics_definition definition_later(void) {
  lore_metrics_definition definition = fixture_definition();
  definition.provenances = sizeof later / sizeof *later;
  definition.provenance = later;
  return definition;
}

static inline void append(lore_metrics *metrics, int from, int to) {
  assert_int_equal(fixture_append(metrics, from, to), LORE_OK);
}

static inline void write_new(const char *at, int records) {
  lore_metrics_definition definition = definition_now();
  lore_metrics *metrics;
  assert_int_equal(lore_metrics_create(at, &definition, &metrics), LORE_OK);
  append(metrics, 0, records);
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
}

static inline void go_on(int from, int to) {
  lore_metrics_definition definition = definition_later();
  lore_metrics *metrics = NULL;
  assert_int_equal(lore_metrics_resume(path, &definition, from, "", &metrics), LORE_OK);
  assert_int_equal(metrics_check(path), from);
  append(metrics, from, to);
  assert_int_equal(lore_metrics_close(metrics), LORE_OK);
}

static inline size_t read_all(const char *at, char **bytes) {
  struct stat file;
  assert_int_equal(stat(at, &file), 0);
  size_t size = (size_t)file.st_size;
  *bytes = malloc(size);
  int fd = open(at, O_RDONLY);
  assert_int_equal(read(fd, *bytes, size), size);
  close(fd);
  return size;
}

static inline void expect_reference(void) {
  char *a, *b;
  size_t size = read_all(path, &a);
  assert_int_equal(size, read_all(reference, &b));
  assert_memory_equal(a, b, size);
  free(a);
  free(b);
}

#endif
