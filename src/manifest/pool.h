/* Memory for many small things that are freed all at once. */
#ifndef LORE_MANIFEST_POOL_H
#define LORE_MANIFEST_POOL_H

#include <stddef.h>

typedef struct lore_pool lore_pool;

/* `size` bytes of *pool (NULL: an empty one), at a multiple of `alignment`, which is a power of two
 * and at most that of max_align_t. NULL: there is no memory. */
void *lore_pool_take(lore_pool **pool, size_t size, size_t alignment);

/* A copy of `text` in *pool; NULL: there is no memory. */
const char *lore_pool_copy(lore_pool **pool, const char *text);

void lore_pool_destroy(lore_pool **pool);

#endif
