/* The curves of one run and its last numbers, as JSON. */
#ifndef LORE_REPORT_CURVES_H
#define LORE_REPORT_CURVES_H

#include "lore/base/json.h"
#include "lore/base/status.h"
#include "lore/io/metrics_row.h"

/* A series of steps that runs share: the steps of a run are the first ones of one of them. */
typedef struct {
  size_t records;
  int64_t *step;
} lore_report_grid;

typedef struct {
  int grids, room;
  lore_report_grid *grid;
  size_t bytes; /* of the page that the curves of one run may take */
} lore_report_curves;

/* `runs` share the room that the page has for curves. */
void lore_report_curves_begin(int runs, lore_report_curves *curves);
void lore_report_curves_free(lore_report_curves *curves);

/* Writes the members records, grid, phase, plateau_start, plateau_end, baseline, time, final and
 * curves of the object that `json` is in. *error: why the metrics cannot be read, or 0; nothing is
 * written then. LORE_MEMORY. */
lore_status lore_report_curves_write(int ncid, int row, lore_report_curves *curves, lore_json *json,
                                     int *error);

/* Writes the steps: the member grids. */
void lore_report_grids_write(const lore_report_curves *curves, lore_json *json);

#endif
