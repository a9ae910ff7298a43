/* Beginning a run, or going on with it. */
#include <string.h>

#include "lore/base/log.h"
#include "lore/io/checkpoint.h"
#include "training.h"

/* The leader's copy of a vector, to all. */
static lore_status spread(const lore_run *run, real *vector) {
  return lore_team_spread(run->options->team, vector,
                          sizeof *vector * (size_t)run->assembly.model->elements);
}

/* A resume point of other settings can only be there if somebody has put it there. */
static lore_status check_hash(const lore_run *run, const lore_resume *resume) {
  if (resume->settings_hash == run->hash)
    return LORE_OK;
  return lore_fail(LORE_USER,
                   "%s holds a checkpoint of other settings; begin again with --overwrite",
                   run->checkpoints);
}

/* The weights in file `path`, on all ranks. */
static lore_status take_weights(const lore_run *run, const char *path, real *parameters) {
  int64_t step;
  lore_status status = LORE_OK;
  if (lore_run_leads(run))
    status = lore_checkpoint_read(path, run->assembly.model, parameters, &step);
  LORE_TRY(lore_run_lead(run, status));
  return spread(run, parameters);
}

lore_status lore_run_check_start(const lore_run *run) {
  const lore_weights *start = &run->options->start;
  lore_checkpoint_about about;
  if (!start->checksum)
    return LORE_OK;
  LORE_TRY(lore_checkpoint_describe(start->path, &about));
  if (!strcmp(about.checksum, start->checksum))
    return LORE_OK;
  return lore_fail(LORE_FILE, "%s was replaced since the study was read; start again", start->path);
}

lore_status lore_run_take_reference(const lore_run *run) {
  real *reference = lore_trainer_reference(run->trainer);
  if (!reference)
    return LORE_OK;
  if (!run->options->reference.path)
    return lore_fail(LORE_USER,
                     "'patch.from' %s: attention patching needs a study in which that "
                     "experiment is trained too",
                     run->settings->train.patch.from);
  return take_weights(run, run->options->reference.path, reference);
}

lore_status lore_run_resume(lore_run *run, bool *resumed) {
  const lore_team team = run->options->team;
  lore_training_state state = lore_trainer_state(run->trainer);
  lore_resume found;
  lore_status status = LORE_OK;
  *resumed = false;
  if (lore_run_leads(run) && !run->options->overwrite) {
    status = lore_resume_read(run->checkpoints, run->assembly.model, &state, &found, resumed);
    if (status == LORE_OK && *resumed)
      status = check_hash(run, &found);
  }
  LORE_TRY(lore_run_lead(run, status));
  LORE_TRY(lore_team_spread(team, resumed, sizeof *resumed));
  if (*resumed) {
    LORE_TRY(lore_team_spread(team, &found, sizeof found));
    LORE_TRY(spread(run, state.parameters));
    LORE_TRY(spread(run, state.first_moment));
    LORE_TRY(spread(run, state.second_moment));
    run->at = found;
    return LORE_OK;
  }
  const char *start = run->options->start.path;
  if (!start)
    return LORE_OK;
  LORE_TRY(lore_run_lead(run, lore_run_leads(run) ? lore_run_check_start(run) : LORE_OK));
  return take_weights(run, start, state.parameters);
}
