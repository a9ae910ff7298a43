/* Pinning of OpenMP threads. */
#include "lore/threads.h"

#include <omp.h>
#include <sched.h>
#include <stdlib.h>

static int share_rank, share_ranks = 1;

/* The processors that this process was given. Asked for once: a thread that has been tied sees its
 * own one only. */
static const cpu_set_t *given(void) {
  static cpu_set_t set;
  static int known;
  if (!known)
    known = sched_getaffinity(0, sizeof set, &set) ? -1 : 1;
  return known > 0 ? &set : NULL;
}

void lore_threads_share(int rank, int ranks) {
  share_rank = rank;
  share_ranks = ranks;
}

unsigned long lore_threads_mask(void) {
  const cpu_set_t *set = given();
  unsigned long mask = 0;
  for (int cpu = 0; set && cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, set))
      mask = mask * 1000003 + (unsigned long)cpu + 1;
  return mask;
}

int lore_threads_allowed(void) {
  const cpu_set_t *set = given();
  int share = set ? CPU_COUNT(set) / share_ranks : 1;
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
  const cpu_set_t *set = given();
  omp_set_dynamic(0);
  omp_set_num_threads(1); /* the default team of libraries; ours name their size */
  if (!set || getenv("OMP_PROC_BIND"))
    return 0;
  int tie = threads * share_ranks > 1 && CPU_COUNT(set) == threads * share_ranks;
#pragma omp parallel num_threads(threads)
  {
    cpu_set_t mine = *set; /* also frees a thread that an earlier run has tied */
    if (tie) {
      CPU_ZERO(&mine);
      CPU_SET(processor(set, share_rank * threads + omp_get_thread_num()), &mine);
    }
    sched_setaffinity(0, sizeof mine, &mine);
  }
  return tie;
}
