/* One allocation cut into aligned pieces.
 *
 * The same layout function runs twice: over a counting arena (base NULL) to learn the size, then
 * over a real one. So what `lore check` predicts is what `lore run` allocates, and a training step
 * allocates nothing. Pages are huge where the system allows (MADV_HUGEPAGE). */
#ifndef LORE_BASE_ARENA_H
#define LORE_BASE_ARENA_H

#include <stddef.h>

#include "lore/base/status.h"

enum { LORE_ALIGNMENT = 64 }; /* bytes; a cache line and an AVX-512 register */

typedef struct {
  char *base;      /* NULL while counting */
  size_t capacity; /* bytes at base */
  size_t used;     /* bytes handed out or counted */
} lore_arena;

/* Maps `capacity` zeroed bytes. LORE_MEMORY names the size that cannot be allocated. */
lore_status lore_arena_create(lore_arena *arena, size_t capacity);

/* What lore_arena_create maps for `capacity`: whole pages, huge ones from the size of one on. */
size_t lore_arena_mapped(size_t capacity);

/* Makes the system provide all of it now, not in the middle of a night: `threads` threads touch a
 * part each. */
void lore_arena_touch(lore_arena *arena, int threads);

/* Returns the memory to the system. A counting or destroyed arena is left as it is. */
void lore_arena_destroy(lore_arena *arena);

/* The next piece of `count` elements of `size` bytes, LORE_ALIGNMENT-aligned; NULL while counting.
 * Running out of a real arena is a bug (assertion): the counting pass was not the same. */
void *lore_arena_take(lore_arena *arena, size_t count, size_t size);

#endif
