/* What jobs/run.sbatch writes to directory/jobs/<job>.refusal when a job gives up. */
#ifndef LORE_CONTROL_REFUSALS_H
#define LORE_CONTROL_REFUSALS_H

#include "lore/base/status.h"

enum { LORE_REFUSALS_MAX = 20, LORE_REFUSAL_JOB = 64, LORE_REFUSAL_MESSAGE = 512 };

typedef struct {
  char job[LORE_REFUSAL_JOB]; /* as Slurm names it: "12_0" */
  int code;                   /* its exit code */
  char message[LORE_REFUSAL_MESSAGE];
} lore_refusal;

typedef struct {
  int count;
  lore_refusal refusal[LORE_REFUSALS_MAX]; /* the first by name, if there are more */
} lore_refusals;

/* Those of directory; none if they cannot be read. */
void lore_refusals_read(const char *directory, lore_refusals *refusals);

/* Removes them all: the study is submitted again. */
void lore_refusals_clear(const char *directory);

#endif
