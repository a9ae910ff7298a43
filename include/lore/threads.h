/* Threads and processors. */
#ifndef LORE_THREADS_H
#define LORE_THREADS_H

/* How many processors this process may use. */
int lore_threads_allowed(void);

/* Starts `threads` OpenMP threads and ties them to one processor each if they are exactly as many
 * as this process may use and the user has not bound them (OMP_PROC_BIND); otherwise leaves them to
 * the system, because another process may be meant to share these processors. Returns 1 if threads
 * were tied. Also keeps libraries from starting teams of their own. Call once, outside of parallel
 * regions, before memory is touched. */
int lore_threads_pin(int threads);

#endif
