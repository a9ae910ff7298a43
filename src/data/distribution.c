/* Samplers of individuals. */
#include "lore/distribution.h"

#include <assert.h>

#include "lore/random.h"

int64_t lore_distribution_draw(const lore_distribution_config *config, int64_t known, uint64_t seed,
                               uint64_t step, uint64_t sequence) {
  assert(known >= 1 && known <= UINT32_MAX);
  lore_random stream = lore_random_stream(seed, LORE_RANDOM_INDIVIDUALS, step, sequence);
  switch (config->kind) {
  case LORE_DISTRIBUTION_UNIFORM:
    break;
  }
  return (int64_t)lore_random_below(&stream, (uint32_t)known);
}
