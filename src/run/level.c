/* The level of processors whose kernels train a run: one for all of its ranks, and for all of its
 * sessions where their processors have it, or its bits would depend on where it was trained. */
#include "level.h"

#include <stdlib.h>
#include <string.h>

#include "lore/base/log.h"
#include "lore/io/resume.h"
#include "lore/model/kernels.h"

static bool has_resume_point(const lore_run *run) {
  lore_resume_points points;
  bool any = !run->options->overwrite && lore_resume_list(run->checkpoints, &points) == LORE_OK &&
             points.count > 0;
  if (!run->options->overwrite)
    free(points.step);
  return any;
}

/* By the leader: puts *level down to that of the session that is resumed, if it is not above it. */
static void keep_level(lore_run *run, int *level) {
  const char *isa = run->state.isa;
  if (!*isa || !has_resume_point(run))
    return;
  snprintf(run->earlier_isa, sizeof run->earlier_isa, "%s", isa);
  int earlier = lore_level_find(isa);
  if (earlier >= 0 && earlier <= *level)
    *level = earlier;
  else
    lore_say("warning: %s: trained with the instructions of %s before, which %s: with those of %s "
             "from here on, so its last bits will differ",
             run->id, isa, earlier < 0 ? "this build of lore lacks" : "not all ranks may use now",
             lore_level(*level)->name);
}

lore_status lore_run_choose_level(lore_run *run) {
  const lore_team team = run->options->team;
  int level;
  LORE_TRY(lore_level_agree(team, run->settings->compute.isa, &level));
  if (lore_run_leads(run))
    keep_level(run, &level);
  LORE_TRY(lore_team_spread(team, &level, sizeof level));
  lore_level_select(level);
  return LORE_OK;
}
