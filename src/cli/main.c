/* lore: the command. Finds the subcommand and hands over. */
#include <stdio.h>
#include <string.h>

#include "../study/settings_nearest.h"
#include "commands.h"
#include "lore/build.h"
#include "lore/log.h"
#include "lore/status.h"
#include "options.h"

typedef int lore_command(int argc, char **argv);

static const struct {
  const char *name;
  lore_command *function;
  const char *help;
} commands[] = {
    {"run", lore_command_run, "train a study and write its metrics and weights"},
    {"check", lore_command_check, "validate a study; parameters, memory, tokens, steps"},
    {"plan", lore_command_plan, "list a study's runs and what they will cost; freeze them"},
    {"submit", lore_command_submit, "write a study's Slurm jobs, and submit them"},
    {"show", lore_command_show, "print a few individuals and biographies of a study"},
    {"settings", lore_command_settings, "every setting: type, unit, default, range, meaning"},
    {"status", lore_command_status, "how far the runs of a study are"},
    {"collect", lore_command_collect, "make one NetCDF file of all runs of a study"},
    {"probe", lore_command_probe, "look inside of snapshots: linear probes, spectra, distances"},
    {"bench", lore_command_bench, "speed of training steps and of their matrix products"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *stream) {
  fputs("usage: lore COMMAND [OPTION ...] [STUDY]\n"
        "\n"
        "Simulates how language models learn facts.\n"
        "\n",
        stream);
  for (int i = 0; i < COMMANDS; i++)
    fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].help);
  fputs("\n"
        "'lore COMMAND --help' tells more; 'lore --version' what this build is made of.\n"
        "Exit codes: 0 done, 1 the environment failed, 2 wrong input, 3 runs failed,\n"
        "75 checkpointed and not finished.\n",
        stream);
}

static int refuse_command(const char *name) {
  const char *names[COMMANDS + 1] = {NULL};
  for (int i = 0; i < COMMANDS; i++)
    names[i] = commands[i].name;
  const char *nearest = lore_word_nearest(name, names);
  if (nearest)
    lore_error("unknown command '%s'; did you mean '%s'?", name, nearest);
  else
    lore_error("unknown command '%s'; see 'lore --help'", name);
  return lore_status_exit_code(LORE_USER);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    print_usage(stderr);
    return lore_status_exit_code(LORE_USER);
  }
  if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
    print_usage(stdout);
    return lore_options_report(lore_options_flush());
  }
  if (!strcmp(argv[1], "--version")) {
    lore_build_describe(stdout);
    return lore_options_report(lore_options_flush());
  }
  for (int i = 0; i < COMMANDS; i++)
    if (!strcmp(argv[1], commands[i].name))
      return commands[i].function(argc - 1, argv + 1);
  return refuse_command(argv[1]);
}
