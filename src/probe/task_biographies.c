/* Task biographies: linear probes, spectra and names of each snapshot. */
#include <stdlib.h>

#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/threads.h"
#include "lore/model/gemm.h"
#include "probe.h"
#include "task.h"
#include "work.h"

/* Everything that lives while a run is probed. */
typedef struct {
  lore_probed *run;
  lore_assembly assembly;
  lore_probe_problem problem;
  lore_arena memory;
  real *parameters;
  lore_probe_result *result; /* of each snapshot */
} probed_model;

static lore_status configure_run(const lore_probed *run, lore_probe_config *config) {
  const lore_population_config *population = &run->settings.population;
  return lore_probe_configure(run->options, population->individuals, population->held_out, config);
}

static lore_status describe_model_options(lore_probed *run) {
  lore_probe_config config;
  LORE_TRY(configure_run(run, &config));
  lore_probe_options_text(&config, run->options_text);
  return LORE_OK;
}

static int model_width(const lore_settings *settings) {
  return settings->model.width;
}

static lore_status assemble_model(probed_model *m) {
  lore_gemm_backend wanted = m->run->settings.compute.gemm;
  LORE_TRY(configure_run(m->run, &m->problem.config));
  LORE_TRY(lore_assembly_create(&m->run->settings, &m->assembly));
  m->problem.model = m->assembly.model;
  m->problem.population = m->assembly.population;
  m->problem.longest = m->assembly.longest;
  m->problem.threads = m->assembly.threads;
  LORE_TRY(lore_threads_pin(m->problem.threads));
  return lore_gemm_select(wanted == LORE_GEMM_AUTO ? LORE_GEMM_BUILTIN : wanted);
}

static void layout_results(probed_model *m) {
  lore_probe_sizes sizes = lore_probe_sizes_of(&m->problem);
  m->parameters =
      lore_arena_take(&m->memory, (size_t)m->assembly.model->elements, sizeof *m->parameters);
  m->result = lore_arena_take(&m->memory, (size_t)m->run->steps.count, sizeof *m->result);
  for (int i = 0; i < m->run->steps.count; i++) {
    lore_probe_result counting;
    lore_probe_result_layout(m->result ? &m->result[i] : &counting, &m->memory, sizes);
  }
}

static lore_status allocate_results(probed_model *m) {
  layout_results(m);
  size_t bytes = m->memory.used;
  LORE_TRY(lore_arena_create(&m->memory, bytes));
  layout_results(m);
  return LORE_OK;
}

/* One line: where the other individuals' values are read best. */
static void say_best(const probed_model *m, int snapshot, double seconds) {
  const lore_probe_result *result = &m->result[snapshot];
  lore_probe_sizes sizes = lore_probe_sizes_of(&m->problem);
  double best = -1, model = 0, control = 0;
  int at_level = 0, at_position = 0;
  for (int level = 0; level < sizes.levels; level++)
    for (int position = 0; position < LORE_PROBE_POSITIONS; position++) {
      double sum = 0, other = 0;
      for (int target = 0; target < LORE_PROBE_TARGETS; target++) {
        size_t at = lore_probe_at(sizes, LORE_PROBE_OTHER, level, position, target);
        sum += result->accuracy[at] / LORE_PROBE_TARGETS;
        other += result->control_accuracy[at] / LORE_PROBE_TARGETS;
      }
      if (sum > best) {
        best = sum;
        control = other;
        at_level = level;
        at_position = position;
      }
    }
  for (int target = 0; target < LORE_PROBE_TARGETS; target++)
    model +=
        result->model_accuracy[LORE_PROBE_OTHER * LORE_PROBE_TARGETS + target] / LORE_PROBE_TARGETS;
  lore_say("%s: step %lld: best read at level %d, %s: accuracy %.4f (control %.4f, model %.4f), "
           "%.1f s",
           m->run->id, (long long)m->run->steps.value[snapshot], at_level,
           lore_probe_position_name(at_position), best, control, model, seconds);
}

static lore_status probe_snapshot(probed_model *m, int snapshot) {
  const lore_team team = m->run->team;
  double begin = lore_clock_seconds();
  lore_status status = LORE_OK;
  if (team.rank == 0)
    status = lore_probed_read(m->run, m->run->steps.value[snapshot], &m->assembly, m->parameters);
  LORE_TRY_TOGETHER(team, status);
  LORE_TRY(lore_team_spread(team, m->parameters,
                            sizeof *m->parameters * (size_t)m->assembly.model->elements));
  LORE_TRY(lore_probe_snapshot(&m->problem, &m->run->grid, m->parameters, &m->result[snapshot]));
  if (team.rank == 0 && !m->run->options->quiet)
    say_best(m, snapshot, lore_clock_seconds() - begin);
  return LORE_OK;
}

static lore_status write_model_file(probed_model *m) {
  LORE_TRY(lore_probed_describe(m->run, m->assembly.threads));
  lore_probe_content content = {.title = m->run->settings.name,
                                .options = m->run->options_text,
                                .problem = &m->problem,
                                .snapshots = m->run->steps.count,
                                .step = m->run->steps.value,
                                .result = m->result,
                                .settings = m->run->scalars,
                                .setting = m->run->scalar,
                                .provenances = m->run->provenance.count,
                                .provenance = m->run->provenance.entry};
  return lore_probe_file_write(m->run->path, &content);
}

static lore_status probe_snapshots(probed_model *m, int *snapshots) {
  const lore_team team = m->run->team;
  LORE_TRY_TOGETHER(team, assemble_model(m));
  LORE_TRY_TOGETHER(team, allocate_results(m));
  for (int i = 0; i < m->run->steps.count; i++, (*snapshots)++)
    LORE_TRY(probe_snapshot(m, i));
  return lore_team_agree(team, team.rank == 0 ? write_model_file(m) : LORE_OK);
}

static lore_status probe_model(lore_probed *run, int *snapshots) {
  probed_model m = {.run = run};
  lore_status status = probe_snapshots(&m, snapshots);
  lore_arena_destroy(&m.memory);
  lore_assembly_destroy(&m.assembly);
  return status;
}

/* Shapes do not depend on who the individuals are: one stands for all. */
typedef struct {
  lore_vocabulary *vocabulary;
  lore_population *population;
  lore_model *model;
} stand_in;

static lore_status make_stand_in(const lore_settings *s, stand_in *made) {
  const lore_population_config one = {.individuals = 1};
  LORE_TRY(lore_vocabulary_create(s->population.questions, &made->vocabulary));
  LORE_TRY(lore_population_create(&one, s->seed, made->vocabulary, &made->population));
  return lore_model_create(&s->model, lore_vocabulary_size(made->vocabulary),
                           lore_vocabulary_longest_biography(made->vocabulary), &made->model);
}

static int count_snapshots(const lore_settings *s) {
  const lore_integer_list *kept = &s->checkpoint.snapshots;
  bool last = kept->count > 0 && kept->value[kept->count - 1] == s->train.steps;
  return kept->count + !last;
}

static void count_costs(const lore_probe_problem *problem, int ranks, lore_probe_cost *cost) {
  int block = lore_probe_block(problem->model->config.width, ranks);
  lore_grid_shape shape = lore_grid_shape_of(ranks);
  lore_probe_operations operations = lore_probe_count(problem);
  cost->forward = operations.forward;
  cost->algebra = operations.algebra;
  cost->bytes = lore_probe_bytes(problem, shape, block);
  cost->bytes_least = lore_probe_bytes_least(problem, shape, block);
}

static lore_status estimate_model(const lore_settings *s, int ranks, int threads,
                                  lore_probe_cost *cost) {
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
    cost->snapshots = count_snapshots(s);
    count_costs(&problem, ranks, cost);
  }
  lore_population_destroy(made.population);
  lore_model_destroy(made.model);
  lore_vocabulary_destroy(made.vocabulary);
  return status;
}

const lore_probe_task lore_probe_biographies = {.describe_options = describe_model_options,
                                                .width = model_width,
                                                .probe = probe_model,
                                                .estimate = estimate_model};
