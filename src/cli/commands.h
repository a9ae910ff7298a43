/* The subcommands of lore, one file each: what their --help shows, and what they do. All take their
 * own name as argv[0] and return an exit code (lore/base/status.h). */
#ifndef LORE_CLI_COMMANDS_H
#define LORE_CLI_COMMANDS_H

#include "options.h"

extern const lore_command_line lore_line_bench, lore_line_check, lore_line_collect,
    lore_line_export, lore_line_help, lore_line_init, lore_line_plan, lore_line_probe,
    lore_line_report, lore_line_run, lore_line_settings, lore_line_show, lore_line_status,
    lore_line_submit, lore_line_verify;

int lore_command_plan(int argc, char **argv);
int lore_command_run(int argc, char **argv);
int lore_command_check(int argc, char **argv);
int lore_command_show(int argc, char **argv);
int lore_command_submit(int argc, char **argv);
int lore_command_settings(int argc, char **argv);
int lore_command_bench(int argc, char **argv);
int lore_command_status(int argc, char **argv);
int lore_command_collect(int argc, char **argv);
int lore_command_report(int argc, char **argv);
int lore_command_verify(int argc, char **argv);
int lore_command_export(int argc, char **argv);
int lore_command_probe(int argc, char **argv);
int lore_command_init(int argc, char **argv);

/* Not commands for people: lore help, and what completion by shells asks. */
int lore_command_help(int argc, char **argv);
int lore_command_complete(int argc, char **argv);

#endif
