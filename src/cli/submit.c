/* lore submit: hands a study to Slurm. */
#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lore/manifest.h"
#include "lore/submit.h"
#include "options.h"

static const char usage[] =
    "usage: lore submit [OPTION ...] STUDY -o DIR [-- SBATCH OPTION ...]\n"
    "\n"
    "Freezes the study's runs in DIR, writes DIR/jobs/{run,collect}.sbatch and prints the\n"
    "sbatch commands that train it: a job array for each wave (children after parents), whose\n"
    "tasks share the runs, and at last a job that collects them. What follows -- goes to\n"
    "sbatch: --time=8:00:00 --ntasks=4 --cpus-per-task=8 --partition=...\n"
    "\n"
    "  -o, --output DIR       where results go (needed)\n"
    "  -s KEY=VALUE           overrides a setting; any number of times\n"
    "      --tasks N          tasks of an array at the most (default: one for each run)\n"
    "      --ranks-per-run R  ranks that train one run together\n"
    "      --yes              submits, too\n"
    "  -h, --help             this text\n";

typedef struct {
  lore_overrides overrides;
  lore_submit_options submit;
  bool help;
} lore_submit_arguments;

static lore_status take_option(int option, lore_submit_arguments *a) {
  switch (option) {
  case 's':
    return lore_overrides_add(&a->overrides, optarg);
  case 't':
    return lore_options_integer("--tasks", optarg, 1, 1000000, &a->submit.tasks);
  case 'r':
    return lore_options_integer("--ranks-per-run", optarg, 1, 1 << 24, &a->submit.ranks_per_run);
  default:
    a->submit.directory = option == 'o' ? optarg : a->submit.directory;
    a->submit.submit |= option == 'y';
    a->help |= option == 'h';
    return LORE_OK;
  }
}

static lore_status submit(lore_submit_arguments *a) {
  static char program[PATH_MAX];
  lore_manifest manifest;
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  snprintf(program + (length > 0 ? length : 0), 8, "%s", length > 0 ? "" : "lore");
  a->submit.program = program;
  a->submit.overrides = a->overrides.count;
  a->submit.override = a->overrides.value;
  lore_status status =
      lore_manifest_expand(a->submit.study, a->overrides.count, a->overrides.value, &manifest);
  if (status == LORE_OK)
    status = lore_manifest_estimate(&manifest);
  if (status == LORE_OK)
    status = lore_manifest_freeze(&manifest, a->submit.study, a->submit.directory);
  if (status == LORE_OK)
    status = lore_submit(&manifest, &a->submit);
  lore_manifest_destroy(&manifest);
  if (status == LORE_OK && !a->submit.submit)
    puts("nothing was submitted; --yes does");
  return status == LORE_OK ? lore_options_flush() : status;
}

/* What stands behind "--" is for sbatch; returns how many words are ours. */
static int cut(int argc, char **argv, lore_submit_options *o) {
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], "--")) {
      o->sbatch_options = argc - i - 1;
      o->sbatch_option = argv + i + 1;
      return i;
    }
  return argc;
}

int lore_command_submit(int argc, char **argv) {
  static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                          {"tasks", required_argument, NULL, 't'},
                                          {"ranks-per-run", required_argument, NULL, 'r'},
                                          {"yes", no_argument, NULL, 'y'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  static lore_submit_arguments arguments;
  lore_status status = LORE_OK;
  int option, count = cut(argc, argv, &arguments.submit);
  lore_options_start();
  while (status == LORE_OK && (option = getopt_long(count, argv, ":o:s:h", options, NULL)) != -1) {
    if (option == '?' || option == ':')
      return lore_options_refuse("submit", option, argv);
    status = take_option(option, &arguments);
    if (arguments.help) {
      fputs(usage, stdout);
      return lore_options_report(lore_options_flush());
    }
  }
  if (status == LORE_OK)
    status = lore_options_study("submit", count, argv, &arguments.submit.study);
  if (status == LORE_OK && !arguments.submit.directory)
    status = lore_fail(LORE_USER, "lore submit needs a directory for the results: -o DIR");
  if (status == LORE_OK)
    status = submit(&arguments);
  return lore_options_report(status);
}
