/* Unique full names without a list of those in use. */
#ifndef LORE_DATA_NAMES_H
#define LORE_DATA_NAMES_H

#include <stdint.h>

/* The `index`-th of 0 .. count-1 in an order that depends on `seed`: a bijection, so different
 * indices give different results.
 *
 * A Feistel network over the next power of four, with Philox as its round function, repeated until
 * the result is below count (cycle walking; Black and Rogaway 2002). */
uint32_t lore_names_permute(uint64_t seed, uint32_t count, uint32_t index);

#endif
