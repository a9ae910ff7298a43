/* What the distribution is at each step, and draws from it. */
#include "lore/data/sampler.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "lore/base/random.h"

int64_t lore_curriculum_length(const lore_curriculum_config *c, int64_t individuals, int batch) {
  return c->steps > 0 ? c->steps : llround(c->epochs * (double)individuals / batch);
}

lore_sampler lore_sampler_create(const lore_distribution_config *distribution,
                                 const lore_curriculum_config *curriculum,
                                 const lore_population_config *population, uint64_t seed,
                                 int64_t steps, int batch, int shard) {
  lore_sampler s = {.distribution = *distribution,
                    .curriculum = *curriculum,
                    .population = *population,
                    .seed = seed,
                    .steps = steps,
                    .shard = shard,
                    .shards = batch / shard,
                    .injected = lore_population_range(population, LORE_PEOPLE_INJECTED),
                    .others = LORE_PEOPLE_MAX - lore_population_total(population),
                    .length = lore_curriculum_length(curriculum, population->individuals, batch),
                    .widened_at = LORE_NEVER};
  assert(population->individuals >= 1 && distribution->repeats_in_batch >= 1 &&
         distribution->repeats_across_steps >= 1);
  for (int i = 0; i < distribution->shards.count; i++) {
    int valid = lore_draw_parse(distribution->shards.value[i], distribution,
                                population->individuals, &s.shard_draw[i]);
    assert(valid);
    (void)valid;
  }
  return s;
}

/* How far a curriculum of gradual change has come: 0 to 1. */
static double curriculum_progress(const lore_sampler *s, int64_t step) {
  return step < s->length ? (double)step / (double)s->length : 1;
}

static int64_t growth_count(const lore_sampler *s, int64_t step) {
  double first = (double)s->curriculum.individuals, all = (double)s->population.individuals;
  double count = first * pow(all / first, curriculum_progress(s, step));
  return step >= s->length || count > all ? s->population.individuals : (int64_t)count;
}

/* The group whose turn it is. */
static void set_sequential_group(const lore_sampler *s, int64_t step, lore_draw *draw) {
  int64_t groups = s->curriculum.groups, turns = groups * s->curriculum.repeats;
  int64_t group = step * turns / s->steps % groups;
  lore_range range = lore_population_group(&s->population, (int)group, (int)groups);
  draw->first = range.first;
  draw->count = range.count;
}

static void apply_curriculum(const lore_sampler *s, int64_t step, lore_draw *draw) {
  const lore_curriculum_config *c = &s->curriculum;
  switch (c->kind) {
  case LORE_CURRICULUM_NONE:
    break;
  case LORE_CURRICULUM_WARM_UP:
  case LORE_CURRICULUM_ADAPTIVE:
    if (step < (c->kind == LORE_CURRICULUM_WARM_UP ? s->length : s->widened_at))
      draw->count = c->individuals;
    break;
  case LORE_CURRICULUM_GROWTH:
    draw->count = growth_count(s, step);
    break;
  case LORE_CURRICULUM_ANNEAL:
    draw->alpha += (c->final_alpha - draw->alpha) * curriculum_progress(s, step);
    break;
  case LORE_CURRICULUM_SEQUENTIAL:
    set_sequential_group(s, step, draw);
    break;
  case LORE_CURRICULUM_THROW_AWAY:
    if (step < s->length) {
      lore_range range = lore_population_range(&s->population, LORE_PEOPLE_THROW_AWAY);
      *draw = (lore_draw){.first = range.first, .count = range.count, .alpha = NAN};
    }
    break;
  }
}

lore_draw lore_sampler_at(const lore_sampler *s, int64_t step, int64_t sequence) {
  int entries = s->distribution.shards.count;
  if (entries > 0)
    return s->shard_draw[sequence / s->shard * entries / s->shards];
  lore_draw draw = lore_draw_create(&s->distribution, &s->population);
  apply_curriculum(s, step, &draw);
  if (draw.favoured > draw.count)
    draw.favoured = draw.count;
  return draw;
}

lore_draw lore_sampler_of_batch(const lore_sampler *s, int64_t step) {
  if (s->distribution.shards.count > 1)
    return (lore_draw){.first = -1, .count = -1, .alpha = NAN};
  return lore_sampler_at(s, step, 0);
}

static bool is_injected(const lore_sampler *s, int64_t step, int64_t sequence) {
  const lore_integer_list *inject = &s->distribution.inject;
  int low = 0, high = inject->count;
  if (sequence >= s->injected.count)
    return false;
  while (low < high) {
    int middle = (low + high) / 2;
    if (inject->value[middle] < step)
      low = middle + 1;
    else
      high = middle;
  }
  return low < inject->count && inject->value[low] == step;
}

int64_t lore_sampler_wording(const lore_sampler *s, int64_t step, int64_t sequence) {
  const lore_distribution_config *d = &s->distribution;
  bool same = d->inject_wording == LORE_WORDING_SAME && is_injected(s, step, sequence);
  return s->first_step + (same ? d->inject.value[0] : step);
}

double lore_sampler_fresh(const lore_sampler *s, int64_t step) {
  const lore_distribution_config *d = &s->distribution;
  double part = s->steps > 1 ? (double)step / (double)(s->steps - 1) : 0;
  return d->final_fresh < 0 ? d->fresh : d->fresh + (d->final_fresh - d->fresh) * part;
}

static bool is_fresh(const lore_sampler *s, int64_t step, int64_t sequence) {
  double share = lore_sampler_fresh(s, step);
  if (share <= 0)
    return false;
  lore_random stream = lore_random_stream(s->seed, LORE_RANDOM_FRESH,
                                          (uint64_t)(s->first_step + step), (uint64_t)sequence);
  return lore_random_uniform(&stream) < share;
}

bool lore_sampler_question(const lore_sampler *s, int64_t step, int64_t sequence,
                           int64_t individual, lore_question *question) {
  double share = s->distribution.questions;
  if (share <= 0 || individual >= s->population.asked)
    return false;
  lore_random stream = lore_random_stream(s->seed, LORE_RANDOM_QUESTIONS,
                                          (uint64_t)(s->first_step + step), (uint64_t)sequence);
  if (lore_random_uniform(&stream) >= share)
    return false;
  question->attribute = (lore_attribute)lore_random_below(&stream, LORE_ATTRIBUTES);
  question->template = (int)lore_random_below(&stream, (uint32_t)s->population.question_templates);
  return true;
}

/* Another one for each sequence of all steps, as long as there are names. */
static int64_t fresh_individual(const lore_sampler *s, int64_t step, int64_t sequence) {
  int64_t batch = (int64_t)s->shard * s->shards;
  return LORE_PEOPLE_MAX - 1 - ((s->first_step + step) * batch + sequence) % s->others;
}

int64_t lore_sampler_draw(const lore_sampler *s, int64_t step, int64_t sequence) {
  const lore_distribution_config *d = &s->distribution;
  if (is_injected(s, step, sequence))
    return s->injected.first + sequence;
  if (is_fresh(s, step, sequence))
    return fresh_individual(s, step, sequence);
  /* Repeats are of the step that first showed them, whatever a curriculum has changed since. */
  lore_draw draw = lore_sampler_at(s, step - step % d->repeats_across_steps, sequence);
  lore_random stream = lore_random_stream(
      s->seed, LORE_RANDOM_INDIVIDUALS, (uint64_t)(s->first_step + step / d->repeats_across_steps),
      (uint64_t)(sequence / d->repeats_in_batch));
  return lore_draw_individual(&draw, &stream);
}
