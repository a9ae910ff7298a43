/* lore report: a study as one page. */
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "lore/base/shown.h"
#include "lore/base/textfile.h"
#include "lore/io/path.h"
#include "lore/report/report.h"
#include "options.h"

enum { WATCH_MOST = 86400 };

typedef struct {
  bool help;
  int watch; /* s between repetitions; 0: write once */
  const char *source, *output;
} lore_arguments;

static const lore_option options[] = {
    {LORE_OPTION_TEXT, 'o', "output", "FILE", LORE_FIELD(lore_arguments, output, const char *),
     .help = "write FILE (default DIR/report.html)"},
    {LORE_OPTION_INTEGER, '\0', "watch", "SECONDS", LORE_FIELD(lore_arguments, watch, int),
     .least = 1, .most = WATCH_MOST,
     .help = "write it again every SECONDS seconds until every run is done, diverged or damaged; "
             "an open page loads itself again"},
};

const lore_command_line lore_line_report = {
    .name = "report",
    .usage = "lore report [OPTION ...] DIR",
    .about = "Writes DIR/report.html: one page that shows the study in DIR in any browser, without "
             "network: what was run, a table of runs (those that need attention come first), "
             "curves coloured by a swept setting, what the settings did. Its pictures can be saved "
             "and their numbers downloaded. May be called while jobs run, and again: the file is "
             "replaced as a whole. DIR may also be a file that lore collect has written: FILE.nc "
             "gives FILE.html.",
    .argument = LORE_ARGUMENT_RESULTS,
    LORE_OPTIONS(options),
    .notes = "examples:\n"
             "  lore report results\n"
             "  lore report results -o friday.html\n"
             "  lore report --watch 60 results",
};

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  LORE_TRY(lore_options_read(&lore_line_report, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  return lore_options_argument(&lore_line_report, argc, argv, &arguments->source);
}

static void print_result(const char *path, const lore_report_result *result) {
  lore_shown_print(stdout, "%s: %d run%s, %.1f MB", path, result->runs,
                   result->runs == 1 ? "" : "s", result->bytes / 1e6);
  if (result->damaged > 0)
    printf("; %d damaged", result->damaged);
  putchar('\n');
}

static lore_status write_report(const lore_arguments *arguments) {
  char path[LORE_PATH_MAX];
  lore_report_result result;
  LORE_TRY(lore_report_path(arguments->source, path));
  const char *output = arguments->output ? arguments->output : path;
  for (;;) {
    LORE_TRY(lore_report_write(arguments->source, output, arguments->watch, &result));
    print_result(output, &result);
    LORE_TRY(lore_options_flush());
    if (result.over || !arguments->watch)
      return LORE_OK;
    sleep((unsigned)arguments->watch);
  }
}

int lore_command_report(int argc, char **argv) {
  lore_arguments arguments = {0};
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK)
    status = arguments.help ? lore_options_help(&lore_line_report) : write_report(&arguments);
  return lore_options_report(status);
}
