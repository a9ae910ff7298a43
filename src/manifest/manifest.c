/* What a manifest holds, kept small: a study may have 100,000 runs. */
#include "lore/manifest/manifest.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

/* --- deltas: a number of ranges, and for each its first word, the number of its words (both as
 * 16 bits), and the words --- */

enum { WORD = sizeof(uint64_t), WORDS = sizeof(lore_settings) / WORD };

_Static_assert(sizeof(lore_settings) % WORD == 0 && (int)WORDS <= UINT16_MAX,
               "settings are cut into words that 16 bits count");

static bool word_differs(const lore_settings *a, const lore_settings *b, int word) {
  return memcmp((const char *)a + word * WORD, (const char *)b + word * WORD, WORD) != 0;
}

static size_t put_number(unsigned char *delta, size_t at, int number) {
  uint16_t value = (uint16_t)number;
  memcpy(delta + at, &value, sizeof value);
  return at + sizeof value;
}

static size_t get_number(const unsigned char *delta, size_t at, int *number) {
  uint16_t value;
  memcpy(&value, delta + at, sizeof value);
  *number = value;
  return at + sizeof value;
}

size_t lore_delta_make(const lore_settings *base, const lore_settings *settings,
                       unsigned char *delta) {
  int ranges = 0;
  size_t length = put_number(delta, 0, 0);
  for (int word = 0; word < WORDS; word++) {
    int first = word;
    while (word < WORDS && word_differs(base, settings, word))
      word++;
    if (word == first)
      continue;
    length = put_number(delta, length, first);
    length = put_number(delta, length, word - first);
    memcpy(delta + length, (const char *)settings + first * WORD, (size_t)(word - first) * WORD);
    length += (size_t)(word - first) * WORD;
    ranges++;
  }
  put_number(delta, 0, ranges);
  return length;
}

/* Walks over the ranges; puts their words into `settings` unless that is NULL. */
static size_t walk_ranges(const unsigned char *delta, lore_settings *settings) {
  int ranges, first, words;
  size_t at = get_number(delta, 0, &ranges);
  for (; ranges > 0; ranges--) {
    at = get_number(delta, at, &first);
    at = get_number(delta, at, &words);
    if (settings)
      memcpy((char *)settings + first * WORD, delta + at, (size_t)words * WORD);
    at += (size_t)words * WORD;
  }
  return at;
}

size_t lore_delta_length(const unsigned char *delta) {
  return walk_ranges(delta, NULL);
}

void lore_delta_apply(const lore_settings *base, const unsigned char *delta,
                      lore_settings *settings) {
  memcpy(settings, base, sizeof *settings);
  walk_ranges(delta, settings);
}

/* --- settings of runs --- */

static lore_status add_base(lore_manifest *manifest, const lore_settings *settings) {
  lore_settings *base =
      realloc(manifest->base, ((size_t)manifest->bases + 1) * sizeof *manifest->base);
  if (!base)
    return lore_fail(LORE_MEMORY, "cannot allocate settings");
  manifest->base = base;
  memcpy(&base[manifest->bases++], settings, sizeof *settings);
  return LORE_OK;
}

lore_status lore_manifest_set_settings(lore_manifest *manifest, int run,
                                       const lore_settings *settings, bool begins) {
  unsigned char delta[LORE_DELTA_MAX];
  lore_manifest_run *r = &manifest->run[run];
  if (begins)
    LORE_TRY(add_base(manifest, settings));
  if (!r->delta)
    r->base = manifest->bases - 1;
  size_t length = lore_delta_make(&manifest->base[r->base], settings, delta);
  unsigned char *copy = lore_pool_take(&manifest->pool, length, 1);
  if (!copy)
    return lore_fail(LORE_MEMORY, "cannot allocate the settings of %d runs", run + 1);
  r->delta = memcpy(copy, delta, length);
  r->seed = settings->seed;
  r->steps = settings->train.steps;
  return LORE_OK;
}

void lore_manifest_settings(const lore_manifest *manifest, int run, lore_settings *settings) {
  const lore_manifest_run *r = &manifest->run[run];
  lore_delta_apply(&manifest->base[r->base], r->delta, settings);
}

void lore_manifest_destroy(lore_manifest *manifest) {
  lore_pool_destroy(&manifest->pool);
  for (int i = 0; i < manifest->weights; i++) {
    free(manifest->weight[i].name);
    free(manifest->weight[i].path);
    free(manifest->weight[i].settings);
  }
  for (int i = 0; i < manifest->inputs; i++) {
    free(manifest->input[i].name);
    free(manifest->input[i].text);
  }
  free(manifest->run);
  free(manifest->base);
  free(manifest->weight);
  free(manifest->input);
  *manifest = (lore_manifest){0};
}
