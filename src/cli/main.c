/* lore: the command. Finds the subcommand and calls it. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "launch.h"
#include "lore/base/build.h"
#include "lore/base/log.h"
#include "lore/base/status.h"
#include "lore/model/kernels.h"
#include "lore/settings/nearest.h"
#include "options.h"
#include "processor.h"

/* What a command does when it is one of several processes. */
typedef enum {
  TOGETHER, /* all work: it starts MPI itself */
  FIRST,    /* the first works, and may write files */
  ANY       /* nothing but reading and printing */
} lore_command_kind;

static const struct {
  const char *name;
  lore_command_kind kind;
  lore_command *function;
  const char *help;
} commands[] = {
    {"run", TOGETHER, lore_command_run, "train a study and write its metrics and weights"},
    {"check", FIRST, lore_command_check, "validate a study; parameters, memory, tokens, steps"},
    {"plan", FIRST, lore_command_plan, "list a study's runs and their predicted cost; freeze them"},
    {"submit", FIRST, lore_command_submit, "write a study's Slurm jobs and submit them"},
    {"show", ANY, lore_command_show, "print a few individuals and biographies of a study"},
    {"settings", ANY, lore_command_settings, "list every setting: type, default, range, meaning"},
    {"status", ANY, lore_command_status, "show the progress of a study's runs"},
    {"collect", FIRST, lore_command_collect, "collect all runs of a study in one NetCDF file"},
    {"verify", FIRST, lore_command_verify, "check every file of a directory of results"},
    {"probe", TOGETHER, lore_command_probe, "examine snapshots: linear probes, spectra, distances"},
    {"bench", TOGETHER, lore_command_bench, "time training steps and their matrix products"},
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
        "'lore help COMMAND' describes a command; 'lore --version' the build.\n"
        "Exit codes: 0 done, 1 the environment failed, 2 wrong input, 3 runs failed,\n"
        "75 checkpointed and unfinished; rerun to resume,\n"
        "200 the processor lacks what this program was compiled for.\n",
        stream);
}

/* The command's number, or -1. */
static int find_command(const char *name) {
  for (int i = 0; i < COMMANDS; i++)
    if (!strcmp(name, commands[i].name))
      return i;
  return -1;
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

static int call_command(lore_command_kind kind, lore_command *command, int argc, char **argv) {
  if (kind != ANY && lore_launch_check() != LORE_OK)
    return lore_options_report(LORE_USER);
  if (kind == FIRST)
    return lore_launch_lead(command, argc, argv);
  if (kind == ANY)
    lore_launch_quieten();
  return command(argc, argv);
}

static bool asks_help(const char *word) {
  return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

/* "lore help", "lore help COMMAND". */
static int print_help(int argc, char **argv) {
  if (argc < 3) {
    print_usage(stdout);
    return lore_options_report(lore_options_flush());
  }
  if (argc > 3)
    return lore_options_report(lore_fail(
        LORE_USER, "unexpected argument '%s' (lore %s takes one command)", argv[3], argv[1]));
  if (asks_help(argv[2])) /* "lore help help" */
    return print_help(2, argv);
  int which = find_command(argv[2]);
  char option[] = "--help", *words[] = {argv[2], option, NULL};
  return which < 0 ? refuse_command(argv[2]) : commands[which].function(2, words);
}

/* Whatever is not a command. */
static int run_no_command(int argc, char **argv) {
  lore_launch_quieten();
  if (argc < 2) {
    print_usage(stderr);
    return lore_status_exit_code(LORE_USER);
  }
  if (asks_help(argv[1]))
    return print_help(argc, argv);
  if (!strcmp(argv[1], "--version")) {
    lore_build_describe(stdout);
    printf("  %-12s%s (%s)\n", "here", lore_kernels()->name, lore_kernels()->instructions);
    return lore_options_report(lore_options_flush());
  }
  return refuse_command(argv[1]);
}

int main(int argc, char **argv) {
  lore_processor_check();
  int which = argc > 1 ? find_command(argv[1]) : -1;
  if (which >= 0)
    return call_command(commands[which].kind, commands[which].function, argc - 1, argv + 1);
  return run_no_command(argc, argv);
}
