/* lore verify: reads everything in a directory of results and says what is damaged. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
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
#include "lore/io/resume.h"
#include "lore/io/state.h"
#include "lore/io/whole.h"
#include "lore/manifest/compare.h"
#include "lore/manifest/file.h"
#include "lore/manifest/runs.h"
#include "lore/settings/hash.h"
#include "lore/settings/read.h"
#include "options.h"

typedef struct {
  bool help;
  const char *directory;
} lore_arguments;

const lore_command_line lore_line_verify = {
    .name = "verify",
    .usage = "lore verify DIR",
    .about =
        "Reads everything in DIR: the manifest and its study, and of every run its settings, "
        "state, "
        "metrics, checkpoints, draws and probes, then the collected files. Checksums are compared "
        "where there are any, the runs and their settings with the manifest, and resume points "
        "with what they count. Prints what is damaged and what to do about it. The exit code is 3 "
        "if "
        "something is damaged. May be called while jobs run.",
    .argument = LORE_ARGUMENT_RESULTS,
    .notes = "example:\n"
             "  lore verify results",
};

typedef struct {
  const char *directory;
  int files, damaged;
  lore_run_names frozen, study; /* none: nothing to compare with */
} lore_findings;

/* The run that is looked at. */
typedef struct {
  const char *id;
  char folder[LORE_PATH_MAX];
  lore_state state;
  bool busy;  /* a process trains it: files come and go */
  int frozen; /* its index in the manifest; -1: it is not there, or there is none */
} lore_verified;

/* What is to be done about a damaged file. */
typedef enum { RETRAIN, PROBE, REMOVE, FREEZE, RESTORE, COLLECT, COLLECT_PROBES } lore_remedy;

/* A command with a directory as a shell wants it. */
static void print_with(const char *command, const char *directory) {
  char *word = NULL;
  size_t length;
  FILE *stream = open_memstream(&word, &length);
  if (stream) {
    lore_shown_print_word(stream, directory);
    fclose(stream);
  }
  lore_shown_print(stdout, "%s%s", command, word ? word : directory);
  free(word);
}

static void print_remedy(lore_remedy remedy, const char *directory, const char *id) {
  switch (remedy) {
  case RETRAIN:
    print_with("lore run STUDY -o ", directory);
    lore_shown_print(stdout, " --only %s --overwrite\n", id);
    return;
  case PROBE:
    lore_shown_print(stdout, "lore probe --overwrite --run %s ", id);
    print_with("", directory);
    putchar('\n');
    return;
  case REMOVE:
    puts("remove it: the run then resumes from the checkpoint before it");
    return;
  case FREEZE:
    print_with("remove it: lore run STUDY -o ", directory);
    puts(" or lore plan writes it again");
    return;
  case RESTORE:
    puts("put back the study, with its overrides and tables, that the runs were frozen from");
    return;
  case COLLECT:
    print_with("lore collect ", directory);
    putchar('\n');
    return;
  case COLLECT_PROBES:
    print_with("lore collect --probes ", directory);
    putchar('\n');
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

/* The run's settings are those of the study, if that says what the manifest does. */
static lore_status compare_settings(const lore_findings *findings, const lore_verified *run,
                                    const lore_settings *settings) {
  char differences[2048];
  const int at = run->frozen < 0 ? -1 : lore_run_names_find(&findings->study, run->id);
  lore_settings *now = at < 0 ? NULL : malloc(sizeof *now);
  int count = 0;
  if (now &&
      findings->study.manifest->run[at].hash == findings->frozen.manifest->run[run->frozen].hash) {
    lore_manifest_settings(findings->study.manifest, at, now);
    count = lore_settings_differences(settings, now, sizeof differences, differences);
  }
  free(now);
  return count ? lore_fail(LORE_USER, "other settings than the study's:\n%s", differences)
               : LORE_OK;
}

static lore_status verify_settings(lore_findings *findings, const lore_verified *run) {
  char path[LORE_PATH_MAX];
  lore_settings settings;
  LORE_TRY(lore_path_join(run->folder, LORE_PATH_STUDY, path));
  if (is_missing(path))
    return LORE_OK;
  lore_status status = lore_settings_read(path, 0, NULL, &settings);
  if (status == LORE_OK)
    status = compare_settings(findings, run, &settings);
  note_file(findings, path, status, RETRAIN, run->id);
  return LORE_OK;
}

static lore_status verify_state(lore_findings *findings, lore_verified *run) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_path_join(run->folder, LORE_PATH_STATE, path));
  if (is_missing(path))
    return LORE_OK;
  lore_status status = lore_state_read(run->folder, &run->state);
  uint64_t frozen =
      run->frozen < 0 ? run->state.hash : findings->frozen.manifest->run[run->frozen].hash;
  if (status == LORE_OK && run->state.hash && run->state.hash != frozen)
    status = lore_fail(LORE_USER,
                       "the run was begun with other settings, or from other weights, than "
                       "manifest.tsv says (hash %016" PRIx64 ", there %016" PRIx64 ")",
                       run->state.hash, frozen);
  note_file(findings, path, status, RETRAIN, run->id);
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

/* A resume point counts no more than the files beside it have. */
static lore_status compare_counts(const lore_verified *run, const char *path) {
  char metrics[LORE_PATH_MAX];
  lore_resume resume;
  lore_metrics_summary summary;
  const lore_state *state = &run->state;
  LORE_TRY(lore_resume_describe(path, &resume));
  if (state->steps > 0 && resume.step > state->steps)
    return lore_fail(LORE_FILE, "it is of step %" PRId64 " of a run of %" PRId64, resume.step,
                     state->steps);
  if (state->hash && resume.settings_hash != state->hash)
    return lore_fail(LORE_FILE, "it is of a run with other settings");
  LORE_TRY(lore_path_join(run->folder, LORE_PATH_METRICS, metrics));
  if (run->busy || lore_metrics_summarise(metrics, &summary) != LORE_OK || /* said already */
      resume.records <= summary.records)
    return LORE_OK;
  return lore_fail(LORE_FILE, "it counts %" PRId64 " records, but metrics.nc has %" PRId64,
                   resume.records, summary.records);
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
  if (status == LORE_OK && lore_resume_step(name) >= 0)
    status = compare_counts(run, path);
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
  lore_verified run = {.id = id, .frozen = lore_run_names_find(&findings->frozen, id)};
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

/* Some names of a list that may be long. */
typedef struct {
  int count;
  char text[1024];
} lore_listed;

static void list_name(lore_listed *list, const char *name) {
  enum { SHOWN = 5 };
  size_t length = strlen(list->text);
  if (list->count++ <= SHOWN)
    snprintf(list->text + length, sizeof list->text - length, "%s%s", length ? ", " : "",
             list->count > SHOWN ? "..." : name);
}

static void print_list(const lore_listed *list, const char *what) {
  if (list->count > 0)
    lore_shown_print(stdout, "%d %s: %s\n", list->count, what, list->text);
}

/* Runs without a directory have not begun, unless another one began from them. */
static lore_status list_missing(lore_findings *findings, const lore_manifest *m, bool *exists) {
  char folder[LORE_PATH_MAX];
  lore_listed missing = {0};
  for (int r = 0; r < m->runs; r++) {
    LORE_TRY(lore_directory_of_run(findings->directory, m->run[r].id, folder));
    exists[r] = !is_missing(folder);
  }
  for (int r = 0; r < m->runs; r++) {
    int parent = m->run[r].parent;
    if (!exists[r])
      list_name(&missing, m->run[r].id);
    if (!exists[r] || parent < 0 || exists[parent])
      continue;
    LORE_TRY(lore_directory_of_run(findings->directory, m->run[parent].id, folder));
    note_file(findings, folder,
              lore_fail(LORE_FILE, "it is missing, but %s was begun from it", m->run[r].id),
              RETRAIN, m->run[parent].id);
    exists[parent] = true; /* said once */
  }
  print_list(&missing, "of the manifest's runs without a directory (not begun, or lost)");
  return LORE_OK;
}

/* The directory beside its manifest: which runs are in one of the two only. */
static lore_status compare_folders(lore_findings *findings) {
  const lore_manifest *m = findings->frozen.manifest;
  char runs[LORE_PATH_MAX];
  struct dirent **entry;
  lore_listed beside = {0};
  bool *exists = calloc((size_t)m->runs + 1, sizeof *exists);
  if (!exists)
    return lore_fail(LORE_MEMORY, "cannot allocate %d runs", m->runs);
  lore_status status = list_missing(findings, m, exists);
  free(exists);
  LORE_TRY(status);
  LORE_TRY(lore_path_join(findings->directory, LORE_PATH_RUNS, runs));
  int count = scandir(runs, &entry, NULL, alphasort);
  for (int i = 0; i < count; i++) {
    if (entry[i]->d_name[0] != '.' && lore_run_names_find(&findings->frozen, entry[i]->d_name) < 0)
      list_name(&beside, entry[i]->d_name);
    free(entry[i]);
  }
  if (count >= 0)
    free(entry);
  print_list(&beside, "in runs/ that the manifest does not have");
  return LORE_OK;
}

/* The study beside the manifest. What it needs from elsewhere, tables or weights, may be gone. */
static lore_status compare_study(lore_findings *findings, lore_manifest *study) {
  char path[LORE_PATH_MAX];
  LORE_TRY(lore_path_join(findings->directory, LORE_PATH_STUDY, path));
  if (is_missing(path))
    return LORE_OK;
  lore_status status = lore_manifest_compare(findings->directory, &findings->frozen, study);
  if (study->runs > 0 || status == LORE_OK)
    note_file(findings, path, status, RESTORE, "");
  else
    lore_shown_print(stdout, "%s cannot be compared with the manifest: %s\n", path,
                     lore_fail_message());
  return study->runs > 0 ? lore_run_names_create(study, &findings->study) : LORE_OK;
}

static lore_status verify_directory(const char *directory) {
  lore_findings findings = {.directory = directory};
  char path[LORE_PATH_MAX];
  lore_manifest manifest, study = {0};
  bool frozen = lore_manifest_exists(directory);
  lore_status status = lore_runs_list(directory, &manifest);
  if (!frozen)
    LORE_TRY(status);
  LORE_TRY(lore_path_join(directory, LORE_PATH_MANIFEST, path));
  if (frozen)
    note_file(&findings, path, status, FREEZE, "");
  lore_status looked = LORE_OK;
  if (frozen && status == LORE_OK)
    looked = lore_run_names_create(&manifest, &findings.frozen);
  if (findings.frozen.order && looked == LORE_OK)
    looked = compare_study(&findings, &study);
  if (looked == LORE_OK)
    looked = verify_runs(&findings);
  if (findings.frozen.order && looked == LORE_OK)
    looked = compare_folders(&findings);
  if (looked == LORE_OK && status == LORE_OK)
    looked = verify_collected(&findings, manifest.name);
  lore_run_names_destroy(&findings.frozen);
  lore_run_names_destroy(&findings.study);
  lore_manifest_destroy(&study);
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
  lore_status status =
      lore_options_read(&lore_line_verify, argc, argv, &arguments, &arguments.help);
  if (status == LORE_OK && arguments.help)
    return lore_options_report(lore_options_help(&lore_line_verify));
  if (status == LORE_OK)
    status = lore_options_argument(&lore_line_verify, argc, argv, &arguments.directory);
  if (status == LORE_OK)
    status = verify_directory(arguments.directory);
  return lore_options_report(status);
}
