/* What lore says of itself. */
#ifndef LORE_CLI_HELP_H
#define LORE_CLI_HELP_H

#include <stdio.h>

/* Prints how lore is called, its commands and exit codes. */
void lore_help_print(FILE *stream);

#endif
