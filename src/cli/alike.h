/* Whether all ranks of a job are the same program and were asked for the same. */
#ifndef LORE_CLI_ALIKE_H
#define LORE_CLI_ALIKE_H

#include "lore/base/status.h"
#include "lore/base/team.h"

/* All ranks, before anything is read: LORE_USER, with the first rank that differs and how, unless
 * all have the same command line behind the program's name and are the same build. */
lore_status lore_alike_check(lore_team world, int argc, char **argv);

#endif
