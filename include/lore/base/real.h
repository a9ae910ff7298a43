/* The storage type of models: float, or double in the build of the same sources that the tests use
 * for finite differences (-DLORE_DOUBLE). */
#ifndef LORE_BASE_REAL_H
#define LORE_BASE_REAL_H

#ifdef LORE_DOUBLE
typedef double real;
#else
typedef float real;
#endif

#endif
