/* Reading command lines and printing help from a table of options. */
#include "options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/log.h"
#include "lore/base/mpi.h"
#include "lore/settings/nearest.h"

/* What getopt_long returns for option i of the table by its long name. */
enum { LONG_OPTION = 256, OPTIONS_MAX = 32 };

const lore_option lore_option_help = {
    .kind = LORE_OPTION_FLAG, .letter = 'h', .name = "help", .help = "print this text"};

/* The table in getopt_long's terms. */
typedef struct {
  struct option option[OPTIONS_MAX + 2];
  char letters[2 * OPTIONS_MAX + 3];
} getopt_tables;

static void make_getopt_tables(const lore_command_line *command, getopt_tables *tables) {
  char *letter = tables->letters;
  int names = 0;
  assert(command->options <= OPTIONS_MAX);
  *letter++ = ':'; /* tells a missing value from an unknown option */
  *letter++ = lore_option_help.letter;
  tables->option[names++] = (struct option){lore_option_help.name, no_argument, NULL, 'h'};
  for (int i = 0; i < command->options; i++) {
    const lore_option *o = &command->option[i];
    bool valued = o->kind != LORE_OPTION_FLAG;
    if (o->letter) {
      *letter++ = o->letter;
      if (valued)
        *letter++ = ':';
    }
    if (o->name)
      tables->option[names++] =
          (struct option){o->name, valued ? required_argument : no_argument, NULL, LONG_OPTION + i};
  }
  *letter = '\0';
  tables->option[names] = (struct option){0};
}

/* The long option that `word` ("--rank-per-run=2") probably means, or NULL. */
static const char *nearest_option(const lore_command_line *command, const char *word) {
  const char *names[OPTIONS_MAX + 2] = {lore_option_help.name};
  char name[64];
  int count = 1;
  snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
  for (int i = 0; i < command->options; i++)
    if (command->option[i].name)
      names[count++] = command->option[i].name;
  return lore_word_nearest(name, names);
}

/* One letter that getopt_long refused. `word`: where it stands if more letters follow ("-x.yaml").
 */
static lore_status refuse_letter(const lore_command_line *command, int code, const char *word) {
  if (code == ':')
    return lore_fail(LORE_USER, "option '-%c' needs a value; see 'lore %s --help'", optopt,
                     command->name);
  if (word && word[0] == '-' && strchr(word, optopt) && !access(word, F_OK))
    return lore_fail(LORE_USER, "'%s' looks like an option; if the file is meant, write './%s'",
                     word, word);
  return lore_fail(LORE_USER, "unknown option '-%c'; see 'lore %s --help'", optopt, command->name);
}

/* What getopt_long just refused: ':' a value is missing, '?' unknown, ambiguous, or a value too
 * many. optopt is the option's letter or number; 0: it has none. */
static lore_status refuse_option(const lore_command_line *command, int code, int argc,
                                 char **argv) {
  const char *last = argv[optind - 1];
  if (code == '?' && (optopt >= LONG_OPTION || optopt == lore_option_help.letter))
    return lore_fail(LORE_USER, "option '%.*s' takes no value; see 'lore %s --help'",
                     (int)strcspn(last, "="), last, command->name);
  if (optopt > 0 && optopt < LONG_OPTION)
    return refuse_letter(command, code, optind < argc ? argv[optind] : NULL);
  if (code == ':')
    return lore_fail(LORE_USER, "option '%s' needs a value; see 'lore %s --help'", last,
                     command->name);
  const char *nearest = nearest_option(command, last);
  if (nearest)
    return lore_fail(LORE_USER, "unknown option '%s'; did you mean '--%s'?", last, nearest);
  return lore_fail(LORE_USER, "unknown option '%s'; see 'lore %s --help'", last, command->name);
}

/* "a, b or c". */
static void list_choices(const lore_option *option, size_t size, char *list) {
  size_t length = 0;
  *list = '\0';
  for (int i = 0; option->choice(i) && length < size; i++) {
    const char *before = i == 0 ? "" : option->choice(i + 1) ? ", " : " or ";
    length += (size_t)snprintf(list + length, size - length, "%s%s", before, option->choice(i));
  }
}

static lore_status read_choice(const lore_option *option, const char *text, int *value) {
  char list[256];
  for (int i = 0; option->choice(i); i++)
    if (!strcmp(text, option->choice(i))) {
      *value = i;
      return LORE_OK;
    }
  list_choices(option, sizeof list, list);
  return lore_fail(LORE_USER, "expected %s", list);
}

static lore_status read_integer(const lore_option *option, const char *text, int *value) {
  char *end;
  errno = 0;
  long number = strtol(text, &end, 10);
  if (end == text || *end || errno || (double)number < option->least ||
      (double)number > option->most)
    return lore_fail(LORE_USER, "expected a whole number from %.0f to %.0f", option->least,
                     option->most);
  *value = (int)number;
  return LORE_OK;
}

static lore_status read_positive(const lore_option *option, const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  if (*text && !*end && *value > 0 && *value < option->most)
    return LORE_OK;
  return lore_fail(LORE_USER, "expected a number of %s above 0 and below %g", option->unit,
                   option->most);
}

lore_status lore_options_integer(const lore_option *option, const char *text, int *value) {
  lore_status status = read_integer(option, text, value);
  return status == LORE_OK ? status : lore_fail_context(status, "--%s %s", option->name, text);
}

/* `given`: the option as it was typed. */
static lore_status take_value(const lore_option *option, const char *given, const char *text,
                              void *arguments) {
  void *field = (char *)arguments + option->offset;
  lore_status status = LORE_OK;
  switch (option->kind) {
  case LORE_OPTION_FLAG:
    *(bool *)field = true;
    return LORE_OK;
  case LORE_OPTION_TEXT:
    if (!*text) /* an unset variable of a script, most likely */
      return lore_fail(LORE_USER, "%s: its value is empty", given);
    *(const char **)field = text;
    return LORE_OK;
  case LORE_OPTION_OTHER:
    return option->take(option, text, field);
  case LORE_OPTION_INTEGER:
    status = read_integer(option, text, field);
    break;
  case LORE_OPTION_POSITIVE:
    status = read_positive(option, text, field);
    break;
  case LORE_OPTION_CHOICE:
    status = read_choice(option, text, field);
    break;
  case LORE_OPTION_HEADING:
    break;
  }
  return status == LORE_OK ? status : lore_fail_context(status, "%s %s", given, text);
}

/* Takes the option that getopt_long returned `code` for. */
static lore_status take_option(const lore_command_line *command, int code, void *arguments) {
  char given[64];
  int which = code - LONG_OPTION;
  for (int i = 0; code < LONG_OPTION && i < command->options; i++)
    if (command->option[i].letter == code)
      which = i;
  assert(which >= 0);
  const lore_option *option = &command->option[which];
  if (code < LONG_OPTION)
    snprintf(given, sizeof given, "-%c", option->letter);
  else
    snprintf(given, sizeof given, "--%s", option->name);
  return take_value(option, given, optarg, arguments);
}

lore_status lore_options_read(const lore_command_line *command, int argc, char **argv,
                              void *arguments, bool *help) {
  getopt_tables tables;
  int code;
  make_getopt_tables(command, &tables);
  optind = 0; /* the main program may have scanned before */
  opterr = 0;
  *help = false;
  while ((code = getopt_long(argc, argv, tables.letters, tables.option, NULL)) != -1) {
    if (code == '?' || code == ':')
      return refuse_option(command, code, argc, argv);
    if (code == lore_option_help.letter) {
      *help = true;
      return LORE_OK;
    }
    LORE_TRY(take_option(command, code, arguments));
  }
  return LORE_OK;
}

lore_status lore_options_argument(const lore_command_line *command, int argc, char **argv,
                                  const char **argument) {
  if (argc - optind < 1)
    return lore_fail(LORE_USER, "lore %s needs a %s; see 'lore %s --help'", command->name,
                     command->argument, command->name);
  if (argc - optind > 1)
    return lore_fail(LORE_USER, "unexpected argument '%s' (lore %s takes one %s)", argv[optind + 1],
                     command->name, command->argument);
  if (!*argv[optind])
    return lore_fail(LORE_USER, "lore %s needs a %s, and what was given is empty", command->name,
                     command->argument);
  *argument = argv[optind];
  return LORE_OK;
}

enum { WIDTH = 80, GAP = 2 /* between an option and its help */ };

/* Prints `text`, which begins at `column`: lines that are too long are broken between words and
 * continued at `indent`. */
static void print_wrapped(const char *text, int column, int indent) {
  while (*text) {
    int length = (int)strcspn(text, "\n"), room = WIDTH - column;
    if (length > room) {
      for (length = room; length > 0 && text[length] != ' '; length--)
        ;
      if (length == 0) /* a word that fits nowhere */
        length = (int)strcspn(text, " \n");
    }
    printf("%.*s\n", length, text);
    text += length;
    if (*text)
      text++;
    column = indent;
    if (*text && *text != '\n')
      printf("%*s", indent, "");
  }
}

/* "  -o, --output DIR" */
static int write_option(const lore_option *o, size_t size, char *text) {
  char letter[8] = "    ";
  if (o->letter)
    snprintf(letter, sizeof letter, "-%c%s", o->letter, o->name ? ", " : "");
  return snprintf(text, size, "  %s%s%s%s%s", letter, o->name ? "--" : "", o->name ? o->name : "",
                  o->value ? " " : "", o->value ? o->value : "");
}

static void print_option(const lore_option *option, int indent) {
  char text[WIDTH];
  write_option(option, sizeof text, text);
  printf("%-*s", indent, text);
  print_wrapped(option->help, indent, indent);
}

/* The options, --help last of those above the first heading. */
static void print_options(const lore_command_line *command) {
  char text[WIDTH];
  bool help_printed = false;
  int indent = write_option(&lore_option_help, sizeof text, text) + GAP;
  for (int i = 0; i < command->options; i++)
    if (command->option[i].kind != LORE_OPTION_HEADING) {
      int width = write_option(&command->option[i], sizeof text, text) + GAP;
      indent = width > indent ? width : indent;
    }
  for (int i = 0; i < command->options; i++) {
    const lore_option *option = &command->option[i];
    if (option->kind != LORE_OPTION_HEADING) {
      print_option(option, indent);
      continue;
    }
    if (!help_printed)
      print_option(&lore_option_help, indent);
    help_printed = true;
    printf("\n%s\n", option->help);
  }
  if (!help_printed)
    print_option(&lore_option_help, indent);
}

lore_status lore_options_help(const lore_command_line *command) {
  static const char usage[] = "usage: ";
  int indent = (int)strlen(usage);
  fputs(usage, stdout);
  print_wrapped(command->usage, indent, indent);
  putchar('\n');
  print_wrapped(command->about, 0, 0);
  putchar('\n');
  print_options(command);
  if (command->notes) {
    putchar('\n');
    print_wrapped(command->notes, 0, 0);
  }
  return lore_options_flush();
}

int lore_options_report(lore_status status) {
  if (status == LORE_STOPPED) /* as was wanted */
    lore_info("%s", lore_fail_message());
  else if (status != LORE_OK && !lore_mpi_failed()) /* lore_mpi_end says that */
    lore_error("%s", lore_fail_message());
  return lore_status_exit_code(status);
}

lore_status lore_options_flush(void) {
  if (fflush(stdout))
    return lore_fail(LORE_FILE, "standard output: %s", strerror(errno));
  return LORE_OK;
}

static bool needs_no_quotes(const char *word) {
  return *word && !word[strcspn(word, " \t\n\"'\\$`*?[](){};&|<>~#!")];
}

char *lore_options_join(int argc, char **argv) {
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  if (!stream)
    return NULL;
  for (int i = 0; i < argc; i++)
    fprintf(stream, needs_no_quotes(argv[i]) ? "%s%s" : "%s'%s'", i ? " " : "", argv[i]);
  fclose(stream);
  return text;
}

lore_status lore_overrides_add(const lore_option *option, const char *text, void *overrides) {
  lore_overrides *all = overrides;
  (void)option;
  if (all->count == LORE_OVERRIDES_MAX)
    return lore_fail(LORE_USER, "more than %d settings on the command line", LORE_OVERRIDES_MAX);
  all->value[all->count++] = text;
  return LORE_OK;
}
