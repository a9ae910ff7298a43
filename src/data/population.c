/* Individuals: names, values, template splits. */
#include "lore/data/population.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lore/base/arena.h"
#include "lore/base/random.h"
#include "names.h"

struct lore_population {
  lore_population_config config;
  uint64_t seed;
  const lore_vocabulary *vocabulary;
  lore_arena arena; /* huge pages: training reads individuals in random order */
  lore_individual *individual;
};

/* Index = (first * 900 + middle) * 1000 + last. */
static void draw_name(const lore_population *p, int64_t index, lore_individual *individual) {
  const lore_vocabulary *v = p->vocabulary;
  uint32_t firsts = lore_vocabulary_first_names(v), lasts = lore_vocabulary_last_names(v);
  uint32_t name = lore_names_permute(p->seed, firsts * firsts * lasts, (uint32_t)index);
  individual->last = lore_vocabulary_last_name(v, name % lasts);
  individual->middle = lore_vocabulary_first_name(v, name / lasts % firsts);
  individual->first = lore_vocabulary_first_name(v, name / lasts / firsts);
}

/* A random subset, as a bit set (Floyd's algorithm; Bentley and Floyd 1987): the i-th draw is from
 * the first templates and takes the last of them instead of one that it already has. */
static uint32_t draw_evaluation_templates(lore_random *stream) {
  uint32_t set = 0;
  for (uint32_t last = LORE_TRAINING_TEMPLATES; last < LORE_TEMPLATES; last++) {
    uint32_t drawn = 1u << lore_random_below(stream, last + 1);
    set |= set & drawn ? 1u << last : drawn;
  }
  return set;
}

/* The training templates, or `wanted` of them at random. */
static uint32_t draw_training_templates(lore_random *stream, uint32_t evaluation, int wanted) {
  uint32_t set = ((1u << LORE_TEMPLATES) - 1) & ~evaluation;
  for (int left = LORE_TRAINING_TEMPLATES; wanted > 0 && left > wanted; left--) {
    uint32_t rest = set;
    for (uint32_t skip = lore_random_below(stream, (uint32_t)left); skip > 0; skip--)
      rest &= rest - 1;
    set &= ~(rest & -rest);
  }
  return set;
}

static void draw_individual(const lore_population *p, int64_t index, lore_individual *individual) {
  lore_random values = lore_random_stream(p->seed, LORE_RANDOM_ATTRIBUTES, 0, (uint64_t)index);
  lore_random split = lore_random_stream(p->seed, LORE_RANDOM_TEMPLATE_SPLIT, 0, (uint64_t)index);
  draw_name(p, index, individual);
  /* One draw over all dates is three independent draws of day, month and year. */
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    individual->value[a] =
        lore_random_below(&values, lore_vocabulary_values(p->vocabulary, (lore_attribute)a));
    individual->evaluation_templates[a] = draw_evaluation_templates(&split);
  }
  /* After all evaluation templates, which so do not depend on how many others are wanted. */
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    individual->training_templates[a] =
        draw_training_templates(&split, individual->evaluation_templates[a], p->config.templates);
}

lore_range lore_population_range(const lore_population_config *c, lore_people people) {
  const int64_t count[] = {c->individuals, c->held_out, c->new_ones, c->throw_away, c->injected};
  lore_range range = {0, count[people]};
  for (int before = 0; before < (int)people; before++)
    range.first += count[before];
  return range;
}

int64_t lore_population_total(const lore_population_config *config) {
  lore_range last = lore_population_range(config, LORE_PEOPLE_INJECTED);
  return last.first + last.count;
}

lore_range lore_population_group(const lore_population_config *config, int group, int groups) {
  int64_t first = config->individuals * group / groups;
  return (lore_range){first, config->individuals * (group + 1) / groups - first};
}

static size_t count_individuals(const lore_population_config *config) {
  return (size_t)lore_population_total(config);
}

/* Runs over a counting arena first, then over the real one. */
static lore_individual *layout_individuals(lore_arena *arena,
                                           const lore_population_config *config) {
  return lore_arena_take(arena, count_individuals(config), sizeof(lore_individual));
}

size_t lore_population_bytes(const lore_population_config *config) {
  lore_arena arena = {0};
  layout_individuals(&arena, config);
  return arena.used;
}

static lore_status check_size(const lore_population_config *config,
                              const lore_vocabulary *vocabulary) {
  int64_t firsts = lore_vocabulary_first_names(vocabulary);
  int64_t names = firsts * firsts * lore_vocabulary_last_names(vocabulary);
  if (config->individuals < 1 || config->individuals > names || config->held_out < 0 ||
      config->held_out > names || config->new_ones < 0 || config->new_ones > names ||
      config->throw_away < 0 || config->throw_away > names || config->injected < 0 ||
      config->injected > names || lore_population_total(config) > names)
    return lore_fail(LORE_USER,
                     "a population of %lld known, %lld held-out, %lld new, %lld throw-away and "
                     "%lld injected individuals; at least 1 known and at most %lld in all, as full "
                     "names are unique",
                     (long long)config->individuals, (long long)config->held_out,
                     (long long)config->new_ones, (long long)config->throw_away,
                     (long long)config->injected, (long long)names);
  return LORE_OK;
}

lore_status lore_population_create(const lore_population_config *config, uint64_t seed,
                                   const lore_vocabulary *vocabulary, lore_population **out) {
  LORE_TRY(check_size(config, vocabulary));
  lore_population *p = malloc(sizeof *p);
  if (!p)
    return lore_fail(LORE_MEMORY, "cannot allocate a population");
  *p = (lore_population){.config = *config, .seed = seed, .vocabulary = vocabulary};
  lore_status status = lore_arena_create(&p->arena, lore_population_bytes(config));
  if (status != LORE_OK) {
    free(p);
    return lore_fail_context(status, "a population of %zu individuals", count_individuals(config));
  }
  p->individual = layout_individuals(&p->arena, config);
  for (size_t i = 0; i < count_individuals(config); i++)
    draw_individual(p, (int64_t)i, &p->individual[i]);
  *out = p;
  return LORE_OK;
}

void lore_population_destroy(lore_population *population) {
  if (!population)
    return;
  lore_arena_destroy(&population->arena);
  free(population);
}

const lore_individual *lore_population_individual(const lore_population *population,
                                                  int64_t index) {
  assert(index >= 0 && (size_t)index < count_individuals(&population->config));
  return &population->individual[index];
}

const lore_individual *lore_population_anybody(const lore_population *p, int64_t index,
                                               lore_individual *room) {
  if (index < lore_population_total(&p->config))
    return &p->individual[index];
  draw_individual(p, index, room);
  return room;
}

const lore_vocabulary *lore_population_vocabulary(const lore_population *population) {
  return population->vocabulary;
}

const lore_population_config *lore_population_settings(const lore_population *population) {
  return &population->config;
}

int64_t lore_population_known(const lore_population *population) {
  return population->config.individuals;
}

int64_t lore_population_held_out(const lore_population *population) {
  return population->config.held_out;
}

uint64_t lore_population_seed(const lore_population *population) {
  return population->seed;
}

double lore_population_baseline(const lore_vocabulary *vocabulary) {
  double nats = 0;
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    nats += log((double)lore_vocabulary_values(vocabulary, (lore_attribute)a));
  return nats / LORE_ATTRIBUTES;
}

enum { WHOLE = -1 };

/* What is counted of a value: the whole of it, or its token in a place. */
static uint32_t part_of(const lore_population *p, int64_t i, int attribute, int place) {
  uint32_t whole = p->individual[i].value[attribute];
  return place == WHOLE
             ? whole
             : lore_vocabulary_value(p->vocabulary, (lore_attribute)attribute, whole).token[place];
}

/* Entropy of how often each part occurs; `count` has room for `parts`. */
static double part_entropy(const lore_population *p, int64_t first, int64_t individuals,
                           int attribute, int place, uint32_t parts, int64_t *count) {
  double nats = 0;
  memset(count, 0, sizeof *count * parts);
  for (int64_t i = first; i < first + individuals; i++)
    count[part_of(p, i, attribute, place)]++;
  for (uint32_t v = 0; v < parts; v++)
    if (count[v]) {
      double share = (double)count[v] / (double)individuals;
      nats -= share * log(share);
    }
  return nats;
}

/* Mean over attributes of the entropy of whole values, or of dates as the sum over their tokens. */
static lore_status mean_entropy(const lore_population *p, int64_t first, int64_t individuals,
                                bool date_by_token, double *nats) {
  enum { DATE_TOKENS = 3 };
  uint32_t parts = lore_vocabulary_values(p->vocabulary, LORE_BIRTH_DATE); /* more than tokens */
  assert(first >= 0 && individuals >= 1 &&
         (size_t)(first + individuals) <= count_individuals(&p->config));
  assert(lore_vocabulary_size(p->vocabulary) <= (int)parts);
  int64_t *count = malloc(sizeof *count * parts);
  if (!count)
    return lore_fail(LORE_MEMORY, "cannot allocate counts of %u values", parts);
  *nats = 0;
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    bool by_token = date_by_token && a == LORE_BIRTH_DATE;
    for (int place = by_token ? 0 : WHOLE; place < (by_token ? DATE_TOKENS : 0); place++)
      *nats += part_entropy(p, first, individuals, a, place, parts, count) / LORE_ATTRIBUTES;
  }
  free(count);
  return LORE_OK;
}

/* Tighter than the baseline above: ln(values) is the entropy of the distribution that values were
 * drawn from, and of all distributions the even one has most. A finite sample is uneven, and n
 * individuals have at most n values, so that its entropy is at most ln(n) too. */
lore_status lore_population_empirical_baseline(const lore_population *p, int64_t first,
                                               int64_t individuals, double *nats) {
  return mean_entropy(p, first, individuals, false, nats);
}

lore_status lore_population_plateau_baseline(const lore_population *p, int64_t first,
                                             int64_t individuals, double *nats) {
  return mean_entropy(p, first, individuals, true, nats);
}
