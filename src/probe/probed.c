/* A run that is probed: finding and reading its weights. */
#include "probed.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/io/checkpoint.h"
#include "lore/io/ncfile.h"
#include "lore/settings/read.h"
#include "lore/settings/write.h"

static lore_status list_snapshots(const char *folder, lore_integer_list *steps) {
  char checkpoints[LORE_PATH_MAX];
  struct dirent **entry;
  steps->count = 0;
  LORE_TRY(lore_path_join(folder, LORE_PATH_CHECKPOINTS, checkpoints));
  int count = scandir(checkpoints, &entry, lore_path_is_weights, alphasort);
  if (count < 0 && errno == ENOENT)
    return LORE_OK;
  if (count < 0)
    return lore_fail(LORE_FILE, "cannot list %s: %s", checkpoints, strerror(errno));
  for (int i = 0; i < count; i++) {
    if (steps->count < LORE_LIST_MAX)
      steps->value[steps->count++] = lore_path_weights_step(entry[i]->d_name);
    free(entry[i]);
  }
  free(entry);
  return LORE_OK;
}

static bool contains(const lore_integer_list *list, int64_t value) {
  for (int i = 0; i < list->count; i++)
    if (list->value[i] == value)
      return true;
  return false;
}

static lore_status fail_missing(const char *folder, int64_t step, const lore_integer_list *there) {
  enum { TEXT = 512, NUMBER = 24 };
  char text[TEXT] = "";
  int at = 0;
  for (int i = 0; i < there->count && at < TEXT - 2 * NUMBER; i++)
    at += snprintf(text + at, (size_t)(TEXT - at), "%s%lld", i ? ", " : "",
                   (long long)there->value[i]);
  return lore_fail(LORE_USER, "%s has no snapshot of step %lld; there are: %s%s", folder,
                   (long long)step, text, at >= TEXT - 2 * NUMBER ? ", ..." : "");
}

static lore_status choose_snapshots(const char *folder, const lore_integer_list *wanted,
                                    lore_integer_list *steps) {
  lore_integer_list there;
  LORE_TRY(list_snapshots(folder, &there));
  *steps = there;
  if (there.count == 0 || wanted->count == 0)
    return LORE_OK;
  for (int i = 0; i < wanted->count; i++)
    if (!contains(&there, wanted->value[i]))
      return fail_missing(folder, wanted->value[i], &there);
  steps->count = 0;
  for (int i = 0; i < there.count; i++)
    if (contains(wanted, there.value[i]))
      steps->value[steps->count++] = there.value[i];
  return LORE_OK;
}

/* A model of the same shape that was trained on other individuals says nothing about these. */
static lore_status check_seed(const char *path, uint64_t seed) {
  char stored[32] = "", expected[32];
  int ncid;
  LORE_TRY(lore_netcdf_status(lore_netcdf_open(path, 0, &ncid), "open", path));
  int error = lore_netcdf_get_text(ncid, "random_seed", sizeof stored, stored);
  nc_close(ncid);
  snprintf(expected, sizeof expected, "%llu", (unsigned long long)seed);
  if (!error && !strcmp(stored, expected))
    return LORE_OK;
  return lore_fail(LORE_USER, "%s is a snapshot of another run: its seed is %s, not %s", path,
                   error ? "not known" : stored, expected);
}

lore_status lore_probed_open(lore_probed *run) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_directory_of_run(run->options->directory, run->id, run->folder));
  LORE_TRY(lore_path_join(run->folder, LORE_PATH_PROBE, run->path));
  LORE_TRY(choose_snapshots(run->folder, &run->options->snapshots, &run->steps));
  if (run->steps.count == 0)
    return LORE_OK;
  LORE_TRY(lore_path_join(run->folder, LORE_PATH_STUDY, path));
  return lore_settings_read(path, 0, NULL, &run->settings);
}

lore_status lore_probed_read(const lore_probed *run, int64_t step, const lore_assembly *assembly,
                             real *parameters) {
  char path[LORE_PATH_MAX];
  int64_t stored;
  LORE_TRY(lore_path_of_weights(run->folder, step, path));
  LORE_TRY(lore_checkpoint_read(path, assembly->model, parameters, &stored));
  return check_seed(path, assembly->settings->seed);
}

lore_status lore_probed_describe(lore_probed *run, int threads) {
  run->scalars = lore_settings_scalars(&run->settings, LORE_PROBE_SETTINGS_MAX, run->scalar,
                                       sizeof run->text, run->text);
  return lore_provenance_collect(&run->settings, run->options->command, threads, &run->provenance);
}
