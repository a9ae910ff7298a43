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
#include "lore/manifest/file.h"
#include "lore/settings/read.h"
#include "pool.h"

/* A manifest while folders are added to it. */
typedef struct {
  lore_manifest *manifest;
  bool disagree; /* the runs about the study's name */
} lore_run_list;

/* Seed, steps and the study's name from the run's study.yaml; a run without one has its folder's
 * name for the latter. */
static lore_status read_run_settings(const char *folder, lore_run_list *list,
                                     lore_manifest_run *run) {
  lore_manifest *m = list->manifest;
  char path[LORE_PATH_MAX], name[LORE_NAME_MAX];
  lore_settings settings;
  LORE_TRY(lore_path_join(folder, LORE_PATH_STUDY, path));
  bool known = lore_settings_read(path, 0, NULL, &settings) == LORE_OK;
  snprintf(name, sizeof name, "%.*s", LORE_NAME_MAX - 1, known ? settings.name : run->id);
  if (known) {
    run->seed = settings.seed;
    run->steps = settings.train.steps;
  }
  if (run == m->run)
    strcpy(m->name, name);
  list->disagree |= strcmp(m->name, name) != 0;
  return LORE_OK;
}

static int is_visible(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

static lore_status add_folder(const char *runs, const char *name, lore_run_list *list) {
  static const char *const no_values[1] = {""};
  char folder[LORE_PATH_MAX];
  struct stat about;
  lore_manifest *m = list->manifest;
  LORE_TRY(lore_path_join(runs, name, folder));
  if (strlen(name) >= LORE_RUN_ID_MAX || stat(folder, &about) || !S_ISDIR(about.st_mode))
    return LORE_OK;
  lore_manifest_run *run = &m->run[m->runs++];
  *run = (lore_manifest_run){
      .id = lore_pool_copy(&m->pool, name), .experiment = "", .value = no_values, .parent = -1};
  if (!run->id)
    return lore_fail(LORE_MEMORY, "cannot allocate a list of %d runs", m->runs);
  return read_run_settings(folder, list, run);
}

static lore_status fail_directory(const char *directory) {
  return lore_fail(LORE_USER,
                   "%s holds no study: there is neither manifest.tsv (lore plan, lore run) nor a "
                   "folder runs with a run in it",
                   directory);
}

/* The study's name: that of its runs if they agree, else the directory's. */
static void choose_name(const char *directory, lore_run_list *list) {
  char path[PATH_MAX], *name = list->manifest->name;
  if (!list->disagree && *name)
    return;
  bool found = realpath(directory, path) != NULL;
  snprintf(name, LORE_NAME_MAX, "%.*s", LORE_NAME_MAX - 1, found ? strrchr(path, '/') + 1 : "runs");
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
  lore_run_list list = {.manifest = manifest};
  manifest->run = calloc((size_t)count + 1, sizeof *manifest->run);
  if (!manifest->run)
    status = lore_fail(LORE_MEMORY, "cannot allocate a list of %d runs", count);
  for (int i = 0; i < count; i++) {
    if (status == LORE_OK)
      status = add_folder(runs, entry[i]->d_name, &list);
    free(entry[i]);
  }
  free(entry);
  if (status == LORE_OK && manifest->runs == 0)
    return fail_directory(directory);
  if (status == LORE_OK)
    choose_name(directory, &list);
  return status;
}

static int compare_texts(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The ids of all runs, sorted; free the array. */
static const char **sort_ids(const lore_manifest *m) {
  const char **id = calloc((size_t)m->runs + 1, sizeof *id);
  for (int i = 0; id && i < m->runs; i++)
    id[i] = m->run[i].id;
  if (id)
    qsort(id, (size_t)m->runs, sizeof *id, compare_texts);
  return id;
}

/* Adds `name` of directory/runs unless it is among the `known` ids or holds no run. */
static lore_status add_unlisted(const char *runs, const char *name, const char *const *known,
                                int count, lore_run_list *list) {
  char folder[LORE_PATH_MAX], path[LORE_PATH_MAX];
  if (bsearch(&name, known, (size_t)count, sizeof *known, compare_texts))
    return LORE_OK;
  LORE_TRY(lore_path_join(runs, name, folder));
  LORE_TRY(lore_path_join(folder, LORE_PATH_STUDY, path));
  return access(path, R_OK) ? LORE_OK : add_folder(runs, name, list);
}

lore_status lore_runs_add_unlisted(const char *directory, lore_manifest *manifest) {
  char runs[LORE_PATH_MAX];
  struct dirent **entry;
  LORE_TRY(lore_path_join(directory, LORE_PATH_RUNS, runs));
  int listed = manifest->runs, count = scandir(runs, &entry, is_visible, alphasort);
  if (count < 0)
    return LORE_OK;
  const char **known = sort_ids(manifest);
  lore_manifest_run *grown =
      realloc(manifest->run, ((size_t)listed + (size_t)count + 1) * sizeof *grown);
  lore_status status =
      known && grown ? LORE_OK
                     : lore_fail(LORE_MEMORY, "cannot allocate a list of %d runs", listed + count);
  manifest->run = grown ? grown : manifest->run;
  lore_run_list list = {.manifest = manifest};
  for (int i = 0; i < count; i++) {
    if (status == LORE_OK)
      status = add_unlisted(runs, entry[i]->d_name, known, listed, &list);
    free(entry[i]);
  }
  free(entry);
  free(known);
  return status;
}

lore_status lore_runs_list(const char *directory, lore_manifest *manifest) {
  *manifest = (lore_manifest){0};
  return lore_manifest_exists(directory) ? lore_manifest_load(directory, manifest)
                                         : list_folders(directory, manifest);
}
