/* Pinning of OpenMP threads. */
#include "lore/threads.h"

#include <omp.h>
#include <sched.h>
#include <stdlib.h>

static int share_rank, share_ranks = 1;

void lore_threads_share(int rank, int ranks) {
  share_rank = rank;
  share_ranks = ranks;
}

unsigned long lore_threads_mask(void) {
  cpu_set_t allowed;
  unsigned long mask = 0;
  if (sched_getaffinity(0, sizeof allowed, &allowed))
    return 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, &allowed))
      mask = mask * 1000003 + (unsigned long)cpu + 1;
  return mask;
}

int lore_threads_allowed(void) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed))
    return 1;
  int share = CPU_COUNT(&allowed) / share_ranks;
  return share > 0 ? share : 1;
}

/* Number of the `index`-th processor in the set. */
static int processor(const cpu_set_t *allowed, int index) {
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, allowed) && index-- == 0)
      return cpu;
  return -1;
}

int lore_threads_pin(int threads) {
  cpu_set_t allowed;
  omp_set_dynamic(0);
  omp_set_num_threads(1); /* the default team of libraries; ours name their size */
  int tie = threads * share_ranks > 1 && !getenv("OMP_PROC_BIND") &&
            sched_getaffinity(0, sizeof allowed, &allowed) == 0 &&
            CPU_COUNT(&allowed) == threads * share_ranks;
#pragma omp parallel num_threads(threads)
  if (tie) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processor(&allowed, share_rank * threads + omp_get_thread_num()), &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  return tie;
}
