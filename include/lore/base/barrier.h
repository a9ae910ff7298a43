/* A barrier for few threads that meet hundreds of times a second: who arrives spins, and sleeps
 * only if it must wait long, so that others can use its processor. */
#ifndef LORE_BASE_BARRIER_H
#define LORE_BASE_BARRIER_H

#include <pthread.h>
#include <stdatomic.h>

typedef struct {
  _Alignas(64) atomic_int arrived;
  _Alignas(64) atomic_uint round;
  atomic_int sleepers;
  pthread_mutex_t mutex;
  pthread_cond_t passed;
} lore_barrier;

#define LORE_BARRIER_NEW                                                                           \
  { .mutex = PTHREAD_MUTEX_INITIALIZER, .passed = PTHREAD_COND_INITIALIZER }

/* Returns when `threads` threads have called it: what each wrote before, all see. */
void lore_barrier_wait(lore_barrier *barrier, int threads);

#endif
