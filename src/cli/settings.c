/* lore settings: the reference of all settings. */
#include <stdio.h>

#include "commands.h"
#include "lore/settings.h"
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

int lore_command_settings(int argc, char **argv) {
  static const struct option options[] = {
      {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
  bool json = false;
  int option;
  lore_options_start();
  while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1)
    switch (option) {
    case 'j':
      json = true;
      break;
    case 'h':
      fputs(usage, stdout);
      return lore_options_report(lore_options_flush());
    default:
      return lore_options_refuse("settings", option, argv);
    }
  return lore_options_report(
      print_reference(json, argc - optind, (const char *const *)argv + optind));
}
