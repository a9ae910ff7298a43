/* lore submit: hands a study to Slurm. */
#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lore/control/submit.h"
#include "lore/cost/plan.h"
#include "lore/manifest/manifest.h"
#include "lore/run/sweep.h"
#include "options.h"

static const char usage[] =
    "usage: lore submit [OPTION ...] STUDY -o DIR [-- SBATCH OPTION ...]\n"
    "\n"
    "Freezes the study's runs in DIR, writes DIR/jobs/{run,collect}.sbatch and prints the\n"
    "sbatch commands that train it: a job array for each wave (children after parents), whose\n"
    "tasks share the runs, and at last a job that collects them. With --yes it submits them.\n"
    "\n"
    "  -o, --output DIR          where results go (needed)\n"
    "  -s KEY=VALUE              overrides a setting; any number of times\n"
    "      --tasks N             tasks of an array at the most (default: one for each run)\n"
    "      --ranks-per-run R     ranks that train one run together\n"
    "      --yes                 submits, too\n"
    "  -h, --help                this text\n"
    "\n"
    "for sbatch, each task of an array:\n"
    "      --nodes N, --ntasks-per-node N, --cpus-per-task N, --time T, --mem M\n"
    "for sbatch, all jobs:\n"
    "      --partition P, --account A\n"
    "What follows -- goes to sbatch as it is, for the arrays.\n";

enum { OPTION_SBATCH = 256, SBATCH_TEXT = 512, SBATCH_OPTIONS = 512 };

/* sbatch's options that lore knows: whole numbers are looked at here, the rest by sbatch. */
enum { NODES, NTASKS_PER_NODE, CPUS_PER_TASK, TIME, MEM, PARTITION, ACCOUNT, KNOWN };
static const struct {
  const char *name;
  bool number, every_job;
} known[KNOWN] = {[NODES] = {"nodes", true, false},
                  [NTASKS_PER_NODE] = {"ntasks-per-node", true, false},
                  [CPUS_PER_TASK] = {"cpus-per-task", true, false},
                  [TIME] = {"time", false, false},
                  [MEM] = {"mem", false, false},
                  [PARTITION] = {"partition", false, true},
                  [ACCOUNT] = {"account", false, true}};

typedef struct {
  lore_overrides overrides;
  lore_submit_options submit;
  int number[KNOWN]; /* 0: not given */
  char text[KNOWN][SBATCH_TEXT];
  const char *every_job[KNOWN];
  const char *arrays[SBATCH_OPTIONS];
  bool help;
} lore_submit_arguments;

static lore_status take_known(int which, lore_submit_arguments *a) {
  char name[64];
  snprintf(name, sizeof name, "--%s", known[which].name);
  if (known[which].number)
    LORE_TRY(lore_options_integer(name, optarg, 1, 1 << 24, &a->number[which]));
  if (snprintf(a->text[which], SBATCH_TEXT, "%s=%s", name, optarg) >= SBATCH_TEXT)
    return lore_fail(LORE_USER, "%s is too long", name);
  return LORE_OK;
}

static lore_status take_option(int option, void *arguments) {
  lore_submit_arguments *a = arguments;
  if (option >= OPTION_SBATCH)
    return take_known(option - OPTION_SBATCH, a);
  switch (option) {
  case 's':
    return lore_overrides_add(&a->overrides, optarg);
  case 't':
    return lore_options_integer("--tasks", optarg, 1, 1000000, &a->submit.tasks);
  case 'r':
    return lore_options_ranks(optarg, &a->submit.ranks_per_run);
  default:
    a->submit.directory = option == 'o' ? optarg : a->submit.directory;
    a->submit.submit |= option == 'y';
    return LORE_OK;
  }
}

/* Of each task of an array; 0: not known. */
static long ranks_of(const lore_submit_arguments *a) {
  long nodes = a->number[NODES] ? a->number[NODES] : 1;
  return nodes * a->number[NTASKS_PER_NODE];
}

/* lore run would refuse ranks that do not divide, but only at night. */
static lore_status check_ranks(const lore_submit_arguments *a) {
  long nodes = a->number[NODES] ? a->number[NODES] : 1;
  long ranks = ranks_of(a), per_run = a->submit.ranks_per_run;
  if (ranks == 0 || per_run == 0 || ranks % per_run == 0)
    return LORE_OK;
  return lore_fail(LORE_USER,
                   "%ld ranks (--nodes %ld, --ntasks-per-node %d) cannot be divided into groups of "
                   "--ranks-per-run %ld",
                   ranks, nodes, a->number[NTASKS_PER_NODE], per_run);
}

/* The options for sbatch in two lists; `words` are those behind "--". */
static lore_status sort_options(int words, char **word, lore_submit_arguments *a) {
  lore_submit_options *o = &a->submit;
  for (int i = 0; i < KNOWN; i++)
    if (*a->text[i] && known[i].every_job)
      a->every_job[o->job_options++] = a->text[i];
    else if (*a->text[i])
      a->arrays[o->sbatch_options++] = a->text[i];
  if (words > SBATCH_OPTIONS - KNOWN)
    return lore_fail(LORE_USER, "too many options for sbatch");
  for (int i = 0; i < words; i++)
    a->arrays[o->sbatch_options++] = word[i];
  o->job_option = a->every_job;
  o->sbatch_option = a->arrays;
  return LORE_OK;
}

/* What lore run would refuse, too. */
static lore_status check_study(const lore_submit_arguments *a, const lore_manifest *manifest) {
  long ranks = ranks_of(a);
  LORE_TRY(lore_sweep_check_ranks(ranks > INT_MAX ? INT_MAX : (int)ranks, manifest,
                                  a->submit.ranks_per_run));
  return lore_manifest_check_parents(manifest, a->submit.directory);
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
    lore_manifest_warn(&manifest);
  if (status == LORE_OK)
    status = check_study(a, &manifest);
  if (status == LORE_OK)
    status = lore_manifest_estimate(&manifest);
  if (status == LORE_OK)
    status = lore_manifest_freeze(&manifest, a->submit.directory);
  if (status == LORE_OK)
    status = lore_submit(&manifest, &a->submit);
  lore_manifest_destroy(&manifest);
  if (status == LORE_OK && !a->submit.submit)
    puts("nothing was submitted; --yes does");
  return status == LORE_OK ? lore_options_flush() : status;
}

/* The place of "--", behind which everything is for sbatch; argc if there is none. */
static int find_end(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], "--"))
      return i;
  return argc;
}

static lore_status check_arguments(int argc, char **argv, int end, lore_submit_arguments *a) {
  LORE_TRY(lore_options_study("submit", end, argv, &a->submit.study));
  if (!a->submit.directory)
    return lore_fail(LORE_USER, "lore submit needs a directory for the results: -o DIR");
  LORE_TRY(check_ranks(a));
  return end < argc ? sort_options(argc - end - 1, argv + end + 1, a) : sort_options(0, NULL, a);
}

static lore_status parse(int argc, char **argv, lore_submit_arguments *arguments) {
  static const struct option options[] = {
      {"output", required_argument, NULL, 'o'},
      {"tasks", required_argument, NULL, 't'},
      {"ranks-per-run", required_argument, NULL, 'r'},
      {"nodes", required_argument, NULL, OPTION_SBATCH + NODES},
      {"ntasks-per-node", required_argument, NULL, OPTION_SBATCH + NTASKS_PER_NODE},
      {"cpus-per-task", required_argument, NULL, OPTION_SBATCH + CPUS_PER_TASK},
      {"time", required_argument, NULL, OPTION_SBATCH + TIME},
      {"mem", required_argument, NULL, OPTION_SBATCH + MEM},
      {"partition", required_argument, NULL, OPTION_SBATCH + PARTITION},
      {"account", required_argument, NULL, OPTION_SBATCH + ACCOUNT},
      {"yes", no_argument, NULL, 'y'},
      {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0}};
  static const lore_command_options submit = {"submit", ":o:s:h", options, take_option};
  int end = find_end(argc, argv);
  LORE_TRY(lore_options_read(&submit, end, argv, arguments, &arguments->help));
  return arguments->help ? LORE_OK : check_arguments(argc, argv, end, arguments);
}

int lore_command_submit(int argc, char **argv) {
  static lore_submit_arguments arguments;
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK)
    status = arguments.help ? lore_options_help(usage) : submit(&arguments);
  return lore_options_report(status);
}
