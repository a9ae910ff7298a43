/* What runs cost, worked out once for all that cost the same. */
#include "lore/cost/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lore/cost/disk.h"
#include "lore/cost/estimate.h"
#include "lore/cost/operations.h"
#include "lore/run/run.h"
#include "lore/settings/groups.h"
#include "task.h"

/* The settings that memory and work follow from. */
typedef struct {
  lore_task task;
  lore_memory_config memory;
  lore_population_config population;
  lore_model_config model;
  lore_evaluate_config evaluate;
  lore_patch_config patch;
  lore_optimizer optimizer;
  double asking; /* share of questions */
  int groups;
  int64_t steps;
  int batch, shard, threads;
} lore_plan_key;

typedef struct {
  lore_plan_key key;
  lore_estimate estimate;
} lore_plan_entry;

typedef struct {
  int count;
  lore_plan_entry *entry;
  size_t slots; /* of a hash table, a power of two; 0: none yet */
  int *slot;    /* index of an entry + 1; 0: free */
} lore_plan_cache;

static int count_groups(const lore_settings *s) {
  lore_group group[LORE_GROUPS_MAX];
  return lore_groups_of(s, group);
}

/* Padding is cleared, so that keys compare as bytes; a difference that is none only costs time. */
static void make_key(const lore_settings *s, int threads, lore_plan_key *key) {
  memset(key, 0, sizeof *key);
  key->task = s->task;
  memcpy(&key->memory, &s->memory, sizeof key->memory);
  memcpy(&key->population, &s->population, sizeof key->population);
  memcpy(&key->model, &s->model, sizeof key->model);
  memcpy(&key->evaluate, &s->evaluate, sizeof key->evaluate);
  memcpy(&key->patch, &s->train.patch, sizeof key->patch);
  key->optimizer = s->train.optimizer;
  key->asking = lore_assembly_asking(s);
  key->groups = count_groups(s);
  key->steps = s->train.steps;
  key->batch = s->train.batch;
  key->shard = s->train.shard;
  key->threads = s->compute.threads ? s->compute.threads : threads;
}

/* Where the entry of this key is, or would be. */
static int *find_slot(const lore_plan_cache *cache, const lore_plan_key *key) {
  size_t at = (size_t)XXH3_64bits(key, sizeof *key) & (cache->slots - 1);
  while (cache->slot[at] && memcmp(&cache->entry[cache->slot[at] - 1].key, key, sizeof *key) != 0)
    at = (at + 1) & (cache->slots - 1);
  return &cache->slot[at];
}

/* Makes room in the table for another entry. */
static lore_status make_slots(lore_plan_cache *cache) {
  if (2 * (size_t)cache->count < cache->slots)
    return LORE_OK;
  size_t slots = cache->slots > 0 ? 2 * cache->slots : 16;
  int *slot = calloc(slots, sizeof *slot);
  if (!slot)
    return lore_fail(LORE_MEMORY, "cannot allocate %zu estimates", slots);
  free(cache->slot);
  cache->slot = slot;
  cache->slots = slots;
  for (int i = 0; i < cache->count; i++)
    *find_slot(cache, &cache->entry[i].key) = i + 1;
  return LORE_OK;
}

static lore_status add_entry(lore_plan_cache *cache, const lore_settings *settings, int ranks,
                             const lore_plan_key *key) {
  bool full = (cache->count & (cache->count - 1)) == 0;
  size_t capacity = cache->count > 0 ? 2 * (size_t)cache->count : 1;
  lore_plan_entry *more = full ? realloc(cache->entry, capacity * sizeof *more) : cache->entry;
  lore_settings *same = malloc(sizeof *same);
  if (more)
    cache->entry = more;
  if (!more || !same) {
    free(same);
    return lore_fail(LORE_MEMORY, "cannot allocate %zu estimates", capacity);
  }
  *same = *settings;
  same->compute.threads = key->threads;
  more[cache->count].key = *key;
  lore_status status = lore_run_estimate_sampled(same, ranks, &more[cache->count].estimate);
  free(same);
  cache->count += status == LORE_OK;
  return status;
}

static lore_status find_estimate(lore_plan_cache *cache, const lore_settings *settings, int ranks,
                                 int threads, const lore_estimate **estimate) {
  lore_plan_key key;
  make_key(settings, threads, &key);
  LORE_TRY(make_slots(cache));
  int *slot = find_slot(cache, &key);
  if (*slot == 0) {
    LORE_TRY(add_entry(cache, settings, ranks, &key));
    *slot = cache->count;
  }
  *estimate = &cache->entry[*slot - 1].estimate;
  return LORE_OK;
}

static void fill_run(const lore_settings *s, const lore_estimate *e, lore_plan_run *run) {
  const lore_disk_run disk = lore_disk_of_run(s, e->checkpoint_bytes);
  *run = (lore_plan_run){.tokens = e->tokens,
                         .operations = e->operations,
                         .evaluation_operations = e->evaluation_operations,
                         .attention_operations = e->attention_operations,
                         .other_operations = e->other_operations,
                         .threads = e->threads,
                         .one_rank = !lore_cost_task_of(s->task)->sharded,
                         .peak_bytes = e->peak_bytes,
                         .weights_bytes = disk.weights,
                         .resume_bytes = disk.resume};
}

lore_status lore_plan_estimate(lore_manifest *manifest, int ranks, int threads,
                               lore_plan_run *run) {
  lore_plan_cache cache = {0};
  lore_status status = LORE_OK;
  lore_settings settings;
  for (int r = 0; r < manifest->runs && status == LORE_OK; r++) {
    const lore_estimate *estimate = NULL;
    lore_manifest_settings(manifest, r, &settings);
    status = find_estimate(&cache, &settings, ranks, threads, &estimate);
    if (status == LORE_OK)
      fill_run(&settings, estimate, &run[r]);
    else
      lore_fail_context(status, "run %s", manifest->run[r].id);
  }
  free(cache.entry);
  free(cache.slot);
  LORE_TRY(status);
  return lore_manifest_estimate(manifest);
}

/* Of one rank, in units of 1e-9 s. */
static double time_run(const lore_plan_run *run, const lore_plan_speed *speed) {
  double operations = run->operations + run->evaluation_operations;
  if (speed->gemm_gflops > 0)
    return (operations - run->attention_operations) / speed->gemm_gflops +
           run->other_operations / speed->float32_gflops;
  return operations / speed->gflops;
}

void lore_plan_time(const lore_manifest *manifest, const lore_plan_speed *speed, int ranks,
                    lore_plan_run *run) {
  for (int r = 0; r < manifest->runs; r++)
    run[r].hours = 1e-9 * time_run(&run[r], speed) / (run[r].one_rank ? 1 : ranks) / 3600;
}

lore_status lore_plan_total(const lore_manifest *manifest, const lore_plan_run *run, int ranks,
                            int cores, lore_plan_totals *totals) {
  double *chain = calloc((size_t)manifest->runs + 1, sizeof *chain);
  if (!chain)
    return lore_fail(LORE_MEMORY, "cannot allocate %d runs", manifest->runs);
  lore_plan_totals t = {.cores = cores};
  for (int r = 0; r < manifest->runs; r++) {
    int parent = manifest->run[r].parent;
    chain[r] = run[r].hours + (parent >= 0 ? chain[parent] : 0);
    t.chain_hours = fmax(t.chain_hours, chain[r]);
    if (manifest->run[r].wave >= t.waves)
      t.waves = manifest->run[r].wave + 1;
    if (run[r].peak_bytes > run[t.largest].peak_bytes)
      t.largest = r;
    if (run[r].hours > run[t.longest].hours)
      t.longest = r;
    t.tokens += run[r].tokens;
    t.operations += run[r].operations;
    t.evaluation_operations += run[r].evaluation_operations;
    t.weights_bytes += run[r].weights_bytes;
    t.hours += run[r].hours;
    t.core_hours += run[r].hours * ranks * run[r].threads;
  }
  t.node_hours = t.core_hours / t.cores;
  free(chain);
  *totals = t;
  return LORE_OK;
}

lore_status lore_plan_measure(const lore_manifest *manifest, const lore_plan_run *run,
                              double seconds, lore_plan_speed *speed) {
  lore_settings settings;
  int largest = 0;
  for (int r = 0; r < manifest->runs; r++)
    if (run[r].operations > run[largest].operations)
      largest = r;
  lore_manifest_settings(manifest, largest, &settings);
  LORE_TRY(lore_speed_measure(&settings, run[largest].threads, seconds, speed));
  double operations = run[largest].operations + run[largest].evaluation_operations;
  speed->gflops = operations / time_run(&run[largest], speed);
  speed->share = speed->gflops / speed->gemm_gflops;
  return LORE_OK;
}
