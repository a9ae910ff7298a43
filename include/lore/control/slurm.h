/* Slurm's environment and tools. */
#ifndef LORE_CONTROL_SLURM_H
#define LORE_CONTROL_SLURM_H

#include <stdio.h>

/* Removes from the environment what a job must not inherit: variables of the job or step that this
 * process is part of (SLURM_*, but for those that say where Slurm is), and variables that would
 * have sbatch do something else than it is told on its command line. Prints the shell command that
 * does the same, if there is anything to remove. */
void lore_slurm_clear_environment(FILE *file);

/* When this process's job ends (s since 1970), as Slurm has it now: the end moves if the job is
 * suspended or its limit is changed. 0: not part of a job, or Slurm does not say within
 * `patience` seconds. */
double lore_slurm_job_end(int patience);

#endif
