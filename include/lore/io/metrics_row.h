/* The metrics of one run as a row of numbers for each variable, read from the run's own metrics
 * file or from its row of a collected file. */
#ifndef LORE_IO_METRICS_ROW_H
#define LORE_IO_METRICS_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "lore/eval/evaluate.h"

/* All functions return a code that lore_netcdf_reason explains. */
typedef struct {
  int ncid;       /* open, the caller's */
  int row;        /* of a collected file; -1: the file is the run's own */
  size_t records; /* of this run */
  int64_t *step;  /* of each record, ascending */
  size_t *place;  /* of each record along the file's dimension step */
  size_t along;   /* length of that dimension */
  size_t groups, layers;
  char (*group)[LORE_GROUP_NAME_MAX];
} lore_metrics_row;

/* Reads labels and steps. Free with lore_metrics_row_free, also after a failure. */
int lore_metrics_row_read(int ncid, int row, lore_metrics_row *metrics);
void lore_metrics_row_free(lore_metrics_row *metrics);

/* The values of `name` (step) or, at `column`, of `name` (step, group or layer) in all records; NAN
 * where there is none. NC_ENOTVAR if the file has no such variable. */
int lore_metrics_row_values(const lore_metrics_row *metrics, const char *name, size_t column,
                            double *values);

/* A number that the run has once; NAN if it has none. */
double lore_metrics_row_number(int ncid, int row, const char *name);

/* The value of a setting or a label of the run as text: numbers with up to 9 digits. *text is NULL
 * if there is none; free it. NC_ENOMEM and errors of reading. */
int lore_metrics_row_text(int ncid, int row, const char *name, char **text);

/* Where the run was trained, such as "host" or "isa": an attribute of its own file, a variable of a
 * collected one. As lore_metrics_row_text. */
int lore_metrics_row_origin(int ncid, int row, const char *name, char **text);

#endif
