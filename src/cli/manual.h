/* Man pages, in the language of man(7), from the tables of commands, options and settings. */
#ifndef LORE_CLI_MANUAL_H
#define LORE_CLI_MANUAL_H

#include <stdio.h>

#include "table.h"

/* The whole page lore-COMMAND(1). */
void lore_manual_print_command(const lore_command_entry *command, FILE *stream);

/* The list of commands of lore(1), and the settings of lore-study(5): parts of pages whose rest is
 * in doc/man. */
void lore_manual_print_commands(FILE *stream);
void lore_manual_print_settings(FILE *stream);

#endif
