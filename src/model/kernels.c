/* The levels of this build, and which one runs. */
#include "lore/model/kernels.h"

#ifdef HAVE_CONFIG_H
#include "config.h" /* which levels there are */
#endif

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/features.h"
#include "lore/base/mpi.h"

/* A further level is a line here, and a library in src/local.mk. In double, which only tests use,
 * two are enough. */
#ifdef BUILD_LEVEL
#define LEVELS(X) X(arch)
#elif defined(LORE_DOUBLE)
#define LEVELS(X) X(v2) X(v3)
#else
#define LEVELS(X) X(v2) X(v3) X(v4) X(v4_bf16)
#endif

#define X(level) extern const lore_kernel_table lore_kernels_##level;
LEVELS(X)
#undef X

static const lore_kernel_table *const levels[] = {
#define X(level) &lore_kernels_##level,
    LEVELS(X)
#undef X
};

enum { LEVELS_COUNT = sizeof levels / sizeof *levels };

static const char *const isas[] = {LORE_ISA_LIST(LORE_ENUM_NAME)};

static _Atomic(const lore_kernel_table *) selected;

const lore_kernel_table *lore_level(int level) {
  return level >= 0 && level < LEVELS_COUNT ? levels[level] : NULL;
}

int lore_level_find(const char *name) {
  for (int i = 0; i < LEVELS_COUNT; i++)
    if (!strcmp(levels[i]->name, name))
      return i;
  return -1;
}

bool lore_level_runs(int level) {
  return !(levels[level]->features & ~lore_features_found());
}

/* The processor has the lowest: else the program has ended before this (src/cli/processor.c). */
static int highest_level(void) {
  int level = LEVELS_COUNT - 1;
  while (level > 0 && !lore_level_runs(level))
    level--;
  return level;
}

/* Whether `level` is faster than the one below it. Products of pairs of bf16 run at twice the rate
 * of float32 on AMD's processors, but at half of it on Intel's without AMX (Emerald Rapids). */
static bool level_pays(int level) {
#ifdef __x86_64__
  if (levels[level]->features & 1u << LORE_FEATURE_AVX512BF16 && LEVELS_COUNT > 1) {
    __builtin_cpu_init();
    return __builtin_cpu_is("amd");
  }
#endif
  (void)level;
  return true;
}

/* "v2, v3, v4" */
static void list_levels(size_t size, char *text) {
  size_t used = 0;
  for (int i = 0; i < LEVELS_COUNT && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", levels[i]->name);
}

/* Lowers *level to the one called `name`, which `who` asks for. */
static lore_status lower_level(const char *who, const char *name, int *level) {
  char host[256] = "this node", text[512] = "";
  int wanted = lore_level_find(name);
  if (wanted < 0) {
    list_levels(sizeof text, text);
    return lore_fail(LORE_USER, "%s is '%s'; this build of lore has kernels for %s, or use auto",
                     who, name, text);
  }
  if (!lore_level_runs(wanted)) {
    gethostname(host, sizeof host - 1);
    lore_features_append(levels[wanted]->features & ~lore_features_found(), sizeof text, text);
    return lore_fail(LORE_USER, "%s is %s, but the processor of %s lacks%s; use auto or %s", who,
                     name, host, text, levels[highest_level()]->name);
  }
  if (wanted < *level)
    *level = wanted;
  return LORE_OK;
}

const char *lore_isa_name(lore_isa isa) {
  return isas[isa];
}

lore_status lore_level_limit(lore_isa isa, int *level) {
  const char *forced = getenv("LORE_ISA");
  bool is_forced = forced && *forced && strcmp(forced, isas[LORE_ISA_AUTO]) != 0;
  *level = highest_level();
  if (is_forced)
    LORE_TRY(lower_level("LORE_ISA", forced, level));
  if (isa != LORE_ISA_AUTO)
    return lower_level("'compute.isa'", isas[isa], level);
  while (!is_forced && !level_pays(*level))
    --*level;
  return LORE_OK;
}

lore_status lore_level_agree(lore_team team, lore_isa isa, int *level) {
  LORE_TRY_TOGETHER(team, lore_level_limit(isa, level));
  if (team.ranks > 1)
    LORE_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, level, 1, MPI_INT, MPI_MIN, team.comm));
  return LORE_OK;
}

void lore_level_select(int level) {
  assert(lore_level(level) && lore_level_runs(level));
  atomic_store(&selected, levels[level]);
}

const lore_kernel_table *lore_kernels(void) {
  const lore_kernel_table *table = atomic_load_explicit(&selected, memory_order_relaxed);
  if (table)
    return table;
  int level;
  if (lore_level_limit(LORE_ISA_AUTO, &level) != LORE_OK) /* who needs it right asks beforehand */
    level = highest_level();
  lore_level_select(level);
  return levels[level];
}
