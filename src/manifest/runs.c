/* The runs of a results directory. */
#include "lore/manifest/runs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lore/io/path.h"

/* Name, seed and steps from the run's study.yaml; a run without one keeps its folder's name. */
static lore_status read_settings(const char *folder, lore_manifest_run *run) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_path_join(folder, LORE_PATH_STUDY, path));
  if (lore_settings_read(path, 0, NULL, &run->settings) != LORE_OK) {
    memset(&run->settings, 0, sizeof run->settings);
    snprintf(run->settings.name, sizeof run->settings.name, "%.*s", LORE_NAME_MAX - 1, run->id);
  }
  return LORE_OK;
}

static int is_visible(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

static lore_status add_run(const char *runs, const char *name, lore_manifest *manifest) {
  char folder[LORE_PATH_MAX];
  struct stat about;
  LORE_TRY(lore_path_join(runs, name, folder));
  if (strlen(name) >= LORE_RUN_ID_MAX || stat(folder, &about) || !S_ISDIR(about.st_mode))
    return LORE_OK;
  lore_manifest_run *run = &manifest->run[manifest->runs++];
  run->parent = -1;
  strcpy(run->id, name);
  return read_settings(folder, run);
}

static lore_status fail_directory(const char *directory) {
  return lore_fail(LORE_USER,
                   "%s holds no study: there is neither manifest.tsv (lore plan, lore run) nor a "
                   "folder runs with a run in it",
                   directory);
}

/* The study's name: that of its runs if they agree, else the directory's. */
static void choose_name(const char *directory, lore_manifest *manifest) {
  char path[PATH_MAX];
  const char *name = manifest->run[0].settings.name;
  for (int i = 1; i < manifest->runs && *name; i++)
    if (strcmp(name, manifest->run[i].settings.name) != 0)
      name = "";
  if (!*name && realpath(directory, path))
    name = strrchr(path, '/') + 1;
  snprintf(manifest->name, sizeof manifest->name, "%.*s", LORE_NAME_MAX - 1, *name ? name : "runs");
}

static lore_status list_folders(const char *directory, lore_manifest *manifest) {
  char runs[LORE_PATH_MAX];
  struct dirent **entry;
  LORE_TRY(lore_path_join(directory, LORE_PATH_RUNS, runs));
  int count = scandir(runs, &entry, is_visible, alphasort);
  if (count < 0 && (errno == ENOENT || errno == ENOTDIR))
    return fail_directory(directory);
  if (count < 0)
    return lore_fail(LORE_FILE, "cannot list %s: %s", runs, strerror(errno));
  lore_status status = LORE_OK;
  manifest->run = calloc((size_t)count + 1, sizeof *manifest->run);
  if (!manifest->run)
    status = lore_fail(LORE_MEMORY, "no memory for a list of %d runs", count);
  for (int i = 0; i < count; i++) {
    if (status == LORE_OK)
      status = add_run(runs, entry[i]->d_name, manifest);
    free(entry[i]);
  }
  free(entry);
  if (status == LORE_OK && manifest->runs == 0)
    return fail_directory(directory);
  if (status == LORE_OK)
    choose_name(directory, manifest);
  return status;
}

lore_status lore_status_runs(const char *directory, lore_manifest *manifest) {
  char path[LORE_PATH_MAX];
  memset(manifest, 0, sizeof *manifest);
  LORE_TRY(lore_path_join(directory, LORE_PATH_MANIFEST, path));
  if (access(path, F_OK) == 0)
    return lore_manifest_load(directory, manifest);
  return list_folders(directory, manifest);
}
