/* The reference as one JSON array. */
#include "lore/settings/word.h"
#include "reference.h"

static void print_string(const char *text, FILE *stream) {
  fputc('"', stream);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      fputc('\\', stream);
    fputc(*text, stream);
  }
  fputc('"', stream);
}

static void print_pair(const char *name, const char *text, FILE *stream) {
  fprintf(stream, "\"%s\": ", name);
  print_string(text, stream);
  fputs(", ", stream);
}

/* The default in JSON's own types: all but names and choices look the same as in a study. */
static void print_default(const lore_setting *setting, FILE *stream) {
  fputs("\"default\": ", stream);
  if (!setting->initial)
    fputs("null", stream);
  else if (setting->kind == LORE_SETTING_TEXT || setting->kind == LORE_SETTING_CHOICE)
    print_string(setting->initial, stream);
  else
    fputs(setting->initial, stream);
  fputs(", ", stream);
}

static void print_bounds(const lore_setting *setting, FILE *stream) {
  char least[LORE_REAL_SIZE], most[LORE_REAL_SIZE];
  if (setting->kind == LORE_SETTING_CHOICE || setting->kind == LORE_SETTING_BOOLEAN)
    fputs("\"least\": null, \"most\": null, ", stream);
  else if (setting->kind == LORE_SETTING_REAL)
    fprintf(stream, "\"least\": %s, \"most\": %s, ", lore_word_from_real(setting->least, least),
            lore_word_from_real(setting->most, most));
  else
    fprintf(stream, "\"least\": %.0f, \"most\": %.0f, ", setting->least, setting->most);
}

static void print_choices(const lore_setting *setting, FILE *stream) {
  fputs("\"choices\": ", stream);
  fputs(setting->choices ? "[" : "null", stream);
  for (const char *const *choice = setting->choices; choice && *choice; choice++) {
    print_string(*choice, stream);
    fputs(choice[1] ? ", " : "]", stream);
  }
  fputs(", ", stream);
}

static void print_object(const lore_setting *setting, FILE *stream) {
  fputs("  {", stream);
  print_pair("key", setting->key, stream);
  print_pair("type", lore_reference_type(setting), stream);
  print_pair("unit", setting->unit, stream);
  print_default(setting, stream);
  print_bounds(setting, stream);
  print_choices(setting, stream);
  fputs("\"help\": ", stream);
  print_string(setting->help, stream);
  fputc('}', stream);
}

lore_status lore_settings_reference_json(FILE *stream, int names, const char *const *name) {
  int count;
  bool first = true;
  const lore_setting *table = lore_settings_table(&count);
  LORE_TRY(lore_reference_check(names, name));
  fputc('[', stream);
  for (int i = 0; i < count; i++) {
    if (!lore_reference_has(&table[i], names, name))
      continue;
    fputs(first ? "\n" : ",\n", stream);
    print_object(&table[i], stream);
    first = false;
  }
  fputs("\n]\n", stream);
  return LORE_OK;
}
