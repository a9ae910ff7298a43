/* lore check: validates a study and says what it needs. */
#include <stdio.h>

#include "commands.h"
#include "lore/base/json.h"
#include "lore/base/log.h"
#include "lore/base/mpi.h"
#include "lore/base/shown.h"
#include "lore/cost/estimate.h"
#include "lore/manifest/expand.h"
#include "lore/model/kernels.h"
#include "lore/run/run.h"
#include "options.h"
#include "task.h"

enum { DIGITS = 17 }; /* read back to the same bits */

static double mebibytes(size_t bytes) {
  return (double)bytes / 1048576;
}

static void print_text(const lore_settings *s, const lore_estimate *e, int runs) {
  lore_shown_print(stdout, "study              %s (seed %llu): valid\n", s->name,
                   (unsigned long long)s->seed);
  if (runs > 1)
    printf("runs               %d, here the first; 'lore plan' shows all\n", runs);
  lore_cli_task_of(s->task)->print_facts(s, e);
  printf("baseline           %.3f nats without knowledge, %.3f empirical\n", e->baseline,
         e->empirical_baseline);
  printf("parameters         %lld\n", (long long)e->parameters);
  printf("steps              %lld, %lld evaluations\n", (long long)e->steps,
         (long long)e->evaluations);
  printf("tokens             %.4g\n", e->tokens);
  printf("operations         %.4g\n", e->operations);
  printf("threads            %d\n", e->threads);
  printf("kernels            %s (%s) here; this build has", lore_kernels()->name,
         lore_kernels()->instructions);
  for (int i = 0; lore_level(i); i++)
    printf("%s %s", i ? "," : "", lore_level(i)->name);
  printf("\n");
  printf("memory, MiB        %.0f at most\n", mebibytes(e->peak_bytes));
  printf("  training         %.0f\n", mebibytes(e->trainer_bytes));
  printf("  evaluation       %.0f\n", mebibytes(e->evaluator_bytes));
  printf("  population       %.0f\n", mebibytes(e->population_bytes));
  printf("  matrix products  %.0f\n", mebibytes(e->scratch_bytes));
  printf("  program          %.0f\n", mebibytes(e->process_bytes));
  printf("weights on disk    %.0f MiB each\n", mebibytes(e->checkpoint_bytes));
}

static void print_json(const lore_settings *s, const lore_estimate *e, int runs) {
  lore_json json = lore_json_begin(stdout);
  lore_json_begin_object(&json, NULL);
  lore_json_text(&json, "study", s->name);
  lore_json_unsigned(&json, "seed", s->seed);
  lore_json_integer(&json, "runs", runs);
  lore_json_integer(&json, "vocabulary", e->vocabulary);
  lore_json_integer(&json, "longest_biography", e->context);
  lore_json_real(&json, "tokens_per_biography", DIGITS, e->tokens_per_biography);
  lore_json_real(&json, "no_knowledge_baseline", DIGITS, e->baseline);
  lore_json_real(&json, "empirical_baseline", DIGITS, e->empirical_baseline);
  lore_json_integer(&json, "parameters", e->parameters);
  lore_json_integer(&json, "steps", e->steps);
  lore_json_integer(&json, "evaluations", e->evaluations);
  lore_json_real(&json, "tokens", DIGITS, e->tokens);
  lore_json_real(&json, "operations", DIGITS, e->operations);
  lore_json_integer(&json, "threads", e->threads);
  lore_json_text(&json, "isa", lore_kernels()->name);
  lore_json_unsigned(&json, "peak_bytes", e->peak_bytes);
  lore_json_unsigned(&json, "trainer_bytes", e->trainer_bytes);
  lore_json_unsigned(&json, "evaluator_bytes", e->evaluator_bytes);
  lore_json_unsigned(&json, "population_bytes", e->population_bytes);
  lore_json_unsigned(&json, "checkpoint_bytes", e->checkpoint_bytes);
  lore_cli_task_of(s->task)->write_sampling(s, &json);
  lore_json_end(&json);
}

typedef struct {
  lore_overrides overrides;
  const char *study;
  int ranks;
  bool json, help;
} lore_arguments;

static const lore_option options[] = {
    LORE_OPTION_OVERRIDES(lore_arguments, overrides),
    LORE_OPTION_RANKS(lore_arguments, ranks,
                      "ranks that train one run together (default 1); the memory is that of the "
                      "rank that needs most"),
    {LORE_OPTION_FLAG, '\0', "json", NULL, LORE_FIELD(lore_arguments, json, bool),
     .help = "one JSON object, for programs"},
};

const lore_command_line lore_line_check = {
    .name = "check",
    .usage = "lore check [OPTION ...] STUDY",
    .about = "Validates the study and all its runs; describes the sampling distribution over "
             "training, and prints parameters, memory, tokens and steps of the first run. Trains "
             "nothing.",
    .argument = LORE_ARGUMENT_STUDY,
    LORE_OPTIONS(options),
    .notes = "example:\n"
             "  lore check study.yaml -s model.width=256",
};

/* The run may be meant for another processor than this one: no failure. */
static void choose_level(const lore_settings *settings) {
  int level;
  if (lore_level_limit(settings->compute.isa, &level) == LORE_OK)
    lore_level_select(level);
  else
    lore_warn("%s", lore_fail_message());
}

/* Sums up the first run. */
static lore_status check_runs(const lore_arguments *a, const lore_manifest *manifest) {
  lore_settings settings;
  lore_estimate estimate;
  bool mine;
  /* MPI is a good part of what a small run occupies: counted, not guessed. */
  LORE_TRY(lore_mpi_begin(&mine));
  lore_manifest_settings(manifest, 0, &settings);
  choose_level(&settings);
  lore_status status = lore_run_estimate(&settings, a->ranks, &estimate);
  lore_mpi_end(mine, 0);
  LORE_TRY(status);
  (a->json ? print_json : print_text)(&settings, &estimate, manifest->runs);
  return lore_options_flush();
}

static lore_status check_study(const lore_arguments *a) {
  lore_manifest manifest;
  lore_status status =
      lore_manifest_expand(a->study, a->overrides.count, a->overrides.value, &manifest);
  if (status == LORE_OK)
    lore_manifest_warn(&manifest);
  if (status == LORE_OK)
    status = check_runs(a, &manifest);
  lore_manifest_destroy(&manifest);
  return status;
}

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  LORE_TRY(lore_options_read(&lore_line_check, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  return lore_options_argument(&lore_line_check, argc, argv, &arguments->study);
}

int lore_command_check(int argc, char **argv) {
  static lore_arguments arguments = {.ranks = 1};
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK)
    status = arguments.help ? lore_options_help(&lore_line_check) : check_study(&arguments);
  return lore_options_report(status);
}
