/* Writing a resume point. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint_parts.h"
#include "lore/base/log.h"
#include "lore/io/resume.h"

/* Removes all but `step` and the one before it. One that is newer is of a course that was left: it
 * was damaged, and the run has gone on from an earlier one. */
static void remove_others(const char *directory, int64_t step) {
  lore_resume_points points;
  bool previous = false;
  if (lore_resume_list(directory, &points) != LORE_OK)
    lore_say("warning: old checkpoints stay: %s", lore_fail_message());
  for (int i = 0; i < points.count; i++) {
    char *path;
    bool keep = points.step[i] == step || (points.step[i] < step && !previous);
    previous |= points.step[i] < step;
    if (keep || lore_resume_path(directory, points.step[i], &path) != LORE_OK)
      continue;
    if (unlink(path) && errno != ENOENT)
      lore_say("warning: cannot remove %s: %s", path, strerror(errno));
    free(path);
  }
  free(points.step);
}

lore_status lore_resume_write(const char *directory, const lore_model *model,
                              const lore_training_state *state, const lore_vocabulary *vocabulary,
                              const lore_resume *resume, int provenances,
                              const lore_provenance *provenance) {
  const lore_checkpoint_content content = {
      .title = "resume point",
      .summary = "Parameters of a decoder-only transformer with the moments of AdamW, one variable "
                 "per tensor, and what else its training needs to go on; matrices are (input, "
                 "output).",
      .model = model,
      .vectors = LORE_VECTORS,
      .vector = {state->parameters, state->first_moment, state->second_moment},
      .vocabulary = vocabulary,
      .step = resume->step,
      .resume = resume,
      .provenances = provenances,
      .provenance = provenance};
  char *path;
  LORE_TRY(lore_resume_path(directory, resume->step, &path));
  lore_status status = lore_checkpoint_put(path, &content);
  free(path);
  if (status == LORE_OK)
    remove_others(directory, resume->step);
  return status;
}
