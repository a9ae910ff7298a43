/* The reference as aligned text. */
#include "reference.h"

#include <string.h>

#include "lore/settings/nearest.h"
#include "lore/settings/table.h"
#include "lore/settings/value.h"

enum { PAGE_WIDTH = 80, HELP_INDENT = 6, RANGE_WIDTH = 38 };

const char *lore_reference_type(const lore_setting *setting) {
  static const char *const types[] = {
      [LORE_SETTING_TEXT] = "text",         [LORE_SETTING_INTEGER] = "integer",
      [LORE_SETTING_UNSIGNED] = "integer",  [LORE_SETTING_REAL] = "number",
      [LORE_SETTING_BOOLEAN] = "boolean",   [LORE_SETTING_CHOICE] = "choice",
      [LORE_SETTING_INTEGER_LIST] = "list", [LORE_SETTING_WORD_LIST] = "words",
  };
  return types[setting->kind];
}

static bool is_named(const lore_setting *setting, const char *name) {
  size_t section = (size_t)lore_setting_section(setting->key), length = strlen(name);
  return strcmp(setting->key, name) == 0 ||
         (section > 0 && section == length && strncmp(setting->key, name, length) == 0);
}

bool lore_reference_has(const lore_setting *setting, int names, const char *const *name) {
  bool found = names == 0;
  for (int i = 0; i < names && !found; i++)
    found = is_named(setting, name[i]);
  return found;
}

lore_status lore_reference_check(int names, const char *const *name) {
  int count;
  char suggestion[LORE_SUGGESTION_SIZE], shown[256];
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < names; i++) {
    bool found = false;
    for (int j = 0; j < count && !found; j++)
      found = is_named(&table[j], name[i]);
    if (!found)
      return lore_fail(LORE_USER, "no setting or section is called '%s'; %s",
                       lore_text_show(name[i], 60, sizeof shown, shown),
                       lore_setting_suggest(name[i], suggestion));
  }
  return LORE_OK;
}

static const char *list_choices(const lore_setting *setting, const char *between, char *text) {
  int length = 0;
  for (const char *const *choice = setting->choices; *choice; choice++)
    length += snprintf(text + length, (size_t)(LORE_ALLOWED_SIZE - length), "%s%s", *choice,
                       choice[1] ? between : "");
  return text;
}

/* Bounds or choices. */
static const char *show_range(const lore_setting *setting, char *text) {
  if (setting->kind == LORE_SETTING_BOOLEAN)
    return "true|false";
  if (setting->kind == LORE_SETTING_TEXT || setting->kind == LORE_SETTING_WORD_LIST) {
    snprintf(text, LORE_ALLOWED_SIZE, "%.0f to %.0f letters", setting->least, setting->most);
    return text;
  }
  if (setting->kind != LORE_SETTING_CHOICE)
    return lore_setting_range(setting, text);
  return list_choices(setting, "|", text);
}

/* Prints `text` in lines of PAGE_WIDTH, broken between words. */
static void print_wrapped(const char *text, FILE *stream) {
  int column = fprintf(stream, "%*s", HELP_INDENT, "");
  while (*text) {
    int length = (int)strcspn(text, " ");
    bool first = column == HELP_INDENT;
    if (!first && column + 1 + length > PAGE_WIDTH) {
      fputc('\n', stream);
      column = fprintf(stream, "%*s", HELP_INDENT, "");
      first = true;
    }
    column += fprintf(stream, "%s%.*s", first ? "" : " ", length, text);
    text += length;
    text += *text == ' ';
  }
  fputc('\n', stream);
}

static void print_setting(const lore_setting *setting, FILE *stream) {
  char text[LORE_ALLOWED_SIZE];
  const char *range = show_range(setting, text);
  bool fits = strlen(range) <= RANGE_WIDTH;
  fprintf(stream, "  %-20s  %-7s  %-4s  %-10s  %s\n", lore_setting_leaf(setting->key),
          lore_reference_type(setting), setting->unit,
          setting->initial ? setting->initial : "(required)", fits ? range : "one of these:");
  if (!fits)
    print_wrapped(list_choices(setting, " | ", text), stream);
  print_wrapped(setting->help, stream);
}

static void print_heading(const lore_setting *setting, FILE *stream) {
  int section = lore_setting_section(setting->key);
  if (section > 0)
    fprintf(stream, "\n%.*s:\n", section, setting->key);
}

lore_status lore_settings_reference(FILE *stream, int names, const char *const *name) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  LORE_TRY(lore_reference_check(names, name));
  fprintf(stream, "%-22s  %-7s  %-4s  %-10s  %s\n", "setting", "type", "unit", "default",
          "range or choices");
  bool heading = false;
  for (int i = 0; i < count; i++) {
    heading |= lore_setting_begins_section(i);
    if (!lore_reference_has(&table[i], names, name))
      continue;
    if (heading)
      print_heading(&table[i], stream);
    print_setting(&table[i], stream);
    heading = false;
  }
  return LORE_OK;
}
