/* Counting draws. */
#include "lore/data/exposure.h"

#include <stdlib.h>

lore_status lore_exposure_create(int64_t individuals, lore_exposure *e) {
  size_t count = (size_t)individuals;
  *e = (lore_exposure){.individuals = individuals,
                       .draws = calloc(count, sizeof *e->draws),
                       .first_step = malloc(count * sizeof *e->first_step),
                       .last_step = malloc(count * sizeof *e->last_step)};
  if (!e->draws || !e->first_step || !e->last_step)
    return lore_fail(LORE_MEMORY, "cannot allocate counts for %lld individuals",
                     (long long)individuals);
  for (size_t i = 0; i < count; i++)
    e->first_step[i] = e->last_step[i] = -1;
  return LORE_OK;
}

void lore_exposure_destroy(lore_exposure *e) {
  free(e->draws);
  free(e->first_step);
  free(e->last_step);
  *e = (lore_exposure){0};
}

size_t lore_exposure_bytes(int64_t individuals) {
  const lore_exposure *e = NULL;
  return (size_t)individuals * (sizeof *e->draws + sizeof *e->first_step + sizeof *e->last_step);
}

void lore_exposure_count(lore_exposure *e, const lore_sampler *sampler, int64_t steps) {
  const int64_t batch = (int64_t)sampler->shard * sampler->shards;
  for (; e->steps < steps; e->steps++)
    for (int64_t sequence = 0; sequence < batch; sequence++) {
      int64_t who = lore_sampler_draw(sampler, e->steps, sequence);
      if (who >= e->individuals) /* fresh ones */
        continue;
      e->draws[who] += e->draws[who] < INT32_MAX;
      e->last_step[who] = (int32_t)e->steps;
      if (e->first_step[who] < 0)
        e->first_step[who] = (int32_t)e->steps;
    }
}

int64_t lore_exposure_age(const lore_exposure *e, int64_t individual) {
  return e->last_step[individual] < 0 ? 0 : e->steps - e->last_step[individual];
}

int lore_exposure_bin(int64_t number) {
  int bin = number > 0 ? 64 - __builtin_clzll((unsigned long long)number) : 0;
  return bin < LORE_EXPOSURE_BINS ? bin : LORE_EXPOSURE_BINS - 1;
}

int32_t lore_exposure_least(int bin) {
  return bin > 0 ? 1 << (bin - 1) : 0;
}
