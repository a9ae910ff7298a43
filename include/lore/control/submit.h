/* Job scripts of a study, and handing them to Slurm. */
#ifndef LORE_CONTROL_SUBMIT_H
#define LORE_CONTROL_SUBMIT_H

#include <stdbool.h>

#include "lore/base/status.h"
#include "lore/manifest/manifest.h"

typedef struct {
  const char *study, *directory; /* as given; made absolute, links stay */
  const char *program;           /* path of lore */
  int tasks;         /* of each wave's job array at the most; 0: as many as its runs need */
  int groups;        /* of ranks in a task, each of which trains one run at a time; from 1 on */
  int ranks_per_run; /* 0: lore run's default */
  int overrides;
  const char *const *override; /* "key=value" */
  int job_options;
  const char *const *job_option; /* handed to sbatch for every job */
  int sbatch_options;
  const char *const *sbatch_option; /* handed to sbatch for every wave */
  const char *mail;                 /* who is told when everything has ended; NULL: nobody */
  bool submit;                      /* else only written and printed */
} lore_submit_options;

/* Writes directory/jobs/{run,collect}.sbatch, which know where the program is, prints the sbatch
 * commands (a job array for each wave, each after the one before, and a job that collects), and
 * runs them if asked to. LORE_USER if sbatch is missing or refuses, saying what has been submitted
 * before. Changes the environment: see lore_slurm_clear_environment. */
lore_status lore_submit(const lore_manifest *manifest, const lore_submit_options *options);

#endif
