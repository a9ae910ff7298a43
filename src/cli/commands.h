/* The subcommands of lore, one file each. All take their own name as argv[0] and return an exit
 * code (lore/base/status.h). */
#ifndef LORE_CLI_COMMANDS_H
#define LORE_CLI_COMMANDS_H

int lore_command_plan(int argc, char **argv);
int lore_command_run(int argc, char **argv);
int lore_command_check(int argc, char **argv);
int lore_command_show(int argc, char **argv);
int lore_command_submit(int argc, char **argv);
int lore_command_settings(int argc, char **argv);
int lore_command_bench(int argc, char **argv);
int lore_command_status(int argc, char **argv);
int lore_command_collect(int argc, char **argv);
int lore_command_verify(int argc, char **argv);
int lore_command_probe(int argc, char **argv);

#endif
