/* How much memory this process may still ask for. */
#ifndef LORE_BASE_MEMORY_H
#define LORE_BASE_MEMORY_H

#include <stddef.h>

/* Bytes: MemAvailable, or the limit of the control group that holds this process if that is less.
 * SIZE_MAX where the system tells neither. */
size_t lore_memory_available(void);

#endif
