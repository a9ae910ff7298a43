/* The toy memory in lore check and lore show. */
#include <math.h>
#include <stdio.h>

#include "lore/base/shown.h"
#include "lore/data/pairs.h"
#include "options.h"
#include "task.h"

static void print_pair_facts(const lore_settings *s, const lore_estimate *e) {
  const lore_memory_config *c = &s->memory;
  printf("pairs              %lld known, %lld held out, %lld new\n", (long long)c->pairs,
         (long long)c->held_out, (long long)c->new_pairs);
  printf("memory             keys of %d dimensions, %d hidden units, %d values\n", c->keys,
         c->hidden, e->vocabulary);
}

/* Distributions and curricula are settings of biographies. */
static void write_no_sampling(const lore_settings *settings, lore_json *json) {
  (void)settings;
  lore_json_text(json, "distribution", "");
  lore_json_text(json, "curriculum", "");
}

enum { SHOWN = 4 /* elements of a key */, PAIRS_DEFAULT = 3 };

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
  lore_shown_print(stdout, "study         %s (seed %llu)\n", s->name, (unsigned long long)s->seed);
  printf("pairs         %lld known, %lld held out, %lld new\n", (long long)c->pairs,
         (long long)c->held_out, (long long)c->new_pairs);
  printf("keys          points on the unit sphere in %d dimensions\n", c->keys);
  printf("baseline      %.3f nats without knowledge (%d values), %.3f empirical\n", log(c->values),
         c->values, lore_pairs_empirical_baseline(pairs));
  for (int64_t i = 0; i < count; i++)
    print_pair(pairs, first + i);
  return lore_options_flush();
}

static lore_status show_pairs(const lore_settings *s, const lore_show_options *options) {
  bool held_out = options->held_out;
  int count = options->count == LORE_SHOW_DEFAULT ? PAIRS_DEFAULT : options->count;
  int64_t available = held_out ? s->memory.held_out : s->memory.pairs;
  lore_pairs pairs;
  if (available == 0)
    return lore_fail(LORE_USER,
                     "--held-out: the study has no held-out pairs (memory.held_out is 0)");
  lore_status status = lore_pairs_create(&s->memory, s->seed, &pairs);
  if (status == LORE_OK)
    status = print_pairs(s, &pairs, held_out ? s->memory.pairs : 0,
                         count < available ? count : available);
  lore_pairs_destroy(&pairs);
  return status;
}

const lore_cli_task lore_cli_memory = {
    .print_facts = print_pair_facts, .write_sampling = write_no_sampling, .show = show_pairs};
