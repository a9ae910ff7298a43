/* The runs of a report: from a directory of results, or from a collected file. */
#include "runs.h"

#include <netcdf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lore/io/collect.h"
#include "lore/io/metrics_row.h"
#include "lore/io/ncfile.h"
#include "lore/manifest/runs.h"
#include "lore/settings/source.h"

static lore_status no_memory(void) {
  return lore_fail(LORE_MEMORY, "cannot allocate the runs of a report");
}

void lore_report_variable(int index, char name[LORE_NAME_MAX]) {
  int count;
  strcpy(name, lore_settings_table(&count)[index].key);
  for (char *at = name; (at = strchr(at, '.'));)
    *at = '_';
}

/* The setting whose key or variable is `name`, or -1. */
static int find_setting(const char *name) {
  char variable[LORE_NAME_MAX];
  int count, index = lore_setting_find(name);
  lore_settings_table(&count);
  for (int i = 0; i < count && index < 0; i++) {
    lore_report_variable(i, variable);
    if (!strcmp(variable, name))
      index = i;
  }
  return index;
}

static void add_axis(lore_report_study *study, const char *name) {
  int index = find_setting(name);
  if (index >= 0 && study->axes < LORE_AXES_MAX)
    study->axis[study->axes++] = index;
}

/* A value as a study says it, as metrics files have it: "2.0e-03" as "0.002", "true" as "1". */
static char *plain_value(const char *text) {
  char *end, *plain = NULL;
  double number = strtod(text, &end);
  if (!strcmp(text, "true") || !strcmp(text, "false"))
    return strdup(*text == 't' ? "1" : "0");
  if (end == text || *end)
    return strdup(text);
  return asprintf(&plain, "%.9g", number) < 0 ? NULL : plain;
}

void lore_report_run_damaged(lore_report_run *run, int error) {
  char *reason;
  run->stage = LORE_SEEN_DAMAGED;
  run->readable = false;
  if (run->reason && strstr(run->reason, LORE_PATH_METRICS))
    return; /* its state and its file have been compared */
  const char *why = error == NC_ERANGE ? "its steps do not ascend" : lore_netcdf_reason(error);
  if (asprintf(&reason, "its metrics cannot be read: %s", why) < 0)
    return;
  free(run->reason);
  run->reason = reason;
}

/* --- Metrics files --- */

int lore_report_study_open(const lore_report_study *study, int index, int *ncid, int *row) {
  char folder[LORE_PATH_MAX], path[LORE_PATH_MAX];
  *ncid = study->ncid;
  *row = study->ncid < 0 ? -1 : index;
  if (study->ncid >= 0)
    return NC_NOERR;
  if (lore_directory_of_run(study->source, study->run[index].id, folder) != LORE_OK ||
      lore_path_join(folder, LORE_PATH_METRICS, path) != LORE_OK)
    return LORE_NC_NO_FILE;
  return lore_netcdf_open(path, 0, ncid);
}

void lore_report_study_close(const lore_report_study *study, int ncid) {
  if (study->ncid < 0 && ncid >= 0)
    nc_close(ncid);
}

/* What the run's file says wins over what the study planned. */
static int read_values(int ncid, int row, lore_report_run *run) {
  char variable[LORE_NAME_MAX], *text;
  int count, error = NC_NOERR;
  lore_settings_table(&count);
  for (int i = 0; i < count && !error; i++) {
    lore_report_variable(i, variable);
    error = lore_metrics_row_text(ncid, row, variable, &text);
    if (!text)
      continue;
    free(run->value[i]);
    run->value[i] = text;
  }
  return error;
}

static bool has_metrics(const lore_report_study *study, const lore_report_run *run) {
  char folder[LORE_PATH_MAX], path[LORE_PATH_MAX];
  return study->ncid >= 0 ||
         (lore_directory_of_run(study->source, run->id, folder) == LORE_OK &&
          lore_path_join(folder, LORE_PATH_METRICS, path) == LORE_OK && !access(path, F_OK));
}

static void read_run(lore_report_study *study, int index) {
  lore_report_run *run = &study->run[index];
  int ncid, row;
  if (!has_metrics(study, run))
    return;
  int error = lore_report_study_open(study, index, &ncid, &row);
  if (!error)
    error = read_values(ncid, row, run);
  lore_report_study_close(study, ncid);
  run->readable = !error;
  if (error)
    lore_report_run_damaged(run, error);
}

/* --- A directory --- */

/* Why the run is where it is. */
static char *explain(const lore_manifest *manifest, const lore_seen *seen) {
  char *text = NULL;
  if (*seen->state.message)
    return strdup(seen->state.message);
  if (seen->blocker < 0)
    return NULL;
  const char *parent = manifest->run[seen->blocker].id;
  return asprintf(&text, "waiting for %s, which failed, diverged or is damaged", parent) < 0 ? NULL
                                                                                             : text;
}

static lore_status take_run(const lore_manifest *manifest, int index, const lore_seen *seen,
                            lore_report_study *study) {
  const lore_manifest_run *from = &manifest->run[index];
  lore_report_run *run = &study->run[index];
  *run = (lore_report_run){.id = strdup(from->id),
                           .experiment = strdup(from->experiment),
                           .reason = explain(manifest, seen),
                           .stage = seen->stage,
                           .seed = from->seed,
                           .step = seen->step,
                           .steps = seen->steps};
  for (int i = 0; i < manifest->axes; i++) {
    int setting = find_setting(manifest->axis[i]);
    if (setting >= 0 && from->value[i][0] && !(run->value[setting] = plain_value(from->value[i])))
      return no_memory();
  }
  return run->id && run->experiment ? LORE_OK : no_memory();
}

static lore_status describe_attention(const char *directory, const lore_manifest *manifest,
                                      const lore_seen *seen, char **text) {
  size_t size;
  lore_refusals refusals;
  lore_refusals_read(directory, &refusals);
  const lore_attention attention = {.manifest = manifest,
                                    .seen = seen,
                                    .refusals = &refusals,
                                    .stalled_times = LORE_STALLED_TIMES};
  FILE *stream = open_memstream(text, &size);
  if (!stream)
    return no_memory();
  lore_attention_print(&attention, stream);
  return fclose(stream) ? no_memory() : LORE_OK;
}

/* The text of directory/name, NULL if it cannot be read. */
static lore_status read_text(const char *directory, const char *name, char **text) {
  char path[LORE_PATH_MAX];
  lore_source source;
  LORE_TRY(lore_path_join(directory, name, path));
  *text = NULL;
  if (access(path, R_OK) || lore_source_read(path, &source) != LORE_OK)
    return LORE_OK;
  *text = strdup(source.text);
  lore_source_destroy(&source);
  return *text ? LORE_OK : no_memory();
}

/* Of a directory without a manifest, the study is that of its first run. */
static lore_status read_texts(const char *directory, const lore_manifest *manifest,
                              lore_report_study *study) {
  char folder[LORE_PATH_MAX];
  LORE_TRY(read_text(directory, LORE_PATH_STUDY, &study->study));
  LORE_TRY(read_text(directory, LORE_PATH_OVERRIDES, &study->overrides));
  if (study->study || manifest->runs == 0)
    return LORE_OK;
  LORE_TRY(lore_directory_of_run(directory, manifest->run[0].id, folder));
  return read_text(folder, LORE_PATH_STUDY, &study->study);
}

static lore_status take_manifest(const char *directory, const lore_manifest *manifest,
                                 lore_seen *seen, lore_report_study *study) {
  study->name = strdup(manifest->name);
  study->run = calloc((size_t)manifest->runs + 1, sizeof *study->run);
  if (!study->name || !study->run || !seen)
    return no_memory();
  for (int i = 0; i < manifest->runs; i++)
    LORE_TRY(lore_seen_read(directory, &manifest->run[i], &seen[i]));
  lore_seen_find_blockers(manifest, seen);
  for (int i = 0; i < manifest->axes; i++)
    add_axis(study, manifest->axis[i]);
  for (; study->runs < manifest->runs; study->runs++) {
    LORE_TRY(take_run(manifest, study->runs, &seen[study->runs], study));
    read_run(study, study->runs);
    seen[study->runs].stage = study->run[study->runs].stage;
  }
  LORE_TRY(describe_attention(directory, manifest, seen, &study->attention));
  return read_texts(directory, manifest, study);
}

static lore_status read_directory(const char *directory, lore_report_study *study) {
  lore_manifest manifest;
  lore_seen *seen = NULL;
  lore_status status = lore_runs_list(directory, &manifest);
  if (status == LORE_OK)
    status = lore_runs_add_unlisted(directory, &manifest);
  if (status == LORE_OK) {
    seen = calloc((size_t)manifest.runs + 1, sizeof *seen);
    status = take_manifest(directory, &manifest, seen, study);
  }
  free(seen);
  lore_manifest_destroy(&manifest);
  return status;
}

/* --- A collected file --- */

/* The part of the file's name before its ending. */
static char *name_of_file(const char *path) {
  const char *slash = strrchr(path, '/');
  char *name = strdup(slash ? slash + 1 : path);
  char *dot = name ? strrchr(name, '.') : NULL;
  if (dot && dot > name)
    *dot = '\0';
  return name;
}

static lore_status read_axes(lore_report_study *study) {
  size_t length = 0;
  if (nc_inq_attlen(study->ncid, NC_GLOBAL, "swept_settings", &length))
    return LORE_OK;
  char *list = calloc(length + 1, 1), *rest = NULL;
  if (!list)
    return no_memory();
  if (!nc_get_att_text(study->ncid, NC_GLOBAL, "swept_settings", list))
    for (char *name = strtok_r(list, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
      if (strcmp(name, "seed") != 0)
        add_axis(study, name);
  free(list);
  return LORE_OK;
}

static lore_status take_row(lore_report_study *study, int row) {
  lore_report_run *run = &study->run[row];
  double seed = lore_metrics_row_number(study->ncid, row, "seed");
  double stage = lore_metrics_row_number(study->ncid, row, "run_state");
  double steps = lore_metrics_row_number(study->ncid, row, "train_steps");
  *run = (lore_report_run){.stage = stage >= 0 && stage < LORE_SEEN_STAGES ? (lore_seen_stage)stage
                                                                           : LORE_SEEN_DAMAGED,
                           .seed = seed >= 0 && seed < 1e18 ? (uint64_t)seed : 0,
                           .steps = steps >= 0 && steps < 1e15 ? (int64_t)steps : 0};
  int error = lore_metrics_row_text(study->ncid, row, "run_id", &run->id);
  if (!error)
    error = lore_metrics_row_text(study->ncid, row, "experiment", &run->experiment);
  if (!error && (!run->id || !run->experiment))
    error = NC_ENOTVAR;
  return lore_netcdf_status(error, "read", study->source);
}

static lore_status not_collected(const char *path, const char *reason) {
  return lore_fail(
      LORE_USER,
      "%s is not a file of lore collect: %s; give such a file or a directory that lore run "
      "-o has written",
      path, reason);
}

static lore_status read_collection(const char *path, lore_report_study *study) {
  size_t runs = 0;
  int dimension, error = lore_collect_open(path, &study->ncid, &study->memory);
  if (error) {
    study->ncid = -1;
    if (error == NC_ENOTNC)
      return not_collected(path, "it is not a NetCDF-4 file");
    return lore_netcdf_status(error, "read", path);
  }
  if (nc_inq_dimid(study->ncid, "run", &dimension) ||
      nc_inq_dimlen(study->ncid, dimension, &runs) || runs == 0 || runs > LORE_RUNS_MAX)
    return not_collected(path, "it has no dimension run");
  study->name = name_of_file(path);
  study->run = calloc(runs + 1, sizeof *study->run);
  if (!study->name || !study->run)
    return no_memory();
  LORE_TRY(read_axes(study));
  for (; study->runs < (int)runs; study->runs++) {
    LORE_TRY(take_row(study, study->runs));
    read_run(study, study->runs);
  }
  return LORE_OK;
}

lore_status lore_report_study_read(const char *source, lore_report_study *study) {
  struct stat about;
  *study = (lore_report_study){.source = source, .ncid = -1};
  bool file = !stat(source, &about) && S_ISREG(about.st_mode);
  return (file ? read_collection : read_directory)(source, study);
}

static void free_run(lore_report_run *run) {
  free(run->id);
  free(run->experiment);
  free(run->reason);
  for (int i = 0; i < LORE_SETTINGS_CAPACITY; i++)
    free(run->value[i]);
}

void lore_report_study_free(lore_report_study *study) {
  for (int i = 0; study->run && i <= study->runs; i++) /* the last one may be half read */
    free_run(&study->run[i]);
  free(study->run);
  free(study->name);
  free(study->attention);
  free(study->study);
  free(study->overrides);
  if (study->ncid >= 0)
    nc_close(study->ncid);
  free(study->memory);
}
