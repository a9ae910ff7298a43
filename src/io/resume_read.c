/* Reading the newest resume point that is whole. Only the leader of a run comes here, whatever rank
 * it is, so warnings are said from any rank. */
#include <stdlib.h>

#include "checkpoint_parts.h"
#include "lore/base/log.h"
#include "lore/io/resume.h"

/* The state is touched only once the file's checksum has been found right; what fails after that is
 * no damage, and an earlier resume point would not help. */
static lore_status read_point(const char *path, const lore_model *model,
                              const lore_training_state *state, lore_resume *resume, bool *found) {
  real *const vector[LORE_VECTORS] = {state->parameters, state->first_moment, state->second_moment};
  int64_t step;
  if (lore_checkpoint_verify(path) != LORE_OK) {
    lore_say("warning: %s", lore_fail_message());
    return LORE_OK;
  }
  LORE_TRY(lore_checkpoint_take(path, model, LORE_VECTORS, vector, &step, resume));
  *found = true;
  return LORE_OK;
}

lore_status lore_resume_read(const char *directory, const lore_model *model,
                             const lore_training_state *state, lore_resume *resume, bool *found) {
  lore_resume_points points;
  *found = false;
  lore_resume_remove_partial(directory);
  lore_status status = lore_resume_list(directory, &points);
  for (int i = 0; i < points.count && !*found && status == LORE_OK; i++) {
    char *path;
    status = lore_resume_path(directory, points.step[i], &path);
    if (status != LORE_OK)
      break;
    status = read_point(path, model, state, resume, found);
    if (*found && i > 0)
      lore_say("warning: using the checkpoint before it, %s", path);
    free(path);
  }
  if (status == LORE_OK && points.count > 0 && !*found)
    lore_say("warning: no checkpoint in %s is whole", directory);
  free(points.step);
  return status;
}
