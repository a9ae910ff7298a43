/* How this process was started: alone, or as one of several by mpirun or srun. */
#ifndef LORE_CLI_LAUNCH_H
#define LORE_CLI_LAUNCH_H

#include "lore/base/status.h"

typedef int lore_command(int argc, char **argv);

/* LORE_USER if srun started several processes that MPI cannot connect. Only the first speaks. */
lore_status lore_launch_check(void);

/* Of a command that needs no other process: the first one's output and messages only. */
void lore_launch_quieten(void);

/* Runs a command that is for one process, and may write files, in the first of all; the others
 * wait. The same exit code in all. Alone, no MPI is needed. */
int lore_launch_lead(lore_command *command, int argc, char **argv);

#endif
