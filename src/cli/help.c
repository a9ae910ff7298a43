/* lore help: all commands, or one; as text, or as the source of man pages. */
#include "help.h"

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "commands.h"
#include "manual.h"
#include "table.h"

void lore_help_print(FILE *stream) {
  int count;
  const lore_command_entry *table = lore_command_table(&count);
  fputs("usage: lore COMMAND [OPTION ...] [STUDY]\n"
        "\n"
        "Simulates how language models learn facts.\n"
        "\n",
        stream);
  for (int i = 0; i < count; i++)
    fprintf(stream, "  %-10s %s\n", table[i].line->name, table[i].help);
  fputs("\n"
        "'lore help COMMAND' and 'man lore-COMMAND' describe a command; 'lore --version'\n"
        "the build.\n"
        "Exit codes: 0 done, 1 the environment failed, 2 wrong input, 3 runs failed,\n"
        "4 something needs attention (lore status --exit-code),\n"
        "75 checkpointed and unfinished; rerun to resume,\n"
        "200 the processor lacks what this program was compiled for.\n",
        stream);
}

typedef struct {
  bool manual, help;
} lore_arguments;

static const lore_option options[] = {
    {LORE_OPTION_FLAG, '\0', "man", NULL, LORE_FIELD(lore_arguments, manual, bool),
     .help = "as the source of a man page"},
};

static const char *command_word(int number) {
  int count;
  const lore_command_entry *table = lore_command_table(&count);
  return number < count ? table[number].line->name : NULL;
}

const lore_command_line lore_line_help = {
    .name = "help",
    .usage = "lore help [--man] [COMMAND]",
    .about = "Describes a command, or lists all of them.",
    .choice = command_word,
    LORE_OPTIONS(options),
};

/* What lore(1), lore-study(5) and lore-COMMAND(1) are made of. */
static lore_status print_manual(const char *name) {
  const lore_command_entry *command = name ? lore_command_find(name) : NULL;
  if (command)
    lore_manual_print_command(command, stdout);
  else if (!name)
    lore_manual_print_commands(stdout);
  else if (!strcmp(name, "study"))
    lore_manual_print_settings(stdout);
  else
    return lore_command_refuse(name);
  return lore_options_flush();
}

static lore_status print_help(const char *name) {
  if (!name) {
    lore_help_print(stdout);
    return lore_options_flush();
  }
  const lore_command_entry *command = lore_command_find(name);
  return command ? lore_options_help(command->line) : lore_command_refuse(name);
}

int lore_command_help(int argc, char **argv) {
  lore_arguments arguments = {0};
  lore_status status = lore_options_read(&lore_line_help, argc, argv, &arguments, &arguments.help);
  const char *name = status == LORE_OK && optind < argc ? argv[optind] : NULL;
  if (arguments.help || (name && !strcmp(name, "help"))) /* "lore help help" */
    name = NULL;
  if (status == LORE_OK && argc - optind > 1 && !arguments.help)
    status = lore_fail(LORE_USER, "unexpected argument '%s' (lore help takes one command)",
                       argv[optind + 1]);
  if (status == LORE_OK)
    status = arguments.manual ? print_manual(name) : print_help(name);
  return lore_options_report(status);
}
