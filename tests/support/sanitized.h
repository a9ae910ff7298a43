/* Sanitizers watch memory and undefined behaviour, for which a few numbers are enough: all of them
 * are compared in the builds without. */
#ifndef LORE_TESTS_SANITIZED_H
#define LORE_TESTS_SANITIZED_H

#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

#endif
