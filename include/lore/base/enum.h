/* An enumeration and the names of its values from one list.
 *
 * A list has one entry per value, in order from 0, as in
 *   #define LORE_NORM_LIST(X) X(LORE_NORM_RMS, "rms") X(LORE_NORM_LAYER, "layer")
 *   typedef enum { LORE_NORM_LIST(LORE_ENUM_VALUE) } lore_norm;
 *   static const char *const norms[] = {LORE_NORM_LIST(LORE_ENUM_NAME) NULL}; */
#ifndef LORE_BASE_ENUM_H
#define LORE_BASE_ENUM_H

/* Entries may have more than a value and its name. */
#define LORE_ENUM_VALUE(value, ...)      value,
#define LORE_ENUM_NAME(value, name, ...) name,

#endif
