/* How much memory this process may still ask for. */
#ifndef LORE_BASE_MEMORY_H
#define LORE_BASE_MEMORY_H

#include <stddef.h>

/* Bytes: MemAvailable, or what the control group that holds this process or its own limit of
 * addresses leaves if that is less. SIZE_MAX where the system names no limit. */
size_t lore_memory_available(void);

/* Bytes of addresses that `ulimit -v` leaves this process; SIZE_MAX without such a limit. */
size_t lore_memory_addresses(void);

#endif
