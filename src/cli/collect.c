/* lore collect: one NetCDF file of all runs of a study. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lore/base/shown.h"
#include "lore/base/textfile.h"
#include "lore/control/status.h"
#include "lore/io/collect.h"
#include "lore/io/path.h"
#include "lore/manifest/runs.h"
#include "options.h"

typedef struct {
  bool help, probes;
  const char *directory, *output;
  char *command;
} lore_arguments;

/* Texts that the collection points to. */
typedef struct {
  lore_manifest manifest;
  lore_seen *seen;
  lore_collect_run *run;
  char (*path)[LORE_PATH_MAX];
  const char **value; /* runs x axes */
  char axis[LORE_AXES_MAX][LORE_NAME_MAX];
  const char *axis_name[LORE_AXES_MAX];
  const char *state[LORE_SEEN_STAGES];
} lore_plan;

static const lore_option options[] = {
    {LORE_OPTION_FLAG, '\0', "probes", NULL, LORE_FIELD(lore_arguments, probes, bool),
     .help = "collect the results of lore probe instead, in DIR/<study>_probe.nc"},
    {LORE_OPTION_TEXT, 'o', "output", "FILE", LORE_FIELD(lore_arguments, output, const char *),
     .help = "write FILE instead"},
};

const lore_command_line lore_line_collect = {
    .name = "collect",
    .usage = "lore collect [OPTION ...] DIR",
    .about = "Writes DIR/<study>.nc: the metrics of all runs of the study in DIR side by side "
             "along a dimension 'run', with swept settings as coordinates and the state of each "
             "run; NetCDF-4, compressed. May be called while jobs run, and again: the file is "
             "replaced as a whole.",
    .argument = LORE_ARGUMENT_RESULTS,
    LORE_OPTIONS(options),
    .notes = "example:\n"
             "  lore collect results",
};

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  LORE_TRY(lore_options_read(&lore_line_collect, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  return lore_options_argument(&lore_line_collect, argc, argv, &arguments->directory);
}

/* Settings have '.' in studies and '_' in files. */
static void name_axes(lore_plan *plan) {
  for (int i = 0; i < plan->manifest.axes; i++) {
    strcpy(plan->axis[i], plan->manifest.axis[i]);
    for (char *at = plan->axis[i]; (at = strchr(at, '.'));)
      *at = '_';
    plan->axis_name[i] = plan->axis[i];
  }
  for (int i = 0; i < LORE_SEEN_STAGES; i++)
    plan->state[i] = lore_seen_name((lore_seen_stage)i);
}

static lore_status plan_run(const char *directory, const char *file, int index, lore_plan *plan) {
  const lore_manifest_run *from = &plan->manifest.run[index];
  const char **value = plan->value + (size_t)index * (size_t)plan->manifest.axes;
  char folder[LORE_PATH_MAX];
  LORE_TRY(lore_directory_of_run(directory, from->id, folder));
  LORE_TRY(lore_path_join(folder, file, plan->path[index]));
  LORE_TRY(lore_seen_read(directory, from, &plan->seen[index]));
  for (int i = 0; i < plan->manifest.axes; i++)
    value[i] = from->value[i];
  bool metrics = !strcmp(file, LORE_PATH_METRICS);
  lore_run_stage stage = plan->seen[index].state.stage;
  plan->run[index] = (lore_collect_run){.id = from->id,
                                        .experiment = from->experiment,
                                        .path = plan->path[index],
                                        .seed = from->seed,
                                        .state = (int)plan->seen[index].stage,
                                        .ended = metrics && stage == LORE_RUN_DONE,
                                        .records = plan->seen[index].state.records,
                                        .checksum = plan->seen[index].state.checksum,
                                        .value = value};
  return LORE_OK;
}

static lore_status make_plan(const char *directory, const char *file, lore_plan *plan) {
  size_t runs = (size_t)plan->manifest.runs, axes = (size_t)plan->manifest.axes;
  plan->seen = calloc(runs + 1, sizeof *plan->seen);
  plan->run = calloc(runs + 1, sizeof *plan->run);
  plan->path = calloc(runs + 1, sizeof *plan->path);
  plan->value = calloc(runs * axes + 1, sizeof *plan->value);
  if (!plan->seen || !plan->run || !plan->path || !plan->value)
    return lore_fail(LORE_MEMORY, "cannot allocate a list of %d runs", plan->manifest.runs);
  name_axes(plan);
  for (int i = 0; i < plan->manifest.runs; i++)
    LORE_TRY(plan_run(directory, file, i, plan));
  return LORE_OK;
}

static void free_plan(lore_plan *plan) {
  lore_manifest_destroy(&plan->manifest);
  free(plan->seen);
  free(plan->run);
  free(plan->path);
  free(plan->value);
}

static void print_result(const char *path, const lore_plan *plan,
                         const lore_collect_result *result) {
  lore_seen_totals totals = lore_seen_total(&plan->manifest, plan->seen);
  lore_shown_print(stdout, "%s: %d of %d runs collected (%d done), %zu steps, %zu groups", path,
                   result->collected, plan->manifest.runs, totals.count[LORE_SEEN_DONE],
                   result->steps, result->groups);
  printf("; %d warning%s\n", result->damaged, result->damaged == 1 ? "" : "s");
}

static lore_status write_collection(const lore_arguments *arguments, lore_plan *plan) {
  char path[LORE_PATH_MAX];
  bool probes = arguments->probes;
  lore_collect_result result;
  LORE_TRY(lore_runs_list(arguments->directory, &plan->manifest));
  LORE_TRY(lore_path_of_collection(arguments->directory, plan->manifest.name, probes, path));
  const char *output = arguments->output ? arguments->output : path;
  LORE_TRY(lore_textfile_try(output, false));
  LORE_TRY(make_plan(arguments->directory, probes ? LORE_PATH_PROBE : LORE_PATH_METRICS, plan));
  const lore_collection collection = {.study = plan->manifest.name,
                                      .command = arguments->command,
                                      .probes = probes,
                                      .states = LORE_SEEN_STAGES,
                                      .state = plan->state,
                                      .swept = plan->manifest.axes,
                                      .swept_setting = plan->axis_name,
                                      .runs = plan->manifest.runs,
                                      .run = plan->run};
  LORE_TRY(lore_collect_write(output, &collection, &result));
  print_result(output, plan, &result);
  LORE_TRY(lore_options_flush());
  if (result.damaged == 0)
    return LORE_OK;
  return lore_fail(LORE_RUNS_FAILED,
                   "%d of %d runs are damaged and not in %s; 'lore verify %s' says what to do",
                   result.damaged, plan->manifest.runs, output, arguments->directory);
}

static lore_status collect(lore_arguments *arguments, int argc, char **argv) {
  lore_plan plan = {0};
  arguments->command = lore_options_join(argc, argv);
  lore_status status = arguments->command
                           ? write_collection(arguments, &plan)
                           : lore_fail(LORE_MEMORY, "cannot allocate the command line");
  free_plan(&plan);
  free(arguments->command);
  return status;
}

int lore_command_collect(int argc, char **argv) {
  lore_arguments arguments = {0};
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK)
    status =
        arguments.help ? lore_options_help(&lore_line_collect) : collect(&arguments, argc, argv);
  return lore_options_report(status);
}
