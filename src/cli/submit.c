/* lore submit: hands a study to Slurm. */
#include <errno.h>
#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "lore/control/sbatch_options.h"
#include "lore/control/submit.h"
#include "lore/cost/operations.h"
#include "lore/io/path.h"
#include "lore/manifest/expand.h"
#include "lore/manifest/file.h"
#include "lore/manifest/parents.h"
#include "lore/run/sweep.h"
#include "options.h"

enum { SBATCH_TEXT = 512 };

/* sbatch's options that lore knows: whole numbers are checked here, the rest by sbatch. */
enum { NODES, NTASKS, NTASKS_PER_NODE, CPUS_PER_TASK, TIME, MEM, PARTITION, ACCOUNT, KNOWN };

typedef struct {
  char text[SBATCH_TEXT]; /* "--nodes=4"; "": not given */
} lore_sbatch_word;

typedef struct {
  lore_overrides overrides;
  lore_submit_options submit;
  lore_sbatch_word own[KNOWN];
  lore_sbatch_options sbatch;
  bool help;
} lore_arguments;

static lore_status take_sbatch(const lore_option *option, const char *text, void *field) {
  lore_sbatch_word *sbatch = field;
  int number;
  if (option->most > 0)
    LORE_TRY(lore_options_integer(option, text, &number));
  if (snprintf(sbatch->text, SBATCH_TEXT, "--%s=%s", option->name, text) >= SBATCH_TEXT)
    return lore_fail(LORE_USER, "--%s is too long", option->name);
  return LORE_OK;
}

enum { SBATCH_NUMBER_MAX = 1 << 24, TASKS_MAX = 1000000 };

#define SBATCH_NUMBER(which, word, text)                                                           \
  {                                                                                                \
    LORE_OPTION_OTHER, '\0', word, "N", LORE_FIELD(lore_arguments, own[which], lore_sbatch_word),  \
        .least = 1, .most = SBATCH_NUMBER_MAX, .take = take_sbatch, .help = (text)                 \
  }
#define SBATCH_WORD(which, word, letter, text)                                                     \
  {                                                                                                \
    LORE_OPTION_OTHER, '\0', word, letter,                                                         \
        LORE_FIELD(lore_arguments, own[which], lore_sbatch_word), .take = take_sbatch,             \
                                                                  .help = (text)                   \
  }

static const lore_option options[] = {
    {LORE_OPTION_TEXT, 'o', "output", "DIR",
     LORE_FIELD(lore_arguments, submit.directory, const char *),
     .help = "where results go (required)"},
    LORE_OPTION_OVERRIDES(lore_arguments, overrides),
    {LORE_OPTION_INTEGER, '\0', "tasks", "N", LORE_FIELD(lore_arguments, submit.tasks, int),
     .least = 1, .most = TASKS_MAX,
     .help = "at most N tasks for each array (default: as many as give each run a group of ranks)"},
    LORE_OPTION_RANKS(lore_arguments, submit.ranks_per_run, "ranks that train one run together"),
    {LORE_OPTION_TEXT, '\0', "mail", "USER", LORE_FIELD(lore_arguments, submit.mail, const char *),
     .help = "Slurm sends USER a mail when everything has ended"},
    {LORE_OPTION_FLAG, '\0', "yes", NULL, LORE_FIELD(lore_arguments, submit.submit, bool),
     .help = "submit the jobs, too"},
    {LORE_OPTION_HEADING, .help = "for sbatch, each task of an array:"},
    SBATCH_NUMBER(NODES, "nodes", "nodes"),
    SBATCH_NUMBER(NTASKS, "ntasks", "ranks"),
    SBATCH_NUMBER(NTASKS_PER_NODE, "ntasks-per-node", "ranks on each node"),
    SBATCH_NUMBER(CPUS_PER_TASK, "cpus-per-task", "cores of each rank"),
    {LORE_OPTION_HEADING, .help = "for sbatch, all jobs:"},
    SBATCH_WORD(TIME, "time", "T", "time limit"),
    SBATCH_WORD(MEM, "mem", "M", "memory of each node"),
    SBATCH_WORD(PARTITION, "partition", "P", "partition"),
    SBATCH_WORD(ACCOUNT, "account", "A", "account to charge"),
};

const lore_command_line lore_line_submit = {
    .name = "submit",
    .usage = "lore submit [OPTION ...] STUDY -o DIR [-- SBATCH OPTION ...]",
    .about = "Freezes the study's runs in DIR, writes DIR/jobs/{run,collect}.sbatch and prints "
             "the sbatch commands that train it: a job array for each wave (children after "
             "parents), whose tasks share the runs, and finally a job that collects the results. "
             "With --yes it submits them. Everything after -- goes to sbatch unchanged: what is of "
             "every job (--qos, --time, --mail-user, ...) for all, the rest for the arrays.",
    .argument = LORE_ARGUMENT_STUDY,
    LORE_OPTIONS(options),
    .notes = "example:\n"
             "  lore submit study.yaml -o results --tasks 8 --time 4:00:00 --yes -- --qos=long",
};

/* The options that were given, for messages: "--nodes 2, --ntasks-per-node 3". */
static void describe_ranks(const lore_sbatch_options *o, char *text, size_t size) {
  const struct {
    const char *name;
    long number;
  } given[] = {{"nodes", o->ntasks ? 0 : o->nodes},
               {"ntasks-per-node", o->ntasks ? 0 : o->ntasks_per_node},
               {"ntasks", o->ntasks}};
  size_t length = 0;
  *text = 0;
  for (size_t i = 0; i < sizeof given / sizeof *given && length < size; i++)
    if (given[i].number)
      length += (size_t)snprintf(text + length, size - length, "%s--%s %ld", length ? ", " : " (",
                                 given[i].name, given[i].number);
  if (length > 0 && length < size)
    snprintf(text + length, size - length, ")");
}

/* lore run would refuse these ranks, too, but only at night. */
static lore_status check_ranks(lore_arguments *a, const lore_manifest *manifest) {
  char given[128];
  long ranks = lore_sbatch_options_ranks(&a->sbatch);
  int per_run = a->submit.ranks_per_run;
  lore_status status =
      lore_sweep_check_ranks(ranks > INT_MAX ? INT_MAX : (int)ranks, manifest, per_run);
  describe_ranks(&a->sbatch, given, sizeof given);
  if (status != LORE_OK && ranks > 0)
    lore_fail_context(status, "each task of an array has %ld rank%s%s", ranks,
                      ranks == 1 ? "" : "s", given);
  LORE_TRY(status);
  a->submit.groups = 1;
  if (manifest->runs > 1 && ranks > 0)
    a->submit.groups = (int)(ranks / (per_run > 0 ? per_run : 1));
  return LORE_OK;
}

static lore_status check_study(lore_arguments *a, const lore_manifest *manifest) {
  LORE_TRY(check_ranks(a, manifest));
  return lore_manifest_check_parents(manifest, a->submit.directory);
}

/* The absolute name by which this program was called, if it is that of `file`: given, or found on
 * PATH. */
static bool find_called(const char *file, char *named) {
  const char *called = program_invocation_name;
  bool searched = !strchr(called, '/');
  const char *folder = searched ? getenv("PATH") : "-";
  struct stat own, other;
  char path[LORE_PATH_MAX];
  if (stat(file, &own))
    return false;
  for (; folder && *folder; folder += strspn(folder, ":")) {
    int length = (int)strcspn(folder, ":");
    if (snprintf(path, sizeof path, "%.*s%s%s", searched ? length : 0, folder, searched ? "/" : "",
                 called) < (int)sizeof path &&
        !stat(path, &other) && own.st_dev == other.st_dev && own.st_ino == other.st_ino)
      return lore_path_absolute(path, named) == LORE_OK;
    folder += length;
  }
  return false;
}

/* Links stay, as nodes may have their targets at another place. */
static const char *find_program(void) {
  static char file[LORE_PATH_MAX], named[LORE_PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", file, sizeof file - 1);
  snprintf(file + (length > 0 ? length : 0), 8, "%s", length > 0 ? "" : "lore");
  return find_called(file, named) ? named : file;
}

static lore_status submit(lore_arguments *a) {
  lore_manifest manifest;
  a->submit.program = find_program();
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

/* Those that lore knows come first: behind "--" they may be given again. */
static lore_status sort_options(int words, char **word, lore_arguments *a) {
  lore_submit_options *o = &a->submit;
  for (int i = 0; i < KNOWN; i++) {
    const char *own = a->own[i].text;
    if (*own)
      LORE_TRY(lore_sbatch_options_add(&a->sbatch, 1, &own));
  }
  LORE_TRY(lore_sbatch_options_add(&a->sbatch, words, (const char *const *)word));
  o->job_options = a->sbatch.every_jobs;
  o->job_option = a->sbatch.every_job;
  o->sbatch_options = a->sbatch.arrays;
  o->sbatch_option = a->sbatch.array;
  return LORE_OK;
}

static lore_status check_arguments(int argc, char **argv, int end, lore_arguments *a) {
  LORE_TRY(lore_options_argument(&lore_line_submit, end, argv, &a->submit.study));
  if (!a->submit.directory)
    return lore_fail(LORE_USER, "lore submit needs a directory for the results: -o DIR");
  return end < argc ? sort_options(argc - end - 1, argv + end + 1, a) : sort_options(0, argv, a);
}

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  int end = find_end(argc, argv);
  LORE_TRY(lore_options_read(&lore_line_submit, end, argv, arguments, &arguments->help));
  return arguments->help ? LORE_OK : check_arguments(argc, argv, end, arguments);
}

int lore_command_submit(int argc, char **argv) {
  static lore_arguments arguments;
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK)
    status = arguments.help ? lore_options_help(&lore_line_submit) : submit(&arguments);
  return lore_options_report(status);
}
