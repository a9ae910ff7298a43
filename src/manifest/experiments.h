/* Experiments of a study while it is expanded. */
#ifndef LORE_MANIFEST_EXPERIMENTS_H
#define LORE_MANIFEST_EXPERIMENTS_H

#include "axes.h"
#include "lore/manifest/manifest.h"

enum { LORE_EXPERIMENTS_MAX = 256, LORE_EXPERIMENT_NAME_MAX = LORE_NAME_MAX / 2 - 1 };

typedef struct {
  const char *name;
  int node;                     /* its settings; -1: the base alone */
  int sweep;                    /* node of its sweep, its own or the base's; -1: none */
  size_t sweep_at, at, step_at; /* of `sweep`, of the parent and of the step */
  const char *parent_name;
  int parent; /* experiment that it starts from, or whose attention it uses; -1: none */
  char reference[LORE_REFERENCE_NAME]; /* patch.from; "": no patching */
  int64_t step;                        /* -1: the last */
  const char *file; /* of another study's weights that it starts from; NULL: none */
  size_t file_at, file_end;
  lore_manifest_weights *weights; /* those */
  lore_axes axes;
  int first_run, last_run; /* [first, last) */
  bool expanded;
} lore_experiment;

/* Reads the parts `sweep`, `experiments` and `start_from`, in this order; `yaml` is the study as
 * another source than the base settings. Without experiments there is one, the base. Free
 * *experiment, also after a failure. */
lore_status lore_experiments_read(const lore_yaml *yaml, const lore_study_part *part, int *count,
                                  lore_experiment **experiment);

#endif
