/* A run while this process trains it. */
#ifndef LORE_RUN_SESSION_H
#define LORE_RUN_SESSION_H

#include "lore/io/path.h"
#include "lore/io/resume.h"
#include "lore/io/state.h"
#include "lore/manifest/manifest.h"
#include "lore/run/assembly.h"
#include "lore/run/provenance.h"
#include "lore/run/run.h"
#include "progress.h"
#include "task.h"

/* Everything that lives as long as the run does in this process. The leader, rank 0 of the team,
 * alone touches files. */
typedef struct lore_run {
  const lore_settings *settings;
  const lore_run_options *options;
  lore_run_result *result;
  char id[LORE_RUN_ID_MAX];
  uint64_t hash;
  int lock; /* of the directory, for other ranks than the leader only its file; -1: not ours */
  lore_state state;
  char earlier_isa[LORE_STATE_TEXT]; /* level of the session that is resumed; "": unknown */
  bool announced; /* it may write the state; before, the state is an earlier job's */
  char checkpoints[LORE_PATH_MAX];
  lore_assembly assembly;
  lore_trainer *trainer;
  lore_evaluator *evaluator;
  lore_metrics *metrics;  /* leader only */
  lore_exposure exposure; /* as of the last evaluation */
  lore_provenance_list provenance;
  lore_progress progress;
  lore_group_metrics group[LORE_GROUPS_MAX];
  lore_attention_metrics *attention; /* `layers` entries */
  double begin;                      /* clock, less the seconds of earlier sessions */
  double slowest;                    /* s: longest step, evaluation or checkpoint of this session */
  lore_resume at;                    /* where the run is: what a resume point holds */
} lore_run;

/* Whether this rank leads. */
bool lore_run_leads(const lore_run *run);

/* The status of what only the leader does, on all ranks: LORE_TRY(lore_run_lead(run, status)). */
lore_status lore_run_lead(const lore_run *run, lore_status status);

/* Writes the state file. Leader only. */
lore_status lore_run_put_state(lore_run *run);

/* Seconds of training so far, earlier sessions included. */
double lore_run_seconds(const lore_run *run);

/* How many settings of the run in `directory` lead elsewhere than `settings`, and which, in `text`
 * of `size` bytes; 0 if it was not begun. */
lore_status lore_run_find_differences(const char *directory, const lore_settings *settings,
                                      size_t size, char *text, int *count);

/* LORE_USER if the run in its directory was begun with settings that lead elsewhere: says which,
 * and what to do. Leader only. */
lore_status lore_run_check_settings(const lore_run *run);

/* Whether weights of another study are still those that the study was read with. Leader only. */
lore_status lore_run_check_start(const lore_run *run);

/* Tells everybody that the run is trained here, and creates or resumes its metrics file. By the
 * leader; the same status on all ranks. */
lore_status lore_run_open_files(lore_run *run, bool resumed);

/* Counts a step of `tokens` tokens with a mean loss; LORE_DIVERGED if it is no number. */
lore_status lore_run_count_step(lore_run *run, double loss, int64_t tokens, double gradient_norm);

/* Appends a record of the metrics in run->group and run->attention. Leader only. */
lore_status lore_run_append_record(lore_run *run, int phase, const lore_draw *draw);

/* Whether weights are written at the step that has been reached, and where (LORE_PATH_MAX bytes).
 */
bool lore_run_keeps_weights(const lore_run *run);
lore_status lore_run_weights_path(const lore_run *run, char *path);

/* Sums up what was reached. */
void lore_run_fill_result(const lore_run *run);

#endif
