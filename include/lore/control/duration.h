/* Durations as people read them. */
#ifndef LORE_CONTROL_DURATION_H
#define LORE_CONTROL_DURATION_H

enum { LORE_DURATION_SIZE = 32 };

/* "1:02:03", "2:03", "3d 04:05", or "-" if it is not known (NAN, negative). `text` has
 * LORE_DURATION_SIZE bytes, and is not always used. */
const char *lore_duration_print(double seconds, char *text);

#endif
