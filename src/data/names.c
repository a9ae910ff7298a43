/* A keyed permutation of 0 .. count-1. */
#include "names.h"

#include <assert.h>

#include "lore/base/random.h"

enum { ROUNDS = 6 };

static uint32_t encrypt_index(uint64_t seed, int half_bits, uint32_t x) {
  uint32_t mask = (1u << half_bits) - 1, left = x >> half_bits, right = x & mask;
  for (uint64_t round = 0; round < ROUNDS; round++) {
    lore_random stream = lore_random_stream(seed, LORE_RANDOM_NAMES, round, right);
    uint32_t next = (left ^ lore_random_word(&stream)) & mask;
    left = right;
    right = next;
  }
  return left << half_bits | right;
}

uint32_t lore_names_permute(uint64_t seed, uint32_t count, uint32_t index) {
  int half_bits = 1;
  assert(index < count);
  while ((uint64_t)1 << 2 * half_bits < count)
    half_bits++;
  do
    index = encrypt_index(seed, half_bits, index);
  while (index >= count);
  return index;
}
