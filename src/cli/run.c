/* lore run: trains a study. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "lore/log.h"
#include "lore/run.h"
#include "options.h"

static const char usage[] =
    "usage: lore run [OPTION ...] STUDY -o DIR\n"
    "\n"
    "Trains the study and writes DIR/runs/<name>-seed<seed>/: study.yaml (resolved\n"
    "settings), metrics.nc (one record per evaluation) and checkpoints/ (weights).\n"
    "\n"
    "  -o, --output DIR   where results go (needed)\n"
    "  -s KEY=VALUE       overrides a setting (\"train.steps=2000\"); any number of times\n"
    "      --overwrite    replaces results of the same name and seed\n"
    "  -q, --quiet        no progress\n"
    "  -h, --help         this text\n"
    "\n"
    "One process trains one replica, with compute.threads threads.\n";

typedef struct {
  lore_run_options run;
  lore_overrides overrides;
  const char *study;
  bool help;
} lore_arguments;

/* Returns LORE_USER through `code` after a refused option. */
static int parse(int argc, char **argv, lore_arguments *arguments) {
  static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                          {"overwrite", no_argument, NULL, 'w'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  int option;
  lore_options_start();
  while ((option = getopt_long(argc, argv, ":o:s:qh", options, NULL)) != -1)
    switch (option) {
    case 'o':
      arguments->run.directory = optarg;
      break;
    case 's':
      if (lore_overrides_add(&arguments->overrides, optarg) != LORE_OK)
        return lore_options_report(LORE_USER);
      break;
    case 'w':
      arguments->run.overwrite = true;
      break;
    case 'q':
      arguments->run.quiet = true;
      break;
    case 'h':
      arguments->help = true;
      return 0;
    default:
      return lore_options_refuse("run", option, argv);
    }
  lore_status status = lore_options_study("run", argc, argv, &arguments->study);
  if (status == LORE_OK && !arguments->run.directory)
    status = lore_fail(LORE_USER, "lore run needs a directory for the results: -o DIR");
  return lore_options_report(status);
}

static void print_result(const lore_run_result *result) {
  printf("results         %s\n", result->directory);
  printf("steps           %lld (%.3g tokens in %.1f s, %.0f tokens/s)\n", (long long)result->steps,
         (double)result->tokens, result->seconds, (double)result->tokens / result->seconds);
  printf("attribute loss  %.4f nats\n", result->attribute_loss);
  printf("accuracy        %.4f\n", result->attribute_accuracy);
  if (!isnan(result->held_out_loss))
    printf("held-out loss   %.4f nats\n", result->held_out_loss);
  if (result->plateau_start >= 0)
    printf("plateau start   step %.0f\n", result->plateau_start);
  if (result->plateau_end >= 0)
    printf("plateau end     step %.0f\n", result->plateau_end);
}

static lore_status run_study(const lore_arguments *arguments) {
  static lore_settings settings;
  lore_run_result result;
  LORE_TRY(lore_settings_read(arguments->study, arguments->overrides.count,
                              arguments->overrides.value, &settings));
  LORE_TRY(lore_run_execute(&settings, &arguments->run, &result));
  print_result(&result);
  return lore_options_flush();
}

/* Ranks beyond one would train the same run again: all leave with one message. */
static lore_status check_world(void) {
  int ranks;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (ranks == 1)
    return LORE_OK;
  return lore_fail(LORE_USER,
                   "this version trains a run on one process, but %d were started; use -n 1 and "
                   "compute.threads for more cores",
                   ranks);
}

int lore_command_run(int argc, char **argv) {
  static lore_arguments arguments;
  int code = parse(argc, argv, &arguments);
  if (code)
    return code;
  if (arguments.help) {
    fputs(usage, stdout);
    return lore_options_report(lore_options_flush());
  }
  int provided, rank;
  MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  lore_log_set_rank(rank);
  char *command = lore_options_join(argc, argv);
  arguments.run.command = command ? command : "run";
  lore_status status = check_world();
  if (status == LORE_OK)
    status = run_study(&arguments);
  code = lore_options_report(status);
  free(command);
  MPI_Finalize();
  return code;
}
