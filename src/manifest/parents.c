/* Whether the weights that runs start from can still come to be. */
#include "lore/manifest/parents.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lore/io/path.h"
#include "lore/io/resume.h"
#include "lore/io/state.h"
#include "lore/settings/read.h"

/* "0, 500, 4000": after which steps there are weights in `checkpoints`. */
static void list_steps(const char *checkpoints, size_t size, char *text) {
  struct dirent **entry = NULL;
  int count = scandir(checkpoints, &entry, lore_path_is_weights, alphasort);
  size_t length = 0;
  snprintf(text, size, "none");
  for (int i = 0; i < count; i++) {
    int64_t step = lore_path_weights_step(entry[i]->d_name);
    if (length < size)
      length +=
          (size_t)snprintf(text + length, size - length, "%s%" PRId64, i > 0 ? ", " : "", step);
    free(entry[i]);
  }
  free(entry);
}

/* The step that a run would resume from; -1: the first. */
static int64_t newest_resume_point(const char *checkpoints) {
  lore_resume_points points;
  int64_t newest =
      lore_resume_list(checkpoints, &points) == LORE_OK && points.count > 0 ? points.step[0] : -1;
  free(points.step);
  return newest;
}

/* Whether the state of the run called `id` can be read, and is of the same settings. */
static bool read_state_of(const char *directory, const lore_manifest_run *run, char *folder,
                          lore_state *state) {
  return lore_directory_of_run(directory, run->id, folder) == LORE_OK &&
         lore_state_read(folder, state) == LORE_OK &&
         (state->hash == 0 || state->hash == run->hash);
}

/* Whether the parent, by its own settings, has written the weights: then they are only not visible
 * yet. */
static bool wrote_weights(const lore_manifest_run *parent, const char *folder, int64_t step) {
  char path[LORE_PATH_MAX];
  lore_settings settings;
  if (step == parent->steps)
    return true;
  if (lore_path_join(folder, LORE_PATH_STUDY, path) || lore_settings_read(path, 0, NULL, &settings))
    return false;
  for (int i = 0; i < settings.checkpoint.snapshots.count; i++)
    if (settings.checkpoint.snapshots.value[i] == step)
      return true;
  return false;
}

/* Reads nothing but names where the weights are there or the parent has not begun. */
static lore_status check_parent(const lore_manifest *m, const lore_manifest_run *run,
                                const char *directory) {
  const lore_manifest_run *parent = &m->run[run->parent];
  char folder[LORE_PATH_MAX], own[LORE_PATH_MAX], checkpoints[LORE_PATH_MAX], file[LORE_PATH_MAX];
  char steps[512];
  lore_state state, child;
  LORE_TRY(lore_directory_of_run(directory, parent->id, folder));
  LORE_TRY(lore_path_join(folder, LORE_PATH_CHECKPOINTS, checkpoints));
  LORE_TRY(lore_path_of_weights(folder, run->parent_step, file));
  if (!access(file, F_OK) || !read_state_of(directory, parent, folder, &state))
    return LORE_OK;
  bool done = state.stage == LORE_RUN_DONE;
  bool going = state.stage == LORE_RUN_STOPPED || state.stage == LORE_RUN_RUNNING ||
               state.stage == LORE_RUN_FAILED;
  if (!done && !(going && newest_resume_point(checkpoints) >= run->parent_step))
    return LORE_OK;
  if (read_state_of(directory, run, own, &child) && child.stage == LORE_RUN_DONE)
    return LORE_OK;
  bool written = wrote_weights(parent, folder, run->parent_step);
  if (written && lore_path_appears(file, run->id))
    return LORE_OK;
  list_steps(checkpoints, sizeof steps, steps);
  if (written)
    return lore_fail(LORE_FILE,
                     "%s is %s, but %s, which %s needs, cannot be read; there are weights after "
                     "step: %s\nif the file is there, the file system shows it late: rerun. If it "
                     "was removed, put it back, or train the study in another directory (-o)",
                     folder, done ? "complete" : "beyond that step", file, run->id, steps);
  return lore_fail(LORE_USER,
                   "%s is %s and has kept no weights after step %lld, which %s needs; there are: "
                   "%s\nname one of these steps, or train the study in another directory (-o)",
                   folder, done ? "complete" : "beyond that step", (long long)run->parent_step,
                   run->id, steps);
}

lore_status lore_manifest_check_parents(const lore_manifest *manifest, const char *directory) {
  for (int r = 0; r < manifest->runs; r++)
    if (manifest->run[r].parent >= 0)
      LORE_TRY(check_parent(manifest, &manifest->run[r], directory));
  return LORE_OK;
}
