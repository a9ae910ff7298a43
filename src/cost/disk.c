/* Sizes of weights, and what of them is still to be written. */
#include "lore/cost/disk.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lore/io/path.h"
#include "lore/manifest/compare.h"
#include "lore/manifest/file.h"
#include "lore/settings/read.h"
#include "task.h"

lore_disk_run lore_disk_of_run(const lore_settings *s, size_t checkpoint_bytes) {
  const lore_integer_list *snapshots = &s->checkpoint.snapshots;
  int files = snapshots->count + 1;
  if (snapshots->count > 0 && snapshots->value[snapshots->count - 1] == s->train.steps)
    files--;
  /* Weights and two moments; the newest, the one before and the one being written. */
  double resume = lore_cost_task_of(s->task)->sharded ? 9 * (double)checkpoint_bytes : 0;
  return (lore_disk_run){(double)files * (double)checkpoint_bytes, resume};
}

lore_status lore_disk_predict(lore_disk_sizes *sizes, const lore_settings *s, lore_disk_run *run) {
  bool same = sizes->known && sizes->task == s->task &&
              memcmp(&sizes->memory, &s->memory, sizeof s->memory) == 0 &&
              memcmp(&sizes->model, &s->model, sizeof s->model) == 0;
  if (!same)
    LORE_TRY(lore_cost_task_of(s->task)->checkpoint(s, &sizes->checkpoint_bytes));
  sizes->known = true;
  sizes->task = s->task;
  memcpy(&sizes->memory, &s->memory, sizeof s->memory);
  memcpy(&sizes->model, &s->model, sizeof s->model);
  *run = lore_disk_of_run(s, sizes->checkpoint_bytes);
  return LORE_OK;
}

/* Bytes of the files in run/checkpoints, apart by what they are. */
static void measure_files(const char *directory, const char *id, lore_disk_run *there) {
  char run[LORE_PATH_MAX], folder[LORE_PATH_MAX];
  struct stat about;
  *there = (lore_disk_run){0};
  if (lore_directory_of_run(directory, id, run) != LORE_OK ||
      lore_path_join(run, LORE_PATH_CHECKPOINTS, folder) != LORE_OK)
    return;
  DIR *stream = opendir(folder);
  for (struct dirent *entry; stream && (entry = readdir(stream));)
    if (!fstatat(dirfd(stream), entry->d_name, &about, 0) && S_ISREG(about.st_mode))
      *(lore_path_weights_step(entry->d_name) >= 0 ? &there->weights : &there->resume) +=
          (double)about.st_size;
  if (stream)
    closedir(stream);
}

/* The settings of a run: its own, if it was begun; else those of the study beside the manifest. */
static lore_status find_settings(const char *directory, const char *id, const lore_run_names *study,
                                 lore_settings *settings) {
  char run[LORE_PATH_MAX], path[LORE_PATH_MAX];
  int at = study->manifest ? lore_run_names_find(study, id) : -1;
  if (at >= 0) {
    lore_manifest_settings(study->manifest, at, settings);
    return LORE_OK;
  }
  LORE_TRY(lore_directory_of_run(directory, id, run));
  LORE_TRY(lore_path_join(run, LORE_PATH_STUDY, path));
  return lore_settings_read(path, 0, NULL, settings);
}

static lore_status add_up(const char *directory, const lore_manifest *manifest,
                          const lore_run_names *study, const bool *unfinished, const bool *running,
                          double *needed) {
  lore_disk_sizes sizes = {0};
  double resume = 0, largest = 0;
  bool any = false;
  *needed = 0;
  for (int i = 0; i < manifest->runs; i++) {
    lore_settings settings;
    lore_disk_run run, there;
    if (!unfinished[i])
      continue;
    LORE_TRY(find_settings(directory, manifest->run[i].id, study, &settings));
    LORE_TRY(lore_disk_predict(&sizes, &settings, &run));
    measure_files(directory, manifest->run[i].id, &there);
    *needed += fmax(run.weights - there.weights, 0);
    largest = fmax(largest, run.resume - there.resume);
    if (running[i])
      resume += fmax(run.resume - there.resume, 0);
    any |= running[i];
  }
  *needed += any ? resume : largest;
  return LORE_OK;
}

double lore_disk_needed(const char *directory, const lore_manifest *manifest,
                        const bool *unfinished, const bool *running) {
  lore_manifest study = {0};
  lore_run_names frozen = {0}, names = {0};
  double needed = NAN;
  lore_status status = LORE_OK;
  if (lore_manifest_exists(directory)) {
    status = lore_run_names_create(manifest, &frozen);
    if (status == LORE_OK)
      (void)lore_manifest_compare(directory, &frozen, &study); /* runs beside it are no matter */
    if (status == LORE_OK && study.runs > 0)
      status = lore_run_names_create(&study, &names);
  }
  if (status == LORE_OK &&
      add_up(directory, manifest, &names, unfinished, running, &needed) != LORE_OK)
    needed = NAN;
  lore_run_names_destroy(&names);
  lore_run_names_destroy(&frozen);
  lore_manifest_destroy(&study);
  return needed;
}
