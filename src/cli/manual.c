/* Writing man(7). */
#include "manual.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "config.h" /* the version and its date */
#include "lore/settings/table.h"
#include "lore/settings/value.h"

enum { LINE = 76 /* columns of the source */, NAME_SIZE = 64, RANGE_SIZE = 512 };

/* Characters that mean something else in man(7). */
static void put_character(char c, FILE *stream) {
  if (c == '\\')
    fputs("\\e", stream);
  else if (c == '-')
    fputs("\\-", stream);
  else
    fputc(c, stream);
}

static void put_text(const char *text, size_t length, FILE *stream) {
  for (size_t i = 0; i < length; i++)
    put_character(text[i], stream);
}

/* A line may not begin with what would be a request. */
static void begin_line(const char *text, FILE *stream) {
  if (*text == '.' || *text == '\'')
    fputs("\\&", stream);
}

static bool ends_sentence(const char *word, size_t length) {
  while (length > 0 && strchr(")'\"", word[length - 1]))
    length--;
  return length > 1 && strchr(".?!", word[length - 1]) && word[length - 2] != '.';
}

/* Words of prose, a new line after each sentence. */
static void put_prose(const char *text, size_t length, FILE *stream) {
  size_t column = 0;
  for (size_t at = 0; at < length;) {
    size_t word = strcspn(text + at, " \n");
    word = word > length - at ? length - at : word;
    bool fits = column == 0 || column + 1 + word <= LINE;
    if (word > 0) {
      if (column > 0)
        fputc(fits ? ' ' : '\n', stream);
      if (column == 0 || !fits)
        begin_line(text + at, stream);
      put_text(text + at, word, stream);
      column = fits ? column + (column > 0) + word : word;
      if (ends_sentence(text + at, word)) {
        fputc('\n', stream);
        column = 0;
      }
    }
    at += word + 1;
  }
  if (column > 0)
    fputc('\n', stream);
}

/* Lines as they stand, further in. */
static void put_lines(const char *text, size_t length, FILE *stream) {
  fputs(".RS 4\n.nf\n", stream);
  for (size_t at = 0; at < length;) {
    size_t line = strcspn(text + at, "\n");
    line = line > length - at ? length - at : line;
    size_t blanks = strspn(text + at, " ");
    size_t skipped = blanks < 2 ? blanks : 2;
    begin_line(text + at + skipped, stream);
    put_text(text + at + skipped, line - skipped, stream);
    fputc('\n', stream);
    at += line + 1;
  }
  fputs(".fi\n.RE\n", stream);
}

static bool begins_with(const char *text, const char *beginning) {
  return !strncmp(text, beginning, strlen(beginning));
}

static size_t paragraph_length(const char *text) {
  const char *end = strstr(text, "\n\n");
  return end ? (size_t)(end - text) : strlen(text);
}

/* The paragraphs of a text; those that are examples, or those that are not. */
static void put_paragraphs(const char *text, bool examples, bool *first, FILE *stream) {
  while (text && *text) {
    size_t length = paragraph_length(text);
    bool example = begins_with(text, "example:") || begins_with(text, "examples:");
    if (example && examples) {
      size_t heading = strcspn(text, "\n") + 1;
      fputs(".SH EXAMPLES\n", stream);
      put_lines(text + heading, length - heading, stream);
    } else if (!example && !examples) {
      bool lines = *text == ' ';
      if (!*first && !lines)
        fputs(".PP\n", stream);
      (lines ? put_lines : put_prose)(text, length, stream);
      *first = false;
    }
    text += length;
    text += strspn(text, "\n");
  }
}

/* A usage: what is to be typed is bold, what stands for something else italic. */
static void put_usage(const char *text, size_t length, FILE *stream) {
  for (size_t at = 0; at < length;) {
    size_t word = 0;
    bool upper = isupper((unsigned char)text[at]);
    if (upper)
      while (at + word < length && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ", text[at + word]))
        word++;
    else
      while (at + word < length && text[at + word] != ' ' && !strchr("[]|=", text[at + word]) &&
             !isupper((unsigned char)text[at + word]))
        word++;
    bool typed = word > 0 && !begins_with(text + at, "...");
    if (typed)
      fputs(upper ? "\\fI" : "\\fB", stream);
    put_text(text + at, word > 0 ? word : 1, stream);
    if (typed)
      fputs("\\fR", stream);
    at += word > 0 ? word : 1;
  }
  fputc('\n', stream);
}

static void put_synopsis(const char *usage, FILE *stream) {
  fputs(".SH SYNOPSIS\n", stream);
  for (bool first = true; *usage; first = false) {
    size_t length = strcspn(usage, "\n");
    if (!first)
      fputs(".br\n", stream);
    put_usage(usage, length, stream);
    usage += length;
    usage += *usage == '\n';
  }
}

static void put_option(const lore_option *option, FILE *stream) {
  fputs(".TP\n", stream);
  if (option->letter)
    fprintf(stream, "\\fB\\-%c\\fR%s", option->letter, option->name ? ", " : "");
  if (option->name) {
    fputs("\\fB\\-\\-", stream);
    put_text(option->name, strlen(option->name), stream);
    fputs("\\fR", stream);
  }
  if (option->value) {
    fputs(" \\fI", stream);
    put_text(option->value, strlen(option->value), stream);
    fputs("\\fR", stream);
  }
  fputc('\n', stream);
  put_prose(option->help, strlen(option->help), stream);
}

static void put_options(const lore_command_line *line, FILE *stream) {
  bool help_printed = false;
  fputs(".SH OPTIONS\n", stream);
  for (int i = 0; i < line->options; i++) {
    const lore_option *option = &line->option[i];
    if (option->kind != LORE_OPTION_HEADING) {
      put_option(option, stream);
      continue;
    }
    if (!help_printed)
      put_option(&lore_option_help, stream);
    help_printed = true;
    fputs(".SS ", stream);
    put_text(option->help, strcspn(option->help, ":"), stream);
    fputc('\n', stream);
  }
  if (!help_printed)
    put_option(&lore_option_help, stream);
}

static void put_see_also(const lore_command_entry *command, FILE *stream) {
  fputs(".SH EXIT STATUS\nSee\n.BR lore (1).\n"
        ".SH SEE ALSO\n.BR lore (1),\n.BR lore\\-study (5);\n",
        stream);
  fputs("the pages that come with LORE in share/doc/lore/doc:\n", stream);
  put_text(command->pages, strlen(command->pages), stream);
  fputs(".\n", stream);
}

void lore_manual_print_command(const lore_command_entry *command, FILE *stream) {
  const lore_command_line *line = command->line;
  char title[NAME_SIZE];
  size_t length = strlen(line->name);
  bool first = true;
  for (size_t i = 0; i <= length && i < sizeof title; i++)
    title[i] = (char)toupper((unsigned char)line->name[i]);
  fprintf(stream, ".\\\" Made by lore help --man %s.\n", line->name);
  fprintf(stream, ".TH LORE\\-%s 1 %s \"LORE %s\" \"User Commands\"\n", title, LORE_DATE,
          PACKAGE_VERSION);
  fprintf(stream, ".SH NAME\nlore\\-%s \\- ", line->name);
  put_text(command->help, strlen(command->help), stream);
  fputc('\n', stream);
  put_synopsis(line->usage, stream);
  fputs(".SH DESCRIPTION\n", stream);
  put_paragraphs(line->about, false, &first, stream);
  put_paragraphs(line->notes, false, &first, stream);
  put_options(line, stream);
  put_paragraphs(line->notes, true, &first, stream);
  put_see_also(command, stream);
}

void lore_manual_print_commands(FILE *stream) {
  int count;
  const lore_command_entry *table = lore_command_table(&count);
  for (int i = 0; i < count; i++) {
    fprintf(stream, ".TP\n.BR lore\\-%s (1)\n", table[i].line->name);
    put_prose(table[i].help, strlen(table[i].help), stream);
  }
}

/* "an integer from 1 to 128", "rms or layer". */
static void put_range(const lore_setting *setting, FILE *stream) {
  char text[RANGE_SIZE];
  switch (setting->kind) {
  case LORE_SETTING_TEXT:
  case LORE_SETTING_WORD_LIST:
    snprintf(text, sizeof text, "%s of %.0f to %.0f letters",
             setting->kind == LORE_SETTING_TEXT ? "text" : "list of words", setting->least,
             setting->most);
    break;
  case LORE_SETTING_BOOLEAN:
    strcpy(text, "true or false");
    break;
  case LORE_SETTING_CHOICE:
    lore_setting_choices(setting, ", ", sizeof text, text);
    break;
  case LORE_SETTING_INTEGER_LIST:
    strcpy(text, "ascending integers from ");
    lore_setting_range(setting, text + strlen(text));
    break;
  default:
    lore_setting_range(setting, text);
  }
  put_prose(text, strlen(text), stream);
}

static void put_setting(const lore_setting *setting, FILE *stream) {
  const char *initial = setting->initial ? setting->initial : "(required)";
  fputs(".TP\n\\fB", stream);
  put_text(setting->key, strlen(setting->key), stream);
  fputs("\\fR: \\fI", stream);
  put_text(initial, strlen(initial), stream);
  fputs("\\fR", stream);
  if (strcmp(setting->unit, "1") != 0)
    fprintf(stream, " (%s)", setting->unit);
  fputc('\n', stream);
  put_prose(setting->help, strlen(setting->help), stream);
  fputs(".br\n", stream);
  put_range(setting, stream);
}

void lore_manual_print_settings(FILE *stream) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  for (int i = 0; i < count; i++) {
    int section = lore_setting_section(table[i].key);
    if (lore_setting_begins_section(i) && section > 0)
      fprintf(stream, ".SS %.*s\n", section, table[i].key);
    put_setting(&table[i], stream);
  }
}
