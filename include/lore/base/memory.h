/* How much memory this process may still ask for. */
#ifndef LORE_BASE_MEMORY_H
#define LORE_BASE_MEMORY_H

#include <stddef.h>

/* Bytes: MemAvailable, or what the control groups that hold this process or its own limit of
 * addresses leave if that is less. SIZE_MAX where the system names no limit. */
size_t lore_memory_available(void);

/* Bytes of addresses that `ulimit -v` leaves this process; SIZE_MAX without such a limit. */
size_t lore_memory_addresses(void);

/* Bytes that the limits of the control groups in `list` (a file like /proc/self/cgroup, version 1
 * or 2), whose folders are below `root`, leave after what all their processes use but for the cache
 * of files. SIZE_MAX without a limit. */
size_t lore_memory_of_groups(const char *list, const char *root);

#endif
