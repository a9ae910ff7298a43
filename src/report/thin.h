/* Which points of a curve are worth drawing. */
#ifndef LORE_REPORT_THIN_H
#define LORE_REPORT_THIN_H

#include <stddef.h>

enum { LORE_THIN_LEAST = 8 };

/* Chooses at most `most` (LORE_THIN_LEAST or more) of `count` values: the first, the last, and the
 * smallest and the largest of equal parts in between, so that no peak is lost. Writes their
 * indices, ascending, to `kept`, which has room for `most`; returns how many they are. NAN is
 * chosen only where a part has nothing else. */
size_t lore_thin(const double *value, size_t count, size_t most, size_t *kept);

#endif
