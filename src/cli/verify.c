/* lore verify: reads everything in a directory of results and says what is damaged. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lore/base/shown.h"
#include "lore/io/checkpoint.h"
#include "lore/io/collect.h"
#include "lore/io/metrics_check.h"
#include "lore/io/path.h"
#include "lore/io/state.h"
#include "lore/io/whole.h"
#include "lore/manifest/file.h"
#include "lore/manifest/runs.h"
#include "lore/settings/read.h"
#include "options.h"

typedef struct {
  bool help;
  const char *directory;
} lore_arguments;

static const lore_command_line command_line = {
    .name = "verify",
    .usage = "lore verify DIR",
    .about =
        "Reads everything in DIR: the manifest, and of every run its settings, state, metrics, "
        "checkpoints, draws and probes, then the collected files. Checksums are compared where "
        "there are any. Prints what is damaged and what to do about it. The exit code is 3 if "
        "something is damaged. May be called while jobs run.",
    .argument = "directory of results",
    .notes = "example:\n"
             "  lore verify results",
};

typedef struct {
  const char *directory;
  int files, damaged;
} lore_findings;

/* The run that is looked at. */
typedef struct {
  const char *id;
  char folder[LORE_PATH_MAX];
  lore_state state;
  bool busy; /* a process trains it: files come and go */
} lore_verified;

/* What is to be done about a damaged file. */
typedef enum { RETRAIN, PROBE, REMOVE, FREEZE, COLLECT, COLLECT_PROBES } lore_remedy;

static void print_remedy(lore_remedy remedy, const char *directory, const char *id) {
  switch (remedy) {
  case RETRAIN:
    lore_shown_print(stdout, "lore run STUDY -o %s --only %s --overwrite\n", directory, id);
    return;
  case PROBE:
    lore_shown_print(stdout, "lore probe --overwrite --run %s %s\n", id, directory);
    return;
  case REMOVE:
    puts("remove it: the run then resumes from the checkpoint before it");
    return;
  case FREEZE:
    lore_shown_print(stdout, "remove it: lore run STUDY -o %s or lore plan writes it again\n",
                     directory);
    return;
  case COLLECT:
    lore_shown_print(stdout, "lore collect %s\n", directory);
    return;
  case COLLECT_PROBES:
    lore_shown_print(stdout, "lore collect --probes %s\n", directory);
    return;
  }
}

/* Counts the file, and prints a paragraph about it if `status`, whose message is recorded, is a
 * failure. */
static void note_file(lore_findings *findings, const char *path, lore_status status,
                      lore_remedy remedy, const char *id) {
  findings->files++;
  if (status == LORE_OK)
    return;
  findings->damaged++;
  lore_shown_print(stdout, "%s\n  damage  %s\n  remedy  ", path, lore_fail_message());
  print_remedy(remedy, findings->directory, id);
}

static bool is_missing(const char *path) {
  return access(path, F_OK) && (errno == ENOENT || errno == ENOTDIR);
}

static lore_status verify_settings(lore_findings *findings, const lore_verified *run) {
  char path[LORE_PATH_MAX];
  lore_settings settings;
  LORE_TRY(lore_path_join(run->folder, LORE_PATH_STUDY, path));
  if (!is_missing(path))
    note_file(findings, path, lore_settings_read(path, 0, NULL, &settings), RETRAIN, run->id);
  return LORE_OK;
}

static lore_status verify_state(lore_findings *findings, lore_verified *run) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_path_join(run->folder, LORE_PATH_STATE, path));
  if (!is_missing(path))
    note_file(findings, path, lore_state_read(run->folder, &run->state), RETRAIN, run->id);
  return LORE_OK;
}

static lore_status verify_metrics(lore_findings *findings, const lore_verified *run) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_path_join(run->folder, LORE_PATH_METRICS, path));
  if (is_missing(path) && run->state.stage != LORE_RUN_DONE && run->state.records == 0)
    return LORE_OK;
  note_file(findings, path, lore_metrics_check_run(run->folder, &run->state, !run->busy), RETRAIN,
            run->id);
  return LORE_OK;
}

static lore_status verify_sealed(lore_findings *findings, const lore_verified *run,
                                 const char *name, lore_remedy remedy) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_path_join(run->folder, name, path));
  if (!is_missing(path))
    note_file(findings, path, lore_ncfile_verify(path), remedy, run->id);
  return LORE_OK;
}

static lore_status verify_checkpoint(lore_findings *findings, const lore_verified *run,
                                     const char *folder, const char *name, bool *last) {
  char path[LORE_PATH_MAX];
  lore_checkpoint_about about;
  size_t length = strlen(name);
  int64_t step = lore_path_weights_step(name);
  if (length < 3 || strcmp(name + length - 3, ".nc") != 0)
    return LORE_OK;
  LORE_TRY(lore_path_join(folder, name, path));
  *last |= step >= 0 && step == run->state.steps;
  lore_status status = lore_checkpoint_describe(path, &about);
  if (status != LORE_OK && run->busy && is_missing(path))
    return LORE_OK;
  note_file(findings, path, status, step >= 0 ? RETRAIN : REMOVE, run->id);
  return LORE_OK;
}

static lore_status verify_checkpoints(lore_findings *findings, const lore_verified *run) {
  char folder[LORE_PATH_MAX], path[LORE_PATH_MAX];
  struct dirent **entry;
  bool last = false;
  LORE_TRY(lore_path_join(run->folder, LORE_PATH_CHECKPOINTS, folder));
  int count = scandir(folder, &entry, NULL, alphasort);
  lore_status status = LORE_OK;
  for (int i = 0; i < count; i++) {
    if (status == LORE_OK)
      status = verify_checkpoint(findings, run, folder, entry[i]->d_name, &last);
    free(entry[i]);
  }
  if (count >= 0)
    free(entry);
  LORE_TRY(status);
  if (run->state.stage != LORE_RUN_DONE || last)
    return LORE_OK;
  LORE_TRY(lore_path_of_weights(run->folder, run->state.steps, path));
  note_file(findings, path, lore_fail(LORE_FILE, "the weights of a complete run are missing"),
            RETRAIN, run->id);
  return LORE_OK;
}

static lore_status verify_run(lore_findings *findings, const char *id) {
  lore_verified run = {.id = id};
  LORE_TRY(lore_directory_of_run(findings->directory, id, run.folder));
  run.busy = lore_state_locked(run.folder);
  LORE_TRY(verify_settings(findings, &run));
  LORE_TRY(verify_state(findings, &run));
  LORE_TRY(verify_metrics(findings, &run));
  LORE_TRY(verify_checkpoints(findings, &run));
  LORE_TRY(verify_sealed(findings, &run, LORE_PATH_EXPOSURE, RETRAIN));
  return verify_sealed(findings, &run, LORE_PATH_PROBE, PROBE);
}

/* Runs by their folders: a damaged manifest hides none of them. */
static lore_status verify_runs(lore_findings *findings) {
  char runs[LORE_PATH_MAX];
  struct dirent **entry;
  LORE_TRY(lore_path_join(findings->directory, LORE_PATH_RUNS, runs));
  int count = scandir(runs, &entry, NULL, alphasort);
  lore_status status = LORE_OK;
  for (int i = 0; i < count; i++) {
    if (status == LORE_OK && entry[i]->d_name[0] != '.')
      status = verify_run(findings, entry[i]->d_name);
    free(entry[i]);
  }
  if (count >= 0)
    free(entry);
  return status;
}

static lore_status verify_collected(lore_findings *findings, const char *study) {
  char path[LORE_PATH_MAX];
  for (int probes = 0; probes < 2; probes++) {
    LORE_TRY(lore_path_of_collection(findings->directory, study, probes, path));
    if (!is_missing(path))
      note_file(findings, path, lore_collect_verify(path), probes ? COLLECT_PROBES : COLLECT, "");
  }
  return LORE_OK;
}

static lore_status verify_directory(const char *directory) {
  lore_findings findings = {.directory = directory};
  char path[LORE_PATH_MAX];
  lore_manifest manifest;
  bool frozen = lore_manifest_exists(directory);
  lore_status status = lore_runs_list(directory, &manifest);
  if (!frozen)
    LORE_TRY(status);
  LORE_TRY(lore_path_join(directory, LORE_PATH_MANIFEST, path));
  if (frozen)
    note_file(&findings, path, status, FREEZE, "");
  lore_status looked = verify_runs(&findings);
  if (looked == LORE_OK && status == LORE_OK)
    looked = verify_collected(&findings, manifest.name);
  lore_manifest_destroy(&manifest);
  LORE_TRY(looked);
  printf("%d file%s checked, %d damaged\n", findings.files, findings.files == 1 ? "" : "s",
         findings.damaged);
  LORE_TRY(lore_options_flush());
  return findings.damaged == 0 ? LORE_OK
                               : lore_fail(LORE_RUNS_FAILED, "%d of %d files of %s are damaged",
                                           findings.damaged, findings.files, directory);
}

int lore_command_verify(int argc, char **argv) {
  lore_arguments arguments = {0};
  lore_status status = lore_options_read(&command_line, argc, argv, &arguments, &arguments.help);
  if (status == LORE_OK && arguments.help)
    return lore_options_report(lore_options_help(&command_line));
  if (status == LORE_OK)
    status = lore_options_argument(&command_line, argc, argv, &arguments.directory);
  if (status == LORE_OK)
    status = verify_directory(arguments.directory);
  return lore_options_report(status);
}
