/* The data of a report. */
#include "describe.h"

#include <stdlib.h>
#include <string.h>

#include "curves.h"
#include "lore/base/build.h"
#include "lore/base/clock.h"
#include "lore/base/json.h"

enum { FORMAT = 1 /* of the document */, DATE_SIZE = 32, SETTINGS_MOST = 24 };

/* The settings that the page compares: swept ones first, then those that differ all the same. */
typedef struct {
  int count, index[SETTINGS_MOST];
} lore_compared;

/* Whether runs have different values of setting `index`, as far as they are known. */
static bool differs(const lore_report_study *study, int index) {
  const char *first = NULL;
  for (int i = 0; i < study->runs; i++) {
    const char *value = study->run[i].value[index];
    if (value && first && strcmp(value, first) != 0)
      return true;
    first = first ? first : value;
  }
  return false;
}

/* Neither names and seeds, which have columns of their own, nor what changes no result. */
static bool is_compared(const lore_setting *setting) {
  return !setting->runtime && !setting->output && strcmp(setting->key, "name") != 0 &&
         strcmp(setting->key, "seed") != 0;
}

static bool is_listed(const lore_compared *compared, int index) {
  for (int i = 0; i < compared->count; i++)
    if (compared->index[i] == index)
      return true;
  return false;
}

static void choose_settings(const lore_report_study *study, lore_compared *compared) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  compared->count = 0;
  for (int i = 0; i < study->axes && compared->count < SETTINGS_MOST; i++)
    compared->index[compared->count++] = study->axis[i];
  for (int i = 0; i < count && compared->count < SETTINGS_MOST; i++)
    if (is_compared(&table[i]) && !is_listed(compared, i) && differs(study, i))
      compared->index[compared->count++] = i;
}

static void write_settings(const lore_report_study *study, const lore_compared *compared,
                           lore_json *json) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  lore_json_begin_lines(json, "settings");
  for (int i = 0; i < compared->count; i++) {
    const lore_setting *setting = &table[compared->index[i]];
    lore_json_begin_object(json, NULL);
    lore_json_text(json, "key", setting->key);
    lore_json_text(json, "unit", setting->unit);
    lore_json_text(json, "help", setting->help);
    lore_json_boolean(json, "swept", i < study->axes);
    lore_json_end(json);
  }
  lore_json_end(json);
}

/* Settings that all runs share, as far as they are known. */
static void write_shared(const lore_report_study *study, const lore_compared *compared,
                         lore_json *json) {
  int count;
  const lore_setting *table = lore_settings_table(&count);
  lore_json_begin_object(json, "shared");
  for (int i = 0; i < count; i++) {
    const char *value = NULL;
    for (int run = 0; run < study->runs && !value; run++)
      value = study->run[run].value[i];
    if (value && *value && !is_listed(compared, i) && !differs(study, i))
      lore_json_text(json, table[i].key, value);
  }
  lore_json_end(json);
}

/* Where and with what the run was trained. */
static void write_origin(int ncid, int row, lore_json *json) {
  static const char *const name[] = {"host", "isa", "gemm_backend", "lore_version", "lore_commit"};
  for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
    char *text = NULL;
    if (lore_metrics_row_origin(ncid, row, name[i], &text) == 0 && text)
      lore_json_text(json, name[i], text);
    free(text);
  }
}

static lore_status write_metrics(lore_report_study *study, int index, lore_report_curves *curves,
                                 lore_json *json) {
  lore_report_run *run = &study->run[index];
  int ncid, row, error = lore_report_study_open(study, index, &ncid, &row);
  lore_status status = LORE_OK;
  if (!error)
    status = lore_report_curves_write(ncid, row, curves, json, &error);
  if (!error)
    write_origin(ncid, row, json);
  lore_report_study_close(study, ncid);
  if (error)
    lore_report_run_damaged(run, error);
  return status;
}

static lore_status write_run(lore_report_study *study, int index, const lore_compared *compared,
                             lore_report_curves *curves, lore_json *json) {
  lore_report_run *run = &study->run[index];
  lore_json_begin_object(json, NULL);
  lore_json_text(json, "id", run->id);
  lore_json_text(json, "experiment", run->experiment);
  lore_json_unsigned(json, "seed", run->seed);
  lore_json_integer(json, "step", run->step);
  lore_json_integer(json, "steps", run->steps);
  lore_json_begin_array(json, "values");
  for (int i = 0; i < compared->count; i++)
    lore_json_text(json, NULL, run->value[compared->index[i]]);
  lore_json_end(json);
  if (run->readable)
    LORE_TRY(write_metrics(study, index, curves, json));
  lore_json_text(json, "state", lore_seen_name(run->stage));
  lore_json_text(json, "reason", run->reason);
  lore_json_end(json);
  return LORE_OK;
}

static void write_head(const lore_report_study *study, int watch, lore_json *json) {
  char date[DATE_SIZE];
  lore_clock_utc(date, sizeof date);
  lore_json_integer(json, "format", FORMAT);
  lore_json_text(json, "study", study->name);
  lore_json_text(json, "source", study->source);
  lore_json_text(json, "written", date);
  lore_json_text(json, "lore_version", lore_build_version());
  lore_json_text(json, "lore_commit", lore_build_commit());
  lore_json_integer(json, "watch", watch);
  lore_json_text(json, "attention", study->attention);
  lore_json_text(json, "study_file", study->study);
  lore_json_text(json, "overrides", study->overrides);
}

static lore_status write_runs(lore_report_study *study, const lore_compared *compared,
                              lore_report_curves *curves, lore_json *json) {
  lore_json_begin_lines(json, "runs");
  for (int i = 0; i < study->runs; i++)
    LORE_TRY(write_run(study, i, compared, curves, json));
  lore_json_end(json);
  return LORE_OK;
}

lore_status lore_report_describe(lore_report_study *study, int watch, FILE *stream) {
  lore_compared compared;
  lore_report_curves curves;
  lore_json json = lore_json_begin(stream);
  choose_settings(study, &compared);
  lore_report_curves_begin(study->runs, &curves);
  lore_json_begin_object(&json, NULL);
  write_head(study, watch, &json);
  write_settings(study, &compared, &json);
  write_shared(study, &compared, &json);
  lore_status status = write_runs(study, &compared, &curves, &json);
  if (status == LORE_OK) {
    lore_report_grids_write(&curves, &json);
    lore_json_end(&json);
  }
  lore_report_curves_free(&curves);
  return status;
}
