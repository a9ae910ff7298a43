/* Planning probes from settings alone. */
#include "lore/probe/plan.h"

#include "lore/probe/study.h"

/* Adds the run that `problem` stands for. */
static void add(const lore_settings *s, int index, const lore_probe_problem *problem,
                lore_probe_plan *plan) {
  const lore_integer_list *kept = &s->checkpoint.snapshots;
  int snapshots = kept->count + 1;
  if (kept->count > 0 && kept->value[kept->count - 1] == s->train.steps)
    snapshots--;
  lore_grid_shape shape = lore_grid_shape_of(plan->ranks);
  int block = lore_probe_block(s->model.width, plan->ranks);
  lore_probe_operations count = lore_probe_count(problem);
  size_t bytes = lore_probe_bytes(problem, shape, block);
  plan->runs++;
  plan->snapshots += snapshots;
  plan->operations += snapshots * count.forward;
  plan->algebra += snapshots * count.algebra;
  if (plan->largest < 0 || bytes > plan->bytes) {
    plan->largest = index;
    plan->bytes = bytes;
    plan->bytes_least = lore_probe_bytes_least(problem, shape, block);
  }
}

/* Shapes do not depend on who the people are: one stands for all. */
typedef struct {
  lore_vocabulary *vocabulary;
  lore_population *population;
  lore_model *model;
} stand_in;

static lore_status make_stand_in(const lore_settings *s, stand_in *made) {
  const lore_population_config one = {.individuals = 1};
  LORE_TRY(lore_vocabulary_create(&made->vocabulary));
  LORE_TRY(lore_population_create(&one, s->seed, made->vocabulary, &made->population));
  return lore_model_create(&s->model, lore_vocabulary_size(made->vocabulary),
                           lore_vocabulary_longest_biography(made->vocabulary), &made->model);
}

static lore_status plan_run(const lore_settings *s, int index, int threads, lore_probe_plan *plan) {
  lore_probe_options options = {0};
  lore_probe_problem problem = {.threads = s->compute.threads ? s->compute.threads : threads};
  stand_in made = {0};
  lore_probe_options_default(&options);
  lore_status status = lore_probe_configure(&options, s->population.individuals,
                                            s->population.held_out, &problem.config);
  if (status == LORE_OK)
    status = make_stand_in(s, &made);
  if (status == LORE_OK) {
    problem.model = made.model;
    problem.population = made.population;
    problem.longest = lore_vocabulary_longest_biography(made.vocabulary);
    add(s, index, &problem, plan);
  }
  lore_population_destroy(made.population);
  lore_model_destroy(made.model);
  lore_vocabulary_destroy(made.vocabulary);
  return status;
}

lore_status lore_probe_plan_make(const lore_manifest *manifest, int ranks, int threads,
                                 double gflops, lore_probe_plan *plan) {
  enum { SECONDS_PER_HOUR = 3600 };
  *plan = (lore_probe_plan){.ranks = ranks, .largest = -1};
  lore_settings settings;
  for (int r = 0; r < manifest->runs; r++) {
    lore_manifest_settings(manifest, r, &settings);
    if (settings.task == LORE_TASK_BIOGRAPHIES)
      LORE_TRY(plan_run(&settings, r, threads, plan));
  }
  plan->hours = (plan->operations + 2 * plan->algebra) / (1e9 * gflops * ranks) / SECONDS_PER_HOUR;
  return LORE_OK;
}
