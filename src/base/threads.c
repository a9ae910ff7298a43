/* Pinning of OpenMP threads. */
#include "lore/base/threads.h"

#include <omp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

static int share_rank, share_ranks = 1;

/* The processors that this process was given. Asked for once: a thread that has been tied sees its
 * own one only. */
static const cpu_set_t *given_processors(void) {
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
  const cpu_set_t *set = given_processors();
  unsigned long mask = 0;
  for (int cpu = 0; set && cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, set))
      mask = mask * 1000003 + (unsigned long)cpu + 1;
  return mask;
}

int lore_threads_allowed(void) {
  const cpu_set_t *set = given_processors();
  int share = set ? CPU_COUNT(set) / share_ranks : 1;
  return share > 0 ? share : 1;
}

/* Number of the `index`-th processor in the set. */
static int find_processor(const cpu_set_t *allowed, int index) {
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, allowed) && index-- == 0)
      return cpu;
  return -1;
}

/* Ties the calling thread of a team of `threads`, or frees one that an earlier run has tied. */
static void tie_thread(const cpu_set_t *set, int threads, bool tie) {
  cpu_set_t mine = *set;
  if (tie) {
    CPU_ZERO(&mine);
    CPU_SET(find_processor(set, share_rank * threads + omp_get_thread_num()), &mine);
  }
  sched_setaffinity(0, sizeof mine, &mine);
}

lore_status lore_threads_pin(int threads) {
  const cpu_set_t *set = getenv("OMP_PROC_BIND") ? NULL : given_processors();
  const char *limit = getenv("OMP_THREAD_LIMIT");
  bool tie = set && threads * share_ranks > 1 && CPU_COUNT(set) == threads * share_ranks;
  int team = 1;
  omp_set_dynamic(0);
  omp_set_num_threads(1); /* the default team of libraries; ours name their size */
#pragma omp parallel num_threads(threads)
  {
    if (set)
      tie_thread(set, threads, tie);
#pragma omp master
    team = omp_get_num_threads();
  }
  if (team == threads)
    return LORE_OK;
  return lore_fail(LORE_USER,
                   "OpenMP was asked for %d threads and gives %d; the usual cause is "
                   "OMP_THREAD_LIMIT (%s%s): raise it, or ask for at most %d threads "
                   "(compute.threads; lore bench --threads)",
                   threads, team, limit ? "here " : "not set here", limit ? limit : "", team);
}
