/* Streams over Philox4x32-10. */
#include "lore/base/random.h"

#include <assert.h>
#include <math.h>

#include <Random123/philox.h>

lore_random lore_random_stream(uint64_t seed, lore_random_purpose purpose, uint64_t step,
                               uint64_t sequence) {
  assert(step >> 32 == 0 && sequence >> 48 == 0 && (uint32_t)purpose >> 16 == 0);
  return (lore_random){
      .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
      .counter = {0, (uint32_t)sequence, (uint32_t)step,
                  (uint32_t)purpose << 16 | (uint32_t)(sequence >> 32)},
      .used = 4,
  };
}

static void next_block(lore_random *stream) {
  philox4x32_ctr_t counter = {
      {stream->counter[0], stream->counter[1], stream->counter[2], stream->counter[3]}};
  philox4x32_key_t key = {{stream->key[0], stream->key[1]}};
  philox4x32_ctr_t block = philox4x32_R(10, counter, key);
  for (int i = 0; i < 4; i++)
    stream->words[i] = block.v[i];
  stream->counter[0]++;
  stream->used = 0;
}

uint32_t lore_random_word(lore_random *stream) {
  if (stream->used == 4)
    next_block(stream);
  return stream->words[stream->used++];
}

/* The high half of word * bound; a low half under 2^32 mod bound would favour some results. */
uint32_t lore_random_below(lore_random *stream, uint32_t bound) {
  assert(bound >= 1);
  uint64_t product = (uint64_t)lore_random_word(stream) * bound;
  if ((uint32_t)product < bound) {
    uint32_t rejected = -bound % bound;
    while ((uint32_t)product < rejected)
      product = (uint64_t)lore_random_word(stream) * bound;
  }
  return (uint32_t)(product >> 32);
}

double lore_random_uniform(lore_random *stream) {
  uint64_t high = lore_random_word(stream);
  uint64_t low = lore_random_word(stream);
  return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

double lore_random_normal(lore_random *stream) {
  double radius = sqrt(-2 * log(1 - lore_random_uniform(stream)));
  return radius * cos(2 * M_PI * lore_random_uniform(stream));
}

/* Inside-out: `order` needs no initial content. */
void lore_random_permutation(lore_random *stream, uint32_t count, uint32_t *order) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t j = lore_random_below(stream, i + 1);
    order[i] = order[j];
    order[j] = i;
  }
}
