/* Threads and processors. */
#ifndef LORE_BASE_THREADS_H
#define LORE_BASE_THREADS_H

#include "lore/base/status.h"

/* Tells which of `ranks` processes that may use the same processors this one is: each takes its
 * share of them. Before any of the calls below. */
void lore_threads_share(int rank, int ranks);

/* A number that is the same for processes of a node that may use the same processors. */
unsigned long lore_threads_mask(void);

/* How many processors this process may use: its share, at least one. */
int lore_threads_allowed(void);

/* Starts `threads` OpenMP threads and ties them to one processor each if they are exactly as many
 * as this process may use alone and the user has not bound them (OMP_PROC_BIND); otherwise leaves
 * them to the system, because another process may be meant to share these processors. Also keeps
 * libraries from starting teams of their own. LORE_USER, on this rank alone, if OpenMP gives fewer:
 * a training step would wait for the others for ever. Call once, outside of parallel regions,
 * before memory is touched. */
lore_status lore_threads_pin(int threads);

#endif
