/* lore status: the progress of a study's runs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "commands.h"
#include "lore/control/status_print.h"
#include "lore/cost/disk.h"
#include "lore/manifest/runs.h"
#include "options.h"

enum { WATCH_MOST = 86400 };

typedef struct {
  bool json, help;
  int watch;       /* s between repetitions; 0: print once */
  unsigned states; /* bits of the states to show; 0: all */
  int stalled;     /* times the interval between records */
  bool exit_code;  /* tells whether something needs attention */
  const char *directory;
} lore_arguments;

/* "waiting, running, ..., or damaged" */
static const char *list_states(void) {
  static char list[160];
  size_t length = 0;
  for (int i = 0; i < LORE_SEEN_STAGES && length < sizeof list; i++)
    length += (size_t)snprintf(list + length, sizeof list - length, "%s%s",
                               i == 0                      ? ""
                               : i == LORE_SEEN_STAGES - 1 ? " or "
                                                           : ", ",
                               lore_seen_name((lore_seen_stage)i));
  return list;
}

/* "failed,diverged" */
static lore_status take_states(const lore_option *option, const char *text, void *field) {
  unsigned *states = field;
  for (const char *word = text; word; word = strchr(word, ',') ? strchr(word, ',') + 1 : NULL) {
    size_t length = strcspn(word, ",");
    int stage = 0;
    while (stage < LORE_SEEN_STAGES &&
           (strncmp(lore_seen_name((lore_seen_stage)stage), word, length) ||
            lore_seen_name((lore_seen_stage)stage)[length]))
      stage++;
    if (stage == LORE_SEEN_STAGES)
      return lore_fail(LORE_USER, "--%s %s: expected %s, or several with commas between them",
                       option->name, text, list_states());
    *states |= 1u << stage;
  }
  return LORE_OK;
}

static const char *stage_word(int number) {
  return number < LORE_SEEN_STAGES ? lore_seen_name((lore_seen_stage)number) : NULL;
}

enum { STALLED_MOST = 1000000 };

static const lore_option options[] = {
    {LORE_OPTION_OTHER, '\0', "state", "STATE", LORE_FIELD(lore_arguments, states, unsigned),
     .choice = stage_word, .take = take_states,
     .help = "only runs in this state, or in several: failed,diverged"},
    {LORE_OPTION_FLAG, '\0', "json", NULL, LORE_FIELD(lore_arguments, json, bool),
     .help = "one JSON object, for programs"},
    {LORE_OPTION_INTEGER, '\0', "watch", "SECONDS", LORE_FIELD(lore_arguments, watch, int),
     .least = 1, .most = WATCH_MOST,
     .help = "repeat every SECONDS seconds until every run is done, diverged or damaged"},
    {LORE_OPTION_INTEGER, '\0', "stalled", "N", LORE_FIELD(lore_arguments, stalled, int),
     .least = 1, .most = STALLED_MOST,
     .help = "a run counts as stalled after N times its usual interval without a record, and 5 "
             "minutes (default 10)"},
    {LORE_OPTION_FLAG, '\0', "exit-code", NULL, LORE_FIELD(lore_arguments, exit_code, bool),
     .help = "exit with 4 if something needs attention"},
};

const lore_command_line lore_line_status = {
    .name = "status",
    .usage = "lore status [OPTION ...] DIR",
    .about =
        "Prints one line for each run of the study in DIR: state (waiting, running, "
        "interrupted, stopped, done, diverged, failed, damaged), steps, phase, attribute loss and "
        "accuracy of the known individuals, tokens/s, time left, age of the last record, "
        "Slurm job, host; then why runs failed or cannot begin; then jobs that gave up, and why; "
        "then totals. Only reads files: safe at any time, from any machine that sees DIR.\n"
        "\n"
        "The last line says what needs attention: runs that failed, diverged (also those whose "
        "training loss is above 25 nats), are damaged, or stalled (they claim to be running, but "
        "no record comes); jobs that gave up; a disk that has less room than the study still "
        "needs, or less than 2 %.",
    .argument = LORE_ARGUMENT_RESULTS,
    LORE_OPTIONS(options),
    .notes = "examples:\n"
             "  lore status --watch 60 results\n"
             "  lore status --state failed,diverged results\n"
             "  lore status --exit-code results || echo 'look at it'",
};

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  LORE_TRY(lore_options_read(&lore_line_status, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  return lore_options_argument(&lore_line_status, argc, argv, &arguments->directory);
}

/* The file system of the directory, and what the study will still write there. */
static lore_status look_at_disk(const char *directory, const lore_manifest *manifest,
                                const lore_seen *seen, lore_disk *disk) {
  struct statvfs about;
  bool *unfinished = calloc(2 * (size_t)manifest->runs + 1, sizeof *unfinished);
  *disk = (lore_disk){.free = NAN, .total = NAN, .needed = NAN};
  if (!unfinished)
    return lore_fail(LORE_MEMORY, "cannot allocate the states of %d runs", manifest->runs);
  bool *running = unfinished + manifest->runs;
  for (int i = 0; i < manifest->runs; i++) {
    unfinished[i] = !lore_seen_is_over(seen[i].stage);
    running[i] = seen[i].stage == LORE_SEEN_RUNNING;
    disk->unfinished |= unfinished[i];
  }
  if (!statvfs(directory, &about)) {
    disk->free = (double)about.f_bavail * (double)about.f_frsize;
    disk->total = (double)about.f_blocks * (double)about.f_frsize;
  }
  if (disk->unfinished)
    disk->needed = lore_disk_needed(directory, manifest, unfinished, running);
  free(unfinished);
  return LORE_OK;
}

/* What is found in the directory. */
typedef struct {
  lore_manifest manifest;
  lore_seen *seen;
  lore_refusals refusals;
  lore_attention attention; /* points to the others */
} lore_look;

static lore_status look(const lore_arguments *arguments, lore_look *l) {
  const char *directory = arguments->directory;
  LORE_TRY(lore_runs_list(directory, &l->manifest));
  LORE_TRY(lore_runs_add_unlisted(directory, &l->manifest));
  l->seen = calloc((size_t)l->manifest.runs + 1, sizeof *l->seen);
  if (!l->seen)
    return lore_fail(LORE_MEMORY, "cannot allocate the states of %d runs", l->manifest.runs);
  for (int i = 0; i < l->manifest.runs; i++)
    LORE_TRY(lore_seen_read(directory, &l->manifest.run[i], &l->seen[i]));
  lore_seen_find_blockers(&l->manifest, l->seen);
  lore_refusals_read(directory, &l->refusals);
  l->attention = (lore_attention){.manifest = &l->manifest,
                                  .seen = l->seen,
                                  .refusals = &l->refusals,
                                  .stalled_times = arguments->stalled};
  return look_at_disk(directory, &l->manifest, l->seen, &l->attention.disk);
}

/* Prints the status once. The list of runs is read anew each time, as a study may grow. *over:
 * nothing is left to be done. */
static lore_status print_once(const lore_arguments *arguments, bool *over, bool *needed) {
  static lore_look found;
  found = (lore_look){0};
  lore_status status = look(arguments, &found);
  if (status == LORE_OK) {
    if (arguments->watch && !arguments->json && isatty(STDOUT_FILENO))
      fputs("\033[H\033[2J", stdout);
    (arguments->json ? lore_seen_print_json : lore_seen_print_table)(
        stdout, &found.attention, arguments->states ? arguments->states : ~0u);
    *over = true;
    for (int i = 0; i < found.manifest.runs; i++)
      *over &= lore_seen_is_over(found.seen[i].stage);
    *needed = lore_attention_needed(&found.attention);
    status = lore_options_flush();
  }
  free(found.seen);
  lore_manifest_destroy(&found.manifest);
  return status;
}

static lore_status print_status(const lore_arguments *arguments, bool *needed) {
  for (bool over = false;;) {
    lore_status status = print_once(arguments, &over, needed);
    if (status != LORE_OK || over || !arguments->watch)
      return status;
    sleep((unsigned)arguments->watch);
  }
}

int lore_command_status(int argc, char **argv) {
  lore_arguments arguments = {.stalled = LORE_STALLED_TIMES};
  bool needed = false;
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK)
    status =
        arguments.help ? lore_options_help(&lore_line_status) : print_status(&arguments, &needed);
  if (status == LORE_OK && needed && arguments.exit_code)
    return lore_status_exit_code(LORE_ATTENTION);
  return lore_options_report(status);
}
