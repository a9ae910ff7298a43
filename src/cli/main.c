/* lore: the command. Finds the subcommand and calls it. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "help.h"
#include "launch.h"
#include "lore/base/build.h"
#include "lore/model/kernels.h"
#include "processor.h"
#include "table.h"

static int call_command(const lore_command_entry *command, int argc, char **argv) {
  if (command->kind != LORE_ANY && lore_launch_check() != LORE_OK)
    return lore_options_report(LORE_USER);
  if (command->kind == LORE_FIRST)
    return lore_launch_lead(command->function, argc, argv);
  if (command->kind == LORE_ANY)
    lore_launch_quieten();
  return command->function(argc, argv);
}

static bool asks_help(const char *word) {
  return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

/* Whatever is not a command of the table. */
static int run_no_command(int argc, char **argv) {
  lore_launch_quieten();
  if (argc < 2) {
    lore_help_print(stderr);
    return lore_status_exit_code(LORE_USER);
  }
  if (asks_help(argv[1]))
    return lore_command_help(argc - 1, argv + 1);
  if (!strcmp(argv[1], "complete"))
    return lore_command_complete(argc - 1, argv + 1);
  if (!strcmp(argv[1], "--version")) {
    lore_build_describe(stdout);
    printf("  %-12s%s (%s)\n", "here", lore_kernels()->name, lore_kernels()->instructions);
    return lore_options_report(lore_options_flush());
  }
  return lore_options_report(lore_command_refuse(argv[1]));
}

int main(int argc, char **argv) {
  lore_processor_check();
  const lore_command_entry *command = argc > 1 ? lore_command_find(argv[1]) : NULL;
  return command ? call_command(command, argc - 1, argv + 1) : run_no_command(argc, argv);
}
