/* From a run's directory to its probe.nc. */
#include "runs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/base/clock.h"
#include "lore/base/log.h"
#include "lore/base/threads.h"
#include "lore/io/path.h"
#include "lore/model/gemm.h"
#include "snapshots.h"

/* Everything that lives while a run of biographies is probed. */
typedef struct {
  lore_probed run;
  lore_assembly assembly;
  lore_probe_problem problem;
  char text[LORE_PROBE_OPTIONS_MAX];
  lore_arena memory;
  real *parameters;
  lore_probe_result *result; /* of each snapshot */
} probed_model;

void lore_probe_options_default(lore_probe_options *options) {
  static const double strength[] = {1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10};
  options->keys = LORE_PROBE_KEYS;
  options->strengths = sizeof strength / sizeof *strength;
  memcpy(options->strength, strength, sizeof strength);
}

lore_status lore_probe_configure(const lore_probe_options *options, int64_t known, int64_t held_out,
                                 lore_probe_config *config) {
  int64_t used = options->individuals == 0 ? known : options->individuals;
  if (used > known)
    return lore_fail(LORE_USER, "--individuals %lld: the population has %lld known individuals",
                     (long long)used, (long long)known);
  if (used < LORE_PROBE_INDIVIDUALS_LEAST || used > INT_MAX)
    return lore_fail(LORE_USER, "%lld known individuals: probes need %d to %d", (long long)used,
                     LORE_PROBE_INDIVIDUALS_LEAST, INT_MAX);
  *config = (lore_probe_config){.individuals = (int)used,
                                .held_out = (int)(held_out < used / 4 ? held_out : used / 4),
                                .keys = options->keys < used ? options->keys : (int)used,
                                .strengths = options->strengths};
  memcpy(config->strength, options->strength, sizeof config->strength);
  return LORE_OK;
}

/* Settings, and which snapshots there are, without making anything. */
static lore_status look(probed_model *m) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_directory_of_run(m->run.options->directory, m->run.id, m->run.folder));
  LORE_TRY(lore_path_join(m->run.folder, LORE_PATH_PROBE, m->run.path));
  LORE_TRY(lore_snapshots_choose(m->run.folder, &m->run.options->snapshots, &m->run.steps));
  if (m->run.steps.count == 0)
    return LORE_OK;
  LORE_TRY(lore_path_join(m->run.folder, LORE_PATH_STUDY, path));
  LORE_TRY(lore_settings_read(path, 0, NULL, &m->run.settings));
  if (m->run.settings.task == LORE_TASK_MEMORY) {
    snprintf(m->text, sizeof m->text, "%s", lore_probe_memory_options());
    return LORE_OK;
  }
  LORE_TRY(lore_probe_configure(m->run.options, m->run.settings.population.individuals,
                                m->run.settings.population.held_out, &m->problem.config));
  lore_probe_options_text(&m->problem.config, m->text);
  return LORE_OK;
}

static lore_status assemble(probed_model *m) {
  lore_gemm_backend wanted = m->run.settings.compute.gemm;
  LORE_TRY(lore_assembly_create(&m->run.settings, &m->assembly));
  m->problem.model = m->assembly.model;
  m->problem.population = m->assembly.population;
  m->problem.longest = m->assembly.longest;
  m->problem.threads = m->assembly.threads;
  LORE_TRY(lore_threads_pin(m->problem.threads));
  return lore_gemm_select(wanted == LORE_GEMM_AUTO ? LORE_GEMM_BUILTIN : wanted);
}

static void lay_out(probed_model *m) {
  lore_probe_sizes sizes = lore_probe_sizes_of(&m->problem);
  m->parameters =
      lore_arena_take(&m->memory, (size_t)m->assembly.model->elements, sizeof *m->parameters);
  m->result = lore_arena_take(&m->memory, (size_t)m->run.steps.count, sizeof *m->result);
  for (int i = 0; i < m->run.steps.count; i++) {
    lore_probe_result counting;
    lore_probe_result_layout(m->result ? &m->result[i] : &counting, &m->memory, sizes);
  }
}

static lore_status make_room(probed_model *m) {
  lay_out(m);
  size_t bytes = m->memory.used;
  LORE_TRY(lore_arena_create(&m->memory, bytes));
  lay_out(m);
  return LORE_OK;
}

/* One line for people: where the other individuals' values are read best. */
static void tell(const probed_model *m, int snapshot, double seconds) {
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
           m->run.id, (long long)m->run.steps.value[snapshot], at_level,
           lore_probe_position_name(at_position), best, control, model, seconds);
}

static lore_status probe_one(probed_model *m, int snapshot) {
  const lore_team team = m->run.team;
  double begin = lore_clock_seconds();
  lore_status status = LORE_OK;
  if (team.rank == 0)
    status = lore_snapshot_read(m->run.folder, m->run.steps.value[snapshot], &m->assembly,
                                m->parameters);
  LORE_TRY_TOGETHER(team, status);
  LORE_TRY(lore_team_spread(team, m->parameters,
                            sizeof *m->parameters * (size_t)m->assembly.model->elements));
  LORE_TRY(lore_probe_snapshot(&m->problem, &m->run.grid, m->parameters, &m->result[snapshot]));
  if (team.rank == 0 && !m->run.options->quiet)
    tell(m, snapshot, lore_clock_seconds() - begin);
  return LORE_OK;
}

lore_status lore_probed_describe(lore_probed *run, int threads) {
  run->scalars = lore_settings_scalars(&run->settings, LORE_PROBE_SETTINGS_MAX, run->scalar,
                                       sizeof run->text, run->text);
  return lore_provenance_collect(&run->settings, run->options->command, threads, &run->provenance);
}

static lore_status write_file(probed_model *m) {
  LORE_TRY(lore_probed_describe(&m->run, m->assembly.threads));
  lore_probe_content content = {.title = m->run.settings.name,
                                .options = m->text,
                                .problem = &m->problem,
                                .snapshots = m->run.steps.count,
                                .step = m->run.steps.value,
                                .result = m->result,
                                .settings = m->run.scalars,
                                .setting = m->run.scalar,
                                .provenances = m->run.provenance.count,
                                .provenance = m->run.provenance.entry};
  return lore_probe_file_write(m->run.path, &content);
}

static lore_status probe_model(probed_model *m, int *snapshots) {
  const lore_team team = m->run.team;
  LORE_TRY_TOGETHER(team, assemble(m));
  LORE_TRY_TOGETHER(team, make_room(m));
  for (int i = 0; i < m->run.steps.count; i++, (*snapshots)++)
    LORE_TRY(probe_one(m, i));
  return lore_team_agree(team, team.rank == 0 ? write_file(m) : LORE_OK);
}

static lore_status probe(probed_model *m, lore_probe_outcome *outcome, int *snapshots) {
  const lore_team team = m->run.team;
  int same = 0;
  LORE_TRY_TOGETHER(team, look(m));
  *outcome = LORE_PROBE_WITHOUT;
  if (m->run.steps.count == 0)
    return LORE_OK;
  if (team.rank == 0 && !m->run.options->overwrite)
    same = lore_probe_file_is(m->run.path, m->text, m->run.steps.count, m->run.steps.value);
  LORE_TRY(lore_team_spread(team, &same, sizeof same));
  *outcome = same ? LORE_PROBE_DONE_BEFORE : LORE_PROBE_DONE;
  if (same)
    return LORE_OK;
  bool toy = m->run.settings.task == LORE_TASK_MEMORY;
  int width = toy ? m->run.settings.memory.keys : m->run.settings.model.width;
  LORE_TRY(lore_grid_create(team, lore_probe_block(width, team.ranks), &m->run.grid));
  return toy ? lore_probe_memory_run(&m->run, snapshots) : probe_model(m, snapshots);
}

lore_status lore_probe_run(const lore_probe_options *options, const char *id, lore_team team,
                           lore_probe_outcome *outcome, int *snapshots) {
  probed_model *m = calloc(1, sizeof *m);
  *snapshots = 0;
  LORE_TRY_TOGETHER(team, m ? LORE_OK : lore_fail(LORE_MEMORY, "no memory for a run"));
  m->run.options = options;
  m->run.id = id;
  m->run.team = team;
  lore_status status = probe(m, outcome, snapshots);
  lore_provenance_free(&m->run.provenance);
  lore_grid_destroy(&m->run.grid);
  lore_arena_destroy(&m->memory);
  lore_assembly_destroy(&m->assembly);
  free(m);
  return status;
}
