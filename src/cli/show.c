/* lore show: a few individuals and biographies of a study. */
#include "commands.h"
#include "lore/settings/read.h"
#include "options.h"
#include "task.h"

enum { COUNT_MAX = 1000000 };

typedef struct {
  int count; /* or LORE_SHOW_DEFAULT */
  bool held_out, help;
  int colour; /* lore_colour_choice */
  lore_overrides overrides;
  const char *study;
} lore_arguments;

static const char *colour_word(int choice) {
  static const char *const words[] = {LORE_COLOUR_LIST(LORE_ENUM_NAME) NULL};
  return words[choice];
}

static const lore_option options[] = {
    {LORE_OPTION_INTEGER, 'n', "individuals", "N", LORE_FIELD(lore_arguments, count, int),
     .most = COUNT_MAX, .help = "how many individuals or pairs (default 3)"},
    {LORE_OPTION_FLAG, '\0', "held-out", NULL, LORE_FIELD(lore_arguments, held_out, bool),
     .help = "held-out individuals instead of known ones"},
    LORE_OPTION_OVERRIDES(lore_arguments, overrides),
    {LORE_OPTION_CHOICE, '\0', "color", "WHEN", LORE_FIELD(lore_arguments, colour, int),
     .choice = colour_word, .help = "auto (the default: colours on a terminal), always or never"},
};

const lore_command_line lore_line_show = {
    .name = "show",
    .usage = "lore show [OPTION ...] STUDY",
    .about = "Prints what the study's population consists of, and a few individuals: name, "
             "attribute values, one biography with a training template and one with an evaluation "
             "template. For a toy memory, prints pairs of a key and a value.",
    .argument = LORE_ARGUMENT_STUDY,
    LORE_OPTIONS(options),
    .notes = "Without colours, [names] and <values> are marked.\n"
             "\n"
             "example:\n"
             "  lore show study.yaml -n 5 -s seed=2",
};

static lore_status parse(int argc, char **argv, lore_arguments *arguments) {
  LORE_TRY(lore_options_read(&lore_line_show, argc, argv, arguments, &arguments->help));
  if (arguments->help)
    return LORE_OK;
  return lore_options_argument(&lore_line_show, argc, argv, &arguments->study);
}

static lore_status show_study(const lore_arguments *arguments) {
  static lore_settings settings;
  const lore_show_options wanted = {.count = arguments->count,
                                    .held_out = arguments->held_out,
                                    .colour = (lore_colour_choice)arguments->colour};
  LORE_TRY(lore_settings_read(arguments->study, arguments->overrides.count,
                              arguments->overrides.value, &settings));
  return lore_cli_task_of(settings.task)->show(&settings, &wanted);
}

int lore_command_show(int argc, char **argv) {
  static lore_arguments arguments;
  arguments = (lore_arguments){.count = LORE_SHOW_DEFAULT};
  lore_status status = parse(argc, argv, &arguments);
  if (status == LORE_OK)
    status = arguments.help ? lore_options_help(&lore_line_show) : show_study(&arguments);
  return lore_options_report(status);
}
