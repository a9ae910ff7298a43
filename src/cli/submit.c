/* lore submit: hands a study to Slurm. */
#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lore/control/submit.h"
#include "lore/cost/operations.h"
#include "lore/manifest/expand.h"
#include "lore/manifest/file.h"
#include "lore/manifest/parents.h"
#include "lore/run/sweep.h"
#include "options.h"

enum { SBATCH_TEXT = 512, SBATCH_OPTIONS = 512 };

/* sbatch's options that lore knows: whole numbers are checked here, the rest by sbatch. */
enum { NODES, NTASKS_PER_NODE, CPUS_PER_TASK, TIME, MEM, PARTITION, ACCOUNT, KNOWN };
enum { FIRST_OF_EVERY_JOB = PARTITION }; /* those before are of the arrays only */

typedef struct {
  int number;             /* 0: not given, or no number */
  char text[SBATCH_TEXT]; /* "--nodes=4"; "": not given */
} lore_sbatch_option;

typedef struct {
  lore_overrides overrides;
  lore_submit_options submit;
  lore_sbatch_option sbatch[KNOWN];
  const char *every_job[KNOWN];
  const char *arrays[SBATCH_OPTIONS];
  bool help;
} lore_arguments;

static lore_status take_sbatch(const lore_option *option, const char *text, void *field) {
  lore_sbatch_option *sbatch = field;
  if (option->most > 0)
    LORE_TRY(lore_options_integer(option, text, &sbatch->number));
  if (snprintf(sbatch->text, SBATCH_TEXT, "--%s=%s", option->name, text) >= SBATCH_TEXT)
    return lore_fail(LORE_USER, "--%s is too long", option->name);
  return LORE_OK;
}

enum { SBATCH_NUMBER_MAX = 1 << 24, TASKS_MAX = 1000000 };

#define SBATCH_NUMBER(which, word, text)                                                           \
  {                                                                                                \
    LORE_OPTION_OTHER, '\0', word, "N",                                                            \
        LORE_FIELD(lore_arguments, sbatch[which], lore_sbatch_option),                             \
        .least = 1, .most = SBATCH_NUMBER_MAX, .take = take_sbatch, .help = (text)                 \
  }
#define SBATCH_WORD(which, word, letter, text)                                                     \
  {                                                                                                \
    LORE_OPTION_OTHER, '\0', word, letter,                                                         \
        LORE_FIELD(lore_arguments, sbatch[which], lore_sbatch_option), .take = take_sbatch,        \
                                                                       .help = (text)              \
  }

static const lore_option options[] = {
    {LORE_OPTION_TEXT, 'o', "output", "DIR",
     LORE_FIELD(lore_arguments, submit.directory, const char *),
     .help = "where results go (required)"},
    LORE_OPTION_OVERRIDES(lore_arguments, overrides),
    {LORE_OPTION_INTEGER, '\0', "tasks", "N", LORE_FIELD(lore_arguments, submit.tasks, int),
     .least = 1, .most = TASKS_MAX,
     .help = "at most N tasks for each array (default: one for each run)"},
    LORE_OPTION_RANKS(lore_arguments, submit.ranks_per_run, "ranks that train one run together"),
    {LORE_OPTION_FLAG, '\0', "yes", NULL, LORE_FIELD(lore_arguments, submit.submit, bool),
     .help = "submit the jobs, too"},
    {LORE_OPTION_HEADING, .help = "for sbatch, each task of an array:"},
    SBATCH_NUMBER(NODES, "nodes", "nodes"),
    SBATCH_NUMBER(NTASKS_PER_NODE, "ntasks-per-node", "ranks on each node"),
    SBATCH_NUMBER(CPUS_PER_TASK, "cpus-per-task", "cores of each rank"),
    SBATCH_WORD(TIME, "time", "T", "time limit"),
    SBATCH_WORD(MEM, "mem", "M", "memory of each node"),
    {LORE_OPTION_HEADING, .help = "for sbatch, all jobs:"},
    SBATCH_WORD(PARTITION, "partition", "P", "partition"),
    SBATCH_WORD(ACCOUNT, "account", "A", "account to charge"),
};

static const lore_command_line command_line = {
    .name = "submit",
    .usage = "lore submit [OPTION ...] STUDY -o DIR [-- SBATCH OPTION ...]",
    .about = "Freezes the study's runs in DIR, writes DIR/jobs/{run,collect}.sbatch and prints "
             "the sbatch commands that train it: a job array for each wave (children after "
             "parents), whose tasks share the runs, and finally a job that collects the results. "
             "With --yes it submits them. Everything after -- goes to sbatch unchanged, for the "
             "arrays.",
    .argument = "study file",
    LORE_OPTIONS(options),
    .notes = "example:\n"
             "  lore submit study.yaml -o results --tasks 8 --time 4:00:00 --yes -- --qos=long",
};

/* Of each task of an array; 0: not known. */
static long ranks_of(const lore_arguments *a) {
  long nodes = a->sbatch[NODES].number ? a->sbatch[NODES].number : 1;
  return nodes * a->sbatch[NTASKS_PER_NODE].number;
}

/* lore run would refuse ranks that do not divide, but only at night. */
static lore_status check_ranks(const lore_arguments *a) {
  long nodes = a->sbatch[NODES].number ? a->sbatch[NODES].number : 1;
  long ranks = ranks_of(a), per_run = a->submit.ranks_per_run;
  if (ranks == 0 || per_run == 0 || ranks % per_run == 0)
    return LORE_OK;
  return lore_fail(LORE_USER,
                   "%ld ranks (--nodes %ld, --ntasks-per-node %d) cannot be divided into groups of "
                   "--ranks-per-run %ld",
                   ranks, nodes, a->sbatch[NTASKS_PER_NODE].number, per_run);
}

/* The options for sbatch in two lists; `words` are those behind "--". */
static lore_status sort_options(int words, char **word, lore_arguments *a) {
  lore_submit_options *o = &a->submit;
  for (int i = 0; i < KNOWN; i++)
    if (*a->sbatch[i].text && i >= FIRST_OF_EVERY_JOB)
      a->every_job[o->job_options++] = a->sbatch[i].text;
    else if (*a->sbatch[i].text)
      a->arrays[o->sbatch_options++] = a->sbatch[i].text;
  if (words > SBATCH_OPTIONS - KNOWN)
    return lore_fail(LORE_USER, "more than %d options for sbatch", SBATCH_OPTIONS - KNOWN);
  for (int i = 0; i < words; i++)
    a->arrays[o->sbatch_options++] = word[i];
  o->job_option = a->every_job;
  o->sbatch_option = a->arrays;
  return LORE_OK;
}

/* What lore run would refuse, too. */
static lore_status check_study(const lore_arguments *a, const lore_manifest *manifest) {
  long ranks = ranks_of(a);
  LORE_TRY(lore_sweep_check_ranks(ranks > INT_MAX ? INT_MAX : (int)ranks, manifest,
                                  a->submit.ranks_per_run));
  return lore_manifest_check_parents(manifest, a->submit.directory);
}

static lore_status submit(lore_arguments *a) {
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
    puts("nothing submitted; --yes submits");
  return status == LORE_OK ? lore_options_flush() : status;
}

/* The place of "--", behind which everything is for sbatch; argc if there is none. */
static int find_end(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], "--"))
      return i;
  return argc;
}

static lore_status check_arguments(int argc, char **argv, int end, lore_arguments *a) {
  LORE_TRY(lore_options_argument(&command_line, end, argv, &a->submit.study));
  if (!a->submit.directory)
    return lore_fail(LORE_USER, "lore submit needs a directory for the results: -o DIR");
  LORE_TRY(check_ranks(a));
  return end < argc ? sort_options(argc - end - 1, argv + end + 1, a) : sort_options(0, NULL, a);
}

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  int end = find_end(argc, argv);
  LORE_TRY(lore_options_read(&command_line, end, argv, arguments, &arguments->help));
  return arguments->help ? LORE_OK : check_arguments(argc, argv, end, arguments);
}

int lore_command_submit(int argc, char **argv) {
  static lore_arguments arguments;
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK)
    status = arguments.help ? lore_options_help(&command_line) : submit(&arguments);
  return lore_options_report(status);
}
