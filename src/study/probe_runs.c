/* From a run's directory to its probe.nc. */
#include "probe_runs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../probe/file.h"
#include "directory.h"
#include "lore/clock.h"
#include "lore/gemm.h"
#include "lore/log.h"
#include "lore/threads.h"
#include "probe_snapshots.h"
#include "provenance.h"

/* Everything that lives while a run is probed. */
typedef struct {
  const lore_probe_options *options;
  const char *id;
  const lore_grid *grid;
  char folder[LORE_PATH_MAX], path[LORE_PATH_MAX];
  lore_settings settings;
  lore_assembly assembly;
  lore_integer_list steps;
  lore_probe_problem problem;
  char text[LORE_PROBE_OPTIONS_MAX];
  lore_arena memory;
  real *parameters;
  lore_probe_result *result; /* steps.count */
  lore_provenance_list provenance;
} probed_run;

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
static lore_status look(probed_run *run) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_directory_of_run(run->options->directory, run->id, run->folder));
  LORE_TRY(lore_path_join(run->folder, "probe.nc", run->path));
  LORE_TRY(lore_snapshots_choose(run->folder, &run->options->snapshots, &run->steps));
  if (run->steps.count == 0)
    return LORE_OK;
  LORE_TRY(lore_path_join(run->folder, "study.yaml", path));
  LORE_TRY(lore_settings_read(path, 0, NULL, &run->settings));
  if (run->settings.task == LORE_TASK_MEMORY)
    return lore_fail(LORE_USER, "%s is a toy memory, which has no layers to probe", run->id);
  LORE_TRY(lore_probe_configure(run->options, run->settings.population.individuals,
                                run->settings.population.held_out, &run->problem.config));
  lore_probe_options_text(&run->problem.config, run->text);
  return LORE_OK;
}

static lore_status assemble(probed_run *run) {
  lore_gemm_backend wanted = run->settings.compute.gemm;
  LORE_TRY(lore_assembly_create(&run->settings, &run->assembly));
  run->problem.model = run->assembly.model;
  run->problem.population = run->assembly.population;
  run->problem.longest = run->assembly.longest;
  run->problem.threads = run->assembly.threads;
  lore_threads_pin(run->problem.threads);
  return lore_gemm_select(wanted == LORE_GEMM_AUTO ? LORE_GEMM_BUILTIN : wanted);
}

static void lay_out(probed_run *run) {
  lore_probe_sizes sizes = lore_probe_sizes_of(&run->problem);
  run->parameters =
      lore_arena_take(&run->memory, (size_t)run->assembly.model->elements, sizeof *run->parameters);
  run->result = lore_arena_take(&run->memory, (size_t)run->steps.count, sizeof *run->result);
  for (int i = 0; i < run->steps.count; i++) {
    lore_probe_result counting;
    lore_probe_result_layout(run->result ? &run->result[i] : &counting, &run->memory, sizes);
  }
}

static lore_status make_room(probed_run *run) {
  lay_out(run);
  size_t bytes = run->memory.used;
  LORE_TRY(lore_arena_create(&run->memory, bytes));
  lay_out(run);
  return LORE_OK;
}

/* One line for people: where the other individuals' values are read best. */
static void tell(const probed_run *run, int snapshot, double seconds) {
  const lore_probe_result *result = &run->result[snapshot];
  lore_probe_sizes sizes = lore_probe_sizes_of(&run->problem);
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
           run->id, (long long)run->steps.value[snapshot], at_level,
           lore_probe_position_name(at_position), best, control, model, seconds);
}

static lore_status probe_one(probed_run *run, int snapshot) {
  const lore_team team = run->grid->team;
  double begin = lore_clock_seconds();
  lore_status status = LORE_OK;
  if (team.rank == 0)
    status = lore_snapshot_read(run->folder, run->steps.value[snapshot], &run->assembly,
                                run->parameters);
  LORE_TRY_TOGETHER(team, status);
  lore_team_spread(team, run->parameters,
                   sizeof *run->parameters * (size_t)run->assembly.model->elements);
  LORE_TRY(lore_probe_snapshot(&run->problem, run->grid, run->parameters, &run->result[snapshot]));
  if (team.rank == 0 && !run->options->quiet)
    tell(run, snapshot, lore_clock_seconds() - begin);
  return LORE_OK;
}

static lore_status write_file(probed_run *run) {
  enum { SETTINGS_MAX = 128, TEXT_MAX = 65536 };
  lore_scalar *setting = calloc(SETTINGS_MAX, sizeof *setting);
  char *text = malloc(TEXT_MAX);
  lore_status status =
      setting && text ? LORE_OK : lore_fail(LORE_MEMORY, "no memory to write %s", run->path);
  if (status == LORE_OK)
    status = lore_provenance_collect(&run->settings, run->options->command, run->assembly.threads,
                                     &run->provenance);
  if (status == LORE_OK) {
    const lore_probe_content content = {
        .title = run->settings.name,
        .options = run->text,
        .problem = &run->problem,
        .snapshots = run->steps.count,
        .step = run->steps.value,
        .result = run->result,
        .settings = lore_settings_scalars(&run->settings, SETTINGS_MAX, setting, TEXT_MAX, text),
        .setting = setting,
        .provenances = run->provenance.count,
        .provenance = run->provenance.entry};
    status = lore_probe_file_write(run->path, &content);
  }
  free(setting);
  free(text);
  return status;
}

static lore_status probe(probed_run *run, lore_probe_outcome *outcome, int *snapshots) {
  const lore_team team = run->grid->team;
  int same = 0;
  LORE_TRY_TOGETHER(team, look(run));
  *outcome = LORE_PROBE_WITHOUT;
  if (run->steps.count == 0)
    return LORE_OK;
  if (team.rank == 0 && !run->options->overwrite)
    same = lore_probe_file_is(run->path, run->text, run->steps.count, run->steps.value);
  lore_team_spread(team, &same, sizeof same);
  *outcome = same ? LORE_PROBE_DONE_BEFORE : LORE_PROBE_DONE;
  if (same)
    return LORE_OK;
  LORE_TRY_TOGETHER(team, assemble(run));
  LORE_TRY_TOGETHER(team, make_room(run));
  for (int i = 0; i < run->steps.count; i++, (*snapshots)++)
    LORE_TRY(probe_one(run, i));
  return lore_team_agree(team, team.rank == 0 ? write_file(run) : LORE_OK);
}

lore_status lore_probe_run(const lore_probe_options *options, const char *id, const lore_grid *grid,
                           lore_probe_outcome *outcome, int *snapshots) {
  probed_run *run = calloc(1, sizeof *run);
  *snapshots = 0;
  LORE_TRY_TOGETHER(grid->team, run ? LORE_OK : lore_fail(LORE_MEMORY, "no memory for a run"));
  run->options = options;
  run->id = id;
  run->grid = grid;
  lore_status status = probe(run, outcome, snapshots);
  lore_provenance_free(&run->provenance);
  lore_arena_destroy(&run->memory);
  lore_assembly_destroy(&run->assembly);
  free(run);
  return status;
}
