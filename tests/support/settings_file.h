/* A study file of their own for tests of settings. */
#ifndef LORE_TESTS_SETTINGS_FILE_H
#define LORE_TESTS_SETTINGS_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lore/settings/read.h"
#include "lore/settings/table.h"
#include "lore/settings/value.h"
#include "lore/settings/write.h"

static const char study[] =
    "# every kind of value\n"
    "name: imbalance\n"
    "seed: 7\n"
    "population: {individuals: 4096, held_out: 1024}\n"
    "model:\n"
    "  layers: 2\n"
    "  width: 128 # of the residual stream\n"
    "  heads: 4\n"
    "  norm: \"layer\"\n"
    "  bias: true\n"
    "train: {steps: 4000, batch: 64, learning_rate: 1.5e-3, schedule: constant}\n"
    "evaluate: {every: 50, sequences: 256}\n"
    "checkpoint:\n"
    "  snapshots: [0, 500,\n"
    "    1000]\n";

static char path[] = "/tmp/lore_test_settings_XXXXXX";

static inline int open_path(void **state) {
  (void)state;
  int descriptor = mkstemp(path);
  return descriptor < 0 ? -1 : close(descriptor);
}

static inline int close_path(void **state) {
  (void)state;
  return unlink(path);
}

static inline void put_bytes(const char *text, size_t length) {
  FILE *stream = fopen(path, "w");
  assert_non_null(stream);
  assert_int_equal(fwrite(text, 1, length, stream), length);
  assert_int_equal(fclose(stream), 0);
}

static inline void put(const char *text) {
  put_bytes(text, strlen(text));
}

static inline lore_status read_with(const char *override, lore_settings *settings) {
  return lore_settings_read(path, override != NULL, &override, settings);
}

static inline const void *field(const lore_setting *setting, const lore_settings *settings) {
  return (const char *)settings + setting->offset;
}

static inline void assert_same(const lore_settings *a, const lore_settings *b) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++)
    if (memcmp(field(&table[i], a), field(&table[i], b), table[i].size) != 0)
      fail_msg("'%s' differs", table[i].key);
}

#endif
