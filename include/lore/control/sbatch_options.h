/* Options of sbatch that lore submit is given: whom they are for, and how many ranks they start. */
#ifndef LORE_CONTROL_SBATCH_OPTIONS_H
#define LORE_CONTROL_SBATCH_OPTIONS_H

#include <stdbool.h>

#include "lore/base/status.h"

enum { LORE_SBATCH_WORDS = 512 };

/* Words that are not copied, in the order in which they were given. */
typedef struct {
  int every_jobs, arrays;
  const char *every_job[LORE_SBATCH_WORDS]; /* options of every job: account, time, ... */
  const char *array[LORE_SBATCH_WORDS];     /* those for the arrays only: nodes, ranks, ... */
  long nodes, ntasks, ntasks_per_node;      /* 0: not given */
  long cpus_per_task;
  bool nodes_range;   /* a range of nodes, `nodes` of them at the most */
  bool ranks_unknown; /* options decide about ranks that only Slurm can work out */
} lore_sbatch_options;

/* Adds `words` words as a shell would pass them to sbatch ("--ntasks=2", "--ntasks", "2", "-n2").
 * Of an option that comes again the last one counts. An option that is not known here is for the
 * arrays. LORE_USER for a number that is none, a word that is no option, too many words. */
lore_status lore_sbatch_options_add(lore_sbatch_options *options, int words,
                                    const char *const *word);

/* Ranks of each task of an array; 0: not known. */
long lore_sbatch_options_ranks(const lore_sbatch_options *options);

#endif
