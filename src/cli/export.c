/* lore export: what training or evaluation shows, for other frameworks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lore/base/shown.h"
#include "lore/base/stop.h"
#include "lore/manifest/expand.h"
#include "lore/run/export.h"
#include "options.h"

typedef struct {
  bool given;
  int64_t first, last;
} lore_steps;

typedef struct {
  lore_export_options export;
  lore_steps steps;
  lore_overrides overrides;
  const char *study, *run;
  bool help;
} lore_arguments;

static lore_status take_steps(const lore_option *option, const char *text, void *field) {
  lore_steps *steps = field;
  char rest;
  steps->given = sscanf(text, "%" SCNd64 ":%" SCNd64 "%c", &steps->first, &steps->last, &rest) == 2;
  if (steps->given && steps->first >= 0 && steps->first < steps->last)
    return LORE_OK;
  return lore_fail(LORE_USER, "--%s %s: expected A:B with 0 <= A < B, for steps A to B-1",
                   option->name, text);
}

static const lore_option options[] = {
    {LORE_OPTION_TEXT, 'o', "output", "FILE",
     LORE_FIELD(lore_arguments, export.output, const char *),
     .help = "the file to write (required)"},
    {LORE_OPTION_OTHER, '\0', "steps", "A:B", LORE_FIELD(lore_arguments, steps, lore_steps),
     .take = take_steps, .help = "what training shows at steps A to B-1; the first step is 0"},
    {LORE_OPTION_FLAG, '\0', "evaluation", NULL,
     LORE_FIELD(lore_arguments, export.evaluation, bool),
     .help = "what every evaluation shows of each group"},
    {LORE_OPTION_TEXT, '\0', "run", "ID", LORE_FIELD(lore_arguments, run, const char *),
     .help = "this run, of a study that has several"},
    LORE_OPTION_OVERRIDES(lore_arguments, overrides),
    {LORE_OPTION_TEXT, '\0', "results", "DIR",
     LORE_FIELD(lore_arguments, export.results, const char *),
     .help = "where the run is trained: needed with curriculum.kind adaptive, which depends on the "
             "run's own evaluations"},
};

const lore_command_line lore_line_export = {
    .name = "export",
    .usage = "lore export [OPTION ...] STUDY -o FILE --steps A:B\n"
             "lore export [OPTION ...] STUDY -o FILE --evaluation",
    .about = "Writes the sequences that training or evaluation of a run shows: tokens, targets, "
             "their roles, individuals and templates, as NetCDF-4 for NumPy, PyTorch and others. "
             "Trains nothing.",
    .argument = LORE_ARGUMENT_STUDY,
    LORE_OPTIONS(options),
    .notes = "examples:\n"
             "  lore export study.yaml -o tokens.nc --steps 0:100\n"
             "  lore export sweep.yaml -o tokens.nc --evaluation --run sweep-width64-seed1",
};

static lore_status parse(int argc, char **argv, lore_arguments *a) {
  LORE_TRY(lore_options_read(&lore_line_export, argc, argv, a, &a->help));
  if (a->help)
    return LORE_OK;
  LORE_TRY(lore_options_argument(&lore_line_export, argc, argv, &a->study));
  if (!a->export.output)
    return lore_fail(LORE_USER, "lore export needs a file to write: -o FILE");
  if (a->steps.given == a->export.evaluation)
    return lore_fail(LORE_USER, "lore export needs one of --steps A:B and --evaluation%s",
                     a->steps.given ? ", not both" : "");
  a->export.first = a->steps.first;
  a->export.last = a->steps.last;
  return LORE_OK;
}

/* The run that was named, or the only one. */
static lore_status find_run(const lore_manifest *manifest, const char *id, int *run) {
  for (*run = 0; id && *run < manifest->runs; ++*run)
    if (!strcmp(manifest->run[*run].id, id))
      return LORE_OK;
  if (id)
    return lore_fail(LORE_USER, "--run %s: the study has no such run; 'lore plan' lists its runs",
                     id);
  if (manifest->runs > 1)
    return lore_fail(LORE_USER,
                     "the study has %d runs; name one with --run ID ('lore plan' lists "
                     "them)",
                     manifest->runs);
  return LORE_OK;
}

static void print_result(const lore_arguments *a, const lore_tokens_size *size) {
  lore_shown_print(stdout, "%s: ", a->export.output);
  if (!a->export.evaluation)
    printf("steps %" PRId64 " to %" PRId64 ", ", a->export.first, a->export.last - 1);
  printf("%" PRId64 " sequences, %" PRId64 " tokens\n", size->sequences, size->tokens);
}

static lore_status export_study(lore_arguments *a) {
  lore_manifest manifest;
  lore_tokens_size size;
  int run = 0;
  lore_status status =
      lore_manifest_expand(a->study, a->overrides.count, a->overrides.value, &manifest);
  if (status == LORE_OK)
    status = find_run(&manifest, a->run, &run);
  if (status == LORE_OK) {
    lore_stop_listen();
    status = lore_export_run(&manifest, run, &a->export, &size);
  }
  lore_manifest_destroy(&manifest);
  LORE_TRY(status);
  print_result(a, &size);
  return lore_options_flush();
}

int lore_command_export(int argc, char **argv) {
  static lore_arguments arguments;
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK && arguments.help) {
    status = lore_options_help(&lore_line_export);
  } else if (status == LORE_OK) {
    char *command = lore_options_join(argc, argv);
    arguments.export.command = command ? command : "export";
    status = export_study(&arguments);
    free(command);
  }
  return lore_options_report(status);
}
