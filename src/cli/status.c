/* lore status: the progress of a study's runs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lore/control/status_print.h"
#include "lore/manifest/runs.h"
#include "options.h"

enum { WATCH_MOST = 86400 };

typedef struct {
  bool json, help;
  int watch;       /* s between repetitions; 0: print once */
  unsigned states; /* bits of the states to show; 0: all */
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

static const lore_option options[] = {
    {LORE_OPTION_OTHER, '\0', "state", "STATE", LORE_FIELD(lore_arguments, states, unsigned),
     .take = take_states, .help = "only runs in this state, or in several: failed,diverged"},
    {LORE_OPTION_FLAG, '\0', "json", NULL, LORE_FIELD(lore_arguments, json, bool),
     .help = "one JSON object, for programs"},
    {LORE_OPTION_INTEGER, '\0', "watch", "SECONDS", LORE_FIELD(lore_arguments, watch, int),
     .least = 1, .most = WATCH_MOST,
     .help = "repeat every SECONDS seconds until every run is done or diverged"},
};

const lore_command_line lore_line_status = {
    .name = "status",
    .usage = "lore status [OPTION ...] DIR",
    .about =
        "Prints one line for each run of the study in DIR: state (waiting, running, "
        "interrupted, stopped, done, diverged, failed, damaged), steps, phase, attribute loss and "
        "accuracy of the known individuals, tokens/s, time left, age of the last record, "
        "Slurm job, host; then why runs failed or cannot begin; then jobs that gave up, and why; "
        "then totals. Only reads files: "
        "safe at any time, from any machine "
        "that sees DIR.",
    .argument = LORE_ARGUMENT_RESULTS,
    LORE_OPTIONS(options),
    .notes = "examples:\n"
             "  lore status --watch 60 results\n"
             "  lore status --state failed,diverged results",
};

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  LORE_TRY(lore_options_read(&lore_line_status, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  return lore_options_argument(&lore_line_status, argc, argv, &arguments->directory);
}

/* Prints the status once. *over: nothing is left to be done. */
static lore_status print_once(const lore_arguments *arguments, const lore_manifest *manifest,
                              bool *over) {
  static lore_refusals refusals;
  lore_status status = LORE_OK;
  lore_seen *seen = calloc((size_t)manifest->runs + 1, sizeof *seen);
  if (!seen)
    return lore_fail(LORE_MEMORY, "cannot allocate the states of %d runs", manifest->runs);
  for (int i = 0; i < manifest->runs && status == LORE_OK; i++)
    status = lore_seen_read(arguments->directory, &manifest->run[i], &seen[i]);
  if (status == LORE_OK) {
    lore_seen_find_blockers(manifest, seen);
    lore_seen_totals totals = lore_seen_total(manifest, seen);
    *over = totals.count[LORE_SEEN_DONE] + totals.count[LORE_SEEN_DIVERGED] +
                totals.count[LORE_SEEN_DAMAGED] ==
            manifest->runs;
    if (arguments->watch && !arguments->json && isatty(STDOUT_FILENO))
      fputs("\033[H\033[2J", stdout);
    lore_refusals_read(arguments->directory, &refusals);
    (arguments->json ? lore_seen_print_json : lore_seen_print_table)(
        stdout, manifest, seen, arguments->states ? arguments->states : ~0u, &refusals);
    status = lore_options_flush();
  }
  free(seen);
  return status;
}

/* The list of runs is read anew each time, as a study may grow. */
static lore_status print_status(const lore_arguments *arguments) {
  bool over = false;
  for (;;) {
    lore_manifest manifest;
    lore_status status = lore_runs_list(arguments->directory, &manifest);
    if (status == LORE_OK)
      status = lore_runs_add_unlisted(arguments->directory, &manifest);
    if (status == LORE_OK)
      status = print_once(arguments, &manifest, &over);
    lore_manifest_destroy(&manifest);
    if (status != LORE_OK || over || !arguments->watch)
      return status;
    sleep((unsigned)arguments->watch);
  }
}

int lore_command_status(int argc, char **argv) {
  lore_arguments arguments = {0};
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK)
    status = arguments.help ? lore_options_help(&lore_line_status) : print_status(&arguments);
  return lore_options_report(status);
}
