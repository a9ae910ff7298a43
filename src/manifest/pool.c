/* A list of blocks, the newest first; only that one has room. */
#include "pool.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct lore_pool {
  lore_pool *next;
  size_t used, size; /* bytes */
  alignas(max_align_t) unsigned char bytes[];
};

/* Blocks grow with what there is, so that a small pool takes little. */
static lore_pool *add_block(lore_pool **pool, size_t needed) {
  enum { LEAST = 1 << 12, MOST = 1 << 20 };
  size_t size = *pool ? 2 * (*pool)->size : LEAST;
  size = size > MOST ? MOST : size;
  size = size < needed ? needed : size;
  lore_pool *block = malloc(sizeof *block + size);
  if (!block)
    return NULL;
  block->next = *pool;
  block->used = 0;
  block->size = size;
  return *pool = block;
}

void *lore_pool_take(lore_pool **pool, size_t size, size_t alignment) {
  lore_pool *block = *pool;
  size_t at = block ? (block->used + alignment - 1) & ~(alignment - 1) : 0;
  if (!block || at > block->size || size > block->size - at) {
    block = add_block(pool, size);
    at = 0;
  }
  if (!block)
    return NULL;
  block->used = at + size;
  return block->bytes + at;
}

const char *lore_pool_copy(lore_pool **pool, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = lore_pool_take(pool, size, 1);
  return copy ? memcpy(copy, text, size) : NULL;
}

void lore_pool_destroy(lore_pool **pool) {
  for (lore_pool *block = *pool, *next; block; block = next) {
    next = block->next;
    free(block);
  }
  *pool = NULL;
}
