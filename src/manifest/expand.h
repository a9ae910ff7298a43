/* Experiments of a study while it is expanded. */
#ifndef LORE_MANIFEST_EXPAND_H
#define LORE_MANIFEST_EXPAND_H

#include "axes.h"
#include "lore/manifest/manifest.h"

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

/* What a run is swept to, its parent's values first. */
typedef struct {
  int count;
  int setting[LORE_AXES_MAX];
  const lore_axis_value *value[LORE_AXES_MAX];
} lore_run_values;

/* LORE_USER if a patched run would have other initial weights or samples than its reference. The
 * first `inherited` values are the reference's; `overlay` is what experiments' own settings come
 * from. */
lore_status lore_patch_check(const lore_study *study, const lore_source *overlay,
                             const lore_experiment *experiment, const lore_settings *reference,
                             const lore_run_values *values, int inherited);

/* LORE_USER at byte `at` of the source if the run holds out, or calls new, people on whom an
 * ancestor has trained the weights that it starts from. */
lore_status lore_trained_check(const lore_source *source, size_t at, const lore_manifest *manifest,
                               const lore_manifest_run *run);

/* Fills the manifest's axes and the ids of all runs. LORE_USER if two runs are the same. */
lore_status lore_manifest_name_runs(const lore_source *file, lore_manifest *manifest,
                                    const lore_run_values *values);

#endif
