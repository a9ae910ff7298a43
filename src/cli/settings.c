/* lore settings: the reference of all settings. */
#include <getopt.h>
#include <stdio.h>

#include "commands.h"
#include "lore/manifest/schema.h"
#include "lore/settings/reference.h"
#include "lore/settings/table.h"
#include "options.h"

typedef struct {
  bool json, schema, help;
} lore_arguments;

static const lore_option options[] = {
    {LORE_OPTION_FLAG, '\0', "json", NULL, LORE_FIELD(lore_arguments, json, bool),
     .help = "one JSON array, for programs"},
    {LORE_OPTION_FLAG, '\0', "schema", NULL, LORE_FIELD(lore_arguments, schema, bool),
     .help = "JSON schema of study files, for editors (draft 2020-12)"},
};

/* All settings, then the sections. */
static const char *setting_word(int number) {
  static char section[64];
  int count;
  const lore_setting *table = lore_settings_table(&count);
  if (number < count)
    return table[number].key;
  for (int i = 0, at = count; i < count; i++) {
    int length = lore_setting_section(table[i].key);
    if (length > 0 && lore_setting_begins_section(i) && at++ == number) {
      snprintf(section, sizeof section, "%.*s", length, table[i].key);
      return section;
    }
  }
  return NULL;
}

const lore_command_line lore_line_settings = {
    .name = "settings",
    .usage = "lore settings [OPTION ...] [SECTION|KEY ...]",
    .about = "Prints every setting of a study: type, unit, default, range, meaning; or only "
             "the named ones.",
    .choice = setting_word,
    LORE_OPTIONS(options),
    .notes = "examples:\n"
             "  lore settings model\n"
             "  lore settings train.steps train.batch",
};

static lore_status print_reference(const lore_arguments *a, int names, const char *const *name) {
  if (a->schema && (a->json || names > 0))
    return lore_fail(LORE_USER, "--schema is of all settings; remove %s",
                     a->json ? "--json" : *name);
  if (a->schema)
    lore_study_schema(stdout);
  else
    LORE_TRY(a->json ? lore_settings_reference_json(stdout, names, name)
                     : lore_settings_reference(stdout, names, name));
  return lore_options_flush();
}

int lore_command_settings(int argc, char **argv) {
  lore_arguments arguments = {0};
  lore_status status =
      lore_options_read(&lore_line_settings, argc, argv, &arguments, &arguments.help);
  if (status == LORE_OK && arguments.help)
    status = lore_options_help(&lore_line_settings);
  else if (status == LORE_OK)
    status = print_reference(&arguments, argc - optind, (const char *const *)argv + optind);
  return lore_options_report(status);
}
