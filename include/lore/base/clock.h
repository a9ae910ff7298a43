/* Time. */
#ifndef LORE_BASE_CLOCK_H
#define LORE_BASE_CLOCK_H

#include <stddef.h>

/* Seconds of a monotonic clock; only differences mean something. */
double lore_clock_seconds(void);

/* Seconds since 1970, as the system's clock has it. */
double lore_clock_unix(void);

/* Now in UTC as ISO 8601, "2025-01-31T12:00:00Z". `size` bytes at `text`, at least 21. */
void lore_clock_utc(char *text, size_t size);

#endif
