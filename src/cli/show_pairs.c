/* lore show of a toy memory: a few pairs. */
#include "show_pairs.h"

#include <math.h>
#include <stdio.h>

#include "options.h"

enum { SHOWN = 4 /* elements of a key */ };

static void print_pair(const lore_pairs *pairs, int64_t i) {
  int d = pairs->config.keys;
  const real *key = pairs->key + i * d;
  printf("pair %lld: value %d, key", (long long)i, pairs->value[i]);
  for (int j = 0; j < d && j < SHOWN; j++)
    printf(" %.4f", (double)key[j]);
  printf("%s\n", d > SHOWN ? " ..." : "");
}

static lore_status print_pairs(const lore_settings *s, const lore_pairs *pairs, int64_t first,
                               int64_t count) {
  const lore_memory_config *c = &s->memory;
  printf("study         %s (seed %llu)\n", s->name, (unsigned long long)s->seed);
  printf("pairs         %lld known, %lld held out, %lld new\n", (long long)c->pairs,
         (long long)c->held_out, (long long)c->new_pairs);
  printf("keys          points on the unit sphere in %d dimensions\n", c->keys);
  printf("baseline      %.3f nats without knowledge (%d values), %.3f empirical\n", log(c->values),
         c->values, lore_pairs_empirical_baseline(pairs));
  for (int64_t i = 0; i < count; i++)
    print_pair(pairs, first + i);
  return lore_options_flush();
}

lore_status lore_show_pairs(const lore_settings *s, bool held_out, int count) {
  int64_t available = held_out ? s->memory.held_out : s->memory.pairs;
  lore_pairs pairs;
  if (available == 0)
    return lore_fail(LORE_USER, "--held-out: the study holds no pairs out (memory.held_out is 0)");
  lore_status status = lore_pairs_create(&s->memory, s->seed, &pairs);
  if (status == LORE_OK)
    status = print_pairs(s, &pairs, held_out ? s->memory.pairs : 0,
                         count < available ? count : available);
  lore_pairs_destroy(&pairs);
  return status;
}
