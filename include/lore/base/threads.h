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
int lore_threads_processors(void);

/* How many threads it should have unless told otherwise: the least of these processors,
 * SLURM_CPUS_PER_TASK and OMP_NUM_THREADS. */
int lore_threads_allowed(void);

/* Processors that the parent of this process may use, if the launcher or the user (taskset) has
 * bound this process to some of them; else 0. */
int lore_threads_bound(void);

/* Starts `threads` OpenMP threads, and ties each to a processor if this process was bound to
 * exactly as many; unless the user has placed them (OMP_PROC_BIND, OMP_PLACES). Otherwise leaves
 * them to the system, because another process may be meant to share these processors. Also keeps
 * libraries from starting teams of their own. LORE_USER, on this rank alone, if OpenMP gives fewer:
 * a training step would wait for the others for ever. Call once, outside of parallel regions,
 * before memory is touched. */
lore_status lore_threads_pin(int threads);

/* What becomes of `threads` threads then: "pinned", "not pinned", "placed by OpenMP". */
const char *lore_threads_pinning(int threads);

#endif
