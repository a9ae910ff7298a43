/* Pinning of OpenMP threads. */
#include "lore/base/threads.h"

#include <omp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

static int share_rank, share_ranks = 1;

/* Processors of this process and of its parent, as they were at first: a thread that has been tied
 * sees its own one only. */
typedef struct {
  bool asked, known, parent_known;
  cpu_set_t own, parent;
} processors;

static const processors *find_processors(void) {
  static processors found;
  if (!found.asked) {
    found.asked = true;
    found.known = !sched_getaffinity(0, sizeof found.own, &found.own);
    found.parent_known =
        getppid() > 0 && !sched_getaffinity(getppid(), sizeof found.parent, &found.parent);
  }
  return &found;
}

/* NULL: the system does not say. */
static const cpu_set_t *given_processors(void) {
  const processors *p = find_processors();
  return p->known ? &p->own : NULL;
}

/* The user has told OpenMP where its threads belong. */
static bool placed_by_user(void) {
  const char *bind = getenv("OMP_PROC_BIND");
  return bind ? strcasecmp(bind, "false") != 0 : getenv("OMP_PLACES") != NULL;
}

int lore_threads_bound(void) {
  const processors *p = find_processors();
  cpu_set_t both;
  if (!p->known || !p->parent_known || placed_by_user())
    return 0;
  CPU_AND(&both, &p->own, &p->parent);
  bool narrower = CPU_EQUAL(&both, &p->own) && !CPU_EQUAL(&p->own, &p->parent);
  return narrower ? CPU_COUNT(&p->parent) : 0;
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

int lore_threads_processors(void) {
  const cpu_set_t *set = given_processors();
  /* OpenMP may have tied the first thread already, and remembers what there was. */
  int count = placed_by_user() ? omp_get_num_procs() : set ? CPU_COUNT(set) : 1;
  int share = count / share_ranks;
  return share > 0 ? share : 1;
}

/* The number that environment variable `name` begins with ("4" or "4,2"), or `otherwise`. */
static int least_of(const char *name, int otherwise) {
  const char *text = getenv(name);
  char *end = NULL;
  long number = text ? strtol(text, &end, 10) : 0;
  bool valid = text && end != text && (*end == '\0' || *end == ',') && number > 0;
  return valid && number < otherwise ? (int)number : otherwise;
}

int lore_threads_allowed(void) {
  return least_of("OMP_NUM_THREADS", least_of("SLURM_CPUS_PER_TASK", lore_threads_processors()));
}

/* Processors that nobody has bound this process to may be meant for others, too. */
static bool ties_threads(int threads) {
  const cpu_set_t *set = given_processors();
  return set && !placed_by_user() && lore_threads_bound() > 0 &&
         CPU_COUNT(set) == threads * share_ranks;
}

const char *lore_threads_pinning(int threads) {
  return placed_by_user() ? "placed by OpenMP" : ties_threads(threads) ? "pinned" : "not pinned";
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
  const cpu_set_t *set = placed_by_user() ? NULL : given_processors();
  const char *limit = getenv("OMP_THREAD_LIMIT");
  bool tie = ties_threads(threads);
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
                   "OMP_THREAD_LIMIT (%s%s): raise it, or ask for at most %d thread%s "
                   "(compute.threads; lore bench --threads)",
                   threads, team, limit ? "here " : "not set here", limit ? limit : "", team,
                   team == 1 ? "" : "s");
}
