/* What a report knows of each run, except its curves. */
#ifndef LORE_REPORT_RUNS_H
#define LORE_REPORT_RUNS_H

#include "lore/control/attention.h"
#include "lore/io/path.h"
#include "lore/settings/table.h"

typedef struct {
  char *id, *experiment;
  char *reason; /* why it is not done; NULL: nothing to say */
  lore_seen_stage stage;
  uint64_t seed;
  int64_t step, steps;                 /* done, and to do (0: not known) */
  bool readable;                       /* it has a metrics file with its values below */
  char *value[LORE_SETTINGS_CAPACITY]; /* of each setting of the table; NULL: not known */
} lore_report_run;

typedef struct {
  const char *source; /* the directory, or the collected file */
  char *name, *attention;
  char *study, *overrides; /* texts of the files; NULL: there is none */
  int ncid;                /* of a collected file, else -1 */
  void *memory;
  int runs;
  lore_report_run *run;
  int axes, axis[LORE_AXES_MAX]; /* indices of swept settings in the table */
} lore_report_study;

/* Reads the runs of a directory of results or of a collected file. Free with
 * lore_report_study_free, also after a failure. LORE_USER if there is none, LORE_MEMORY. */
lore_status lore_report_study_read(const char *source, lore_report_study *study);
void lore_report_study_free(lore_report_study *study);

/* Opens the metrics of run `index`: *row as lore_metrics_row_read wants it. Returns a code of
 * lore_netcdf_reason. Close with lore_report_study_close. */
int lore_report_study_open(const lore_report_study *study, int index, int *ncid, int *row);
void lore_report_study_close(const lore_report_study *study, int ncid);

/* The run's metrics cannot be read, for the reason `error`. */
void lore_report_run_damaged(lore_report_run *run, int error);

/* The variable of a metrics file for setting `index` of the table, in `name`. */
void lore_report_variable(int index, char name[LORE_NAME_MAX]);

#endif
