/* A barrier that spins, then sleeps. Its sense is the number of the round, so it can be used again
 * at once. (To yield instead of sleeping would hand whole time slices to whatever else runs, even
 * with the lowest priority.) */
#include "lore/base/barrier.h"

enum { SPINS = 2000 /* some tens of microseconds */ };

static void pause_briefly(void) {
#ifdef __x86_64__
  __builtin_ia32_pause();
#endif
}

/* Who sleeps is counted before it looks at the round for the last time; who ends the round looks at
 * the count after that. So one of them sees the other. */
static void sleep_through(lore_barrier *b, unsigned round) {
  pthread_mutex_lock(&b->mutex);
  atomic_fetch_add(&b->sleepers, 1);
  while (atomic_load(&b->round) == round)
    pthread_cond_wait(&b->passed, &b->mutex);
  atomic_fetch_sub(&b->sleepers, 1);
  pthread_mutex_unlock(&b->mutex);
}

static void end_round(lore_barrier *b, unsigned round) {
  atomic_store(&b->arrived, 0);
  atomic_store(&b->round, round + 1);
  if (atomic_load(&b->sleepers) == 0)
    return;
  pthread_mutex_lock(&b->mutex);
  pthread_cond_broadcast(&b->passed);
  pthread_mutex_unlock(&b->mutex);
}

void lore_barrier_wait(lore_barrier *b, int threads) {
  unsigned round = atomic_load_explicit(&b->round, memory_order_relaxed);
  if (atomic_fetch_add(&b->arrived, 1) == threads - 1) {
    end_round(b, round);
    return;
  }
  for (int spins = 0; spins < SPINS; spins++) {
    if (atomic_load_explicit(&b->round, memory_order_acquire) != round)
      return;
    pause_briefly();
  }
  sleep_through(b, round);
}
