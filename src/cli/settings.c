/* lore settings: the reference of all settings. */
#include <getopt.h>
#include <stdio.h>

#include "commands.h"
#include "lore/settings/reference.h"
#include "options.h"

typedef struct {
  bool json, help;
} lore_arguments;

static const lore_option options[] = {
    {LORE_OPTION_FLAG, '\0', "json", NULL, LORE_FIELD(lore_arguments, json, bool),
     .help = "one JSON array, for programs"},
};

static const lore_command_line command_line = {
    .name = "settings",
    .usage = "lore settings [OPTION ...] [SECTION|KEY ...]",
    .about = "Prints every setting of a study: type, unit, default, range, meaning; or only "
             "the named ones.",
    LORE_OPTIONS(options),
    .notes = "examples:\n"
             "  lore settings model\n"
             "  lore settings train.steps train.batch",
};

static lore_status print_reference(bool json, int names, const char *const *name) {
  LORE_TRY(json ? lore_settings_reference_json(stdout, names, name)
                : lore_settings_reference(stdout, names, name));
  return lore_options_flush();
}

int lore_command_settings(int argc, char **argv) {
  lore_arguments arguments = {0};
  lore_status status = lore_options_read(&command_line, argc, argv, &arguments, &arguments.help);
  if (status == LORE_OK && arguments.help)
    status = lore_options_help(&command_line);
  else if (status == LORE_OK)
    status = print_reference(arguments.json, argc - optind, (const char *const *)argv + optind);
  return lore_options_report(status);
}
