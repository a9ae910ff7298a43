/* jobs/{run,collect}.sbatch as they were when LORE was built (job_scripts.c is generated). */
#ifndef LORE_CONTROL_JOB_SCRIPTS_H
#define LORE_CONTROL_JOB_SCRIPTS_H

extern const char lore_job_run_script[], lore_job_collect_script[];

#endif
