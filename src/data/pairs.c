/* Pairs of the toy memory and how training draws them. */
#include "lore/data/pairs.h"

#include <math.h>
#include <stdlib.h>

#include "lore/base/random.h"

int64_t lore_pairs_count(const lore_memory_config *config) {
  return config->pairs + config->held_out + config->new_pairs;
}

size_t lore_pairs_bytes(const lore_memory_config *c) {
  size_t vectors = (size_t)lore_pairs_count(c) + (size_t)c->values;
  return vectors * (size_t)c->keys * sizeof(real) + (size_t)lore_pairs_count(c) * sizeof(uint16_t);
}

/* A point on the unit sphere: a normal vector divided by its length. */
static void draw_point(lore_random stream, int dimensions, real *point) {
  double square = 0;
  for (int i = 0; i < dimensions; i++) {
    double x = lore_random_normal(&stream);
    square += x * x;
    point[i] = (real)x;
  }
  real scale = (real)(1 / sqrt(square));
  for (int i = 0; i < dimensions; i++)
    point[i] *= scale;
}

lore_status lore_pairs_create(const lore_memory_config *config, uint64_t seed, lore_pairs *pairs) {
  const int d = config->keys;
  *pairs = (lore_pairs){.config = *config, .seed = seed, .count = lore_pairs_count(config)};
  pairs->key = malloc((size_t)pairs->count * (size_t)d * sizeof *pairs->key);
  pairs->value = malloc((size_t)pairs->count * sizeof *pairs->value);
  pairs->value_vector = malloc((size_t)config->values * (size_t)d * sizeof *pairs->value_vector);
  if (!pairs->key || !pairs->value || !pairs->value_vector)
    return lore_fail(LORE_MEMORY, "cannot allocate %lld pairs of %d dimensions",
                     (long long)pairs->count, d);
  for (int64_t i = 0; i < pairs->count; i++) {
    lore_random stream = lore_random_stream(seed, LORE_RANDOM_PAIR_VALUES, 0, (uint64_t)i);
    pairs->value[i] = (uint16_t)lore_random_below(&stream, (uint32_t)config->values);
    draw_point(lore_random_stream(seed, LORE_RANDOM_PAIR_KEYS, 0, (uint64_t)i), d,
               pairs->key + i * d);
  }
  for (int v = 0; v < config->values; v++)
    draw_point(lore_random_stream(seed, LORE_RANDOM_VALUE_VECTORS, 0, (uint64_t)v), d,
               pairs->value_vector + (size_t)v * (size_t)d);
  return LORE_OK;
}

void lore_pairs_destroy(lore_pairs *pairs) {
  free(pairs->key);
  free(pairs->value);
  free(pairs->value_vector);
  *pairs = (lore_pairs){0};
}

/* A whole number below `count` from a real one below it, against rounding. */
static int64_t round_below(double x, int64_t count) {
  int64_t whole = (int64_t)x;
  return whole < count ? whole : count - 1;
}

int64_t lore_pairs_draw(const lore_memory_config *c, uint64_t seed, int64_t step,
                        int64_t sequence) {
  lore_random stream =
      lore_random_stream(seed, LORE_RANDOM_PAIRS, (uint64_t)step, (uint64_t)sequence);
  double new_ones = (double)c->new_pairs;
  double old_ones = c->new_pairs > 0 ? c->replay_weight * (double)c->pairs : (double)c->pairs;
  double x = lore_random_uniform(&stream) * (new_ones + old_ones);
  if (x < new_ones)
    return c->pairs + c->held_out + (int64_t)x;
  if (old_ones > 0)
    return round_below((x - new_ones) / old_ones * (double)c->pairs, c->pairs);
  return c->pairs + c->held_out + c->new_pairs - 1;
}

double lore_pairs_empirical_baseline(const lore_pairs *pairs) {
  int64_t times[UINT16_MAX + 1] = {0};
  double entropy = 0, known = (double)pairs->config.pairs;
  for (int64_t i = 0; i < pairs->config.pairs; i++)
    times[pairs->value[i]]++;
  for (int v = 0; v < pairs->config.values; v++)
    if (times[v] > 0)
      entropy -= (double)times[v] / known * log((double)times[v] / known);
  return entropy;
}
