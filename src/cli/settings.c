/* lore settings: the reference of all settings. */
#include <stdio.h>

#include "commands.h"
#include "lore/settings/settings.h"
#include "options.h"

static const char usage[] =
    "usage: lore settings [--json] [SECTION|KEY ...]\n"
    "\n"
    "Prints every setting of a study: type, unit, default, range, meaning;\n"
    "or only those that are named (\"model\", \"train.steps\").\n"
    "\n"
    "  --json      one JSON array, for programs\n"
    "  -h, --help  this text\n";

static lore_status print_reference(bool json, int names, const char *const *name) {
  LORE_TRY(json ? lore_settings_reference_json(stdout, names, name)
                : lore_settings_reference(stdout, names, name));
  return lore_options_flush();
}

static lore_status take_option(int option, void *json) {
  *(bool *)json |= option == 'j';
  return LORE_OK;
}

int lore_command_settings(int argc, char **argv) {
  static const struct option options[] = {
      {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
  static const lore_command_options settings = {"settings", ":h", options, take_option};
  bool json = false, help;
  lore_status status = lore_options_read(&settings, argc, argv, &json, &help);
  if (status == LORE_OK && help)
    status = lore_options_help(usage);
  else if (status == LORE_OK)
    status = print_reference(json, argc - optind, (const char *const *)argv + optind);
  return lore_options_report(status);
}
