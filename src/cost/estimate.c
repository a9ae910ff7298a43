/* What a run will need, without running it. */
#include "lore/cost/estimate.h"

#include <stdio.h>
#include <stdlib.h>

#include "lore/base/threads.h"
#include "lore/model/decoder.h"
#include "lore/model/gemm.h"
#include "lore/run/assembly.h"
#include "lore/run/run.h"
#include "memory_estimate.h"

/* Resident memory of this process now, in bytes; 0 where /proc does not tell. */
static size_t resident_bytes(void) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[256];
  size_t kibibytes = 0;
  if (!file)
    return 0;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "VmRSS: %zu kB", &kibibytes) == 1)
      break;
  fclose(file);
  return kibibytes * 1024;
}

/* Code of libraries and their buffers that a run touches later than this point; measured. */
static const size_t touched_later = (size_t)7 << 20;

/* Of the rank that needs most. Their shares of the shards make different subtrees, which come again
 * after some. */
static size_t trainer_bytes(const lore_assembly *a, const lore_settings *s, int ranks,
                            int threads) {
  enum { RANKS_TRIED = 64 };
  size_t most = 0;
  for (int rank = 0; rank < ranks && rank < RANKS_TRIED; rank++) {
    lore_team team = {MPI_COMM_NULL, rank, ranks};
    size_t bytes = lore_trainer_bytes(a->model, &s->train, a->longest, team, threads);
    most = bytes > most ? bytes : most;
  }
  return most;
}

static void estimate_memory(const lore_assembly *a, const lore_settings *s, int ranks,
                            size_t before, lore_estimate *e) {
  lore_gemm_shape shapes[LORE_GEMM_SHAPES_MAX];
  int count = lore_decoder_gemm_shapes(a->model, s->train.shard * a->longest, shapes);
  e->process_bytes = before;
  e->population_bytes = lore_population_bytes(&s->population);
  e->trainer_bytes = trainer_bytes(a, s, ranks, e->threads);
  e->evaluator_bytes = lore_evaluator_bytes(a->model, &s->evaluate, a->groups, a->longest,
                                            e->threads, lore_patch_wanted(&s->train.patch));
  e->scratch_bytes = (size_t)e->threads * lore_gemm_scratch_bytes(count, shapes);
  e->peak_bytes = e->process_bytes + e->population_bytes + e->trainer_bytes + e->evaluator_bytes +
                  e->scratch_bytes;
  e->checkpoint_bytes = (size_t)a->model->parameters * sizeof(real);
}

static lore_status estimate(const lore_assembly *a, const lore_settings *s, int ranks,
                            size_t before, lore_estimate *e) {
  LORE_TRY(lore_assembly_mean_tokens(a, &e->tokens_per_biography));
  e->vocabulary = a->model->vocabulary;
  e->context = a->longest;
  e->threads = a->threads;
  e->parameters = a->model->parameters;
  e->baseline = a->baseline;
  e->empirical_baseline = a->empirical_baseline;
  e->steps = s->train.steps;
  e->evaluations = lore_evaluate_count(&s->evaluate, s->train.steps);
  e->tokens = e->tokens_per_biography * s->train.batch * (double)s->train.steps;
  e->operations = lore_assembly_operations(a->model, s, e->tokens_per_biography);
  estimate_memory(a, s, ranks, before, e);
  return LORE_OK;
}

/* As for `settings`, from the people of `sample`. */
static lore_status estimate_from(const lore_settings *sample, const lore_settings *settings,
                                 int ranks, lore_estimate *e) {
  lore_assembly assembly;
  *e = (lore_estimate){0};
  LORE_TRY(lore_run_check_ranks(settings, ranks));
  lore_status status = lore_assembly_create(sample, &assembly);
  if (status == LORE_OK)
    status = lore_threads_pin(assembly.threads); /* their stacks count too */
  size_t before = resident_bytes() + touched_later - lore_population_bytes(&sample->population);
  if (status == LORE_OK)
    status = estimate(&assembly, settings, ranks, before, e);
  lore_assembly_destroy(&assembly);
  return status;
}

lore_status lore_run_estimate(const lore_settings *settings, int ranks, lore_estimate *e) {
  if (settings->task == LORE_TASK_MEMORY)
    return lore_memory_estimate(settings, false, resident_bytes() + touched_later, e);
  return estimate_from(settings, settings, ranks, e);
}

lore_status lore_run_estimate_sampled(const lore_settings *settings, int ranks, lore_estimate *e) {
  enum { PEOPLE = 1024 };
  if (settings->task == LORE_TASK_MEMORY)
    return lore_memory_estimate(settings, true, resident_bytes() + touched_later, e);
  lore_settings *sample = malloc(sizeof *sample);
  if (!sample)
    return lore_fail(LORE_MEMORY, "no memory for settings");
  *sample = *settings;
  int64_t *people[] = {&sample->population.individuals, &sample->population.held_out,
                       &sample->population.new_ones, &sample->population.throw_away};
  for (size_t i = 0; i < sizeof people / sizeof *people; i++)
    if (*people[i] > PEOPLE)
      *people[i] = PEOPLE;
  lore_status status = estimate_from(sample, settings, ranks, e);
  free(sample);
  return status;
}
