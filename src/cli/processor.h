/* Whether the processor has what this build was compiled for. */
#ifndef LORE_CLI_PROCESSOR_H
#define LORE_CLI_PROCESSOR_H

/* The exit code if it lacks something. Above those of killed processes (128 + signal): srun returns
 * the highest code of its tasks, and when one node is too old, the tasks of the others are killed
 * because they wait for it. A job must not take that for a killed rank and try again. */
enum { LORE_EXIT_PROCESSOR = 200 };

/* Returns if the processor has everything; else prints what it lacks and the remedy, and ends the
 * process. It has been called before main, and before the initialisers of shared libraries, where
 * the system can do that. */
void lore_processor_check(void);

#endif
