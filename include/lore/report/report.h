/* A study as one page: an HTML file that needs nothing but a browser (doc/report.md). */
#ifndef LORE_REPORT_REPORT_H
#define LORE_REPORT_REPORT_H

#include <stdbool.h>

#include "lore/base/status.h"

typedef struct {
  int runs, damaged; /* damaged: their metrics cannot be read, or are not what their state says */
  bool over;         /* nothing is left to be trained */
  double bytes;
} lore_report_result;

/* Where the page of the study in `source`, a directory of results or a collected file, is written
 * to by default: report.html in the directory; the file's name with .html in place of its ending.
 * Has LORE_PATH_MAX bytes. */
lore_status lore_report_path(const char *source, char *path);

/* Writes the page (temporary name, flush, rename). `watch`: seconds after which it loads itself
 * again as long as something is left to be trained; 0: never. LORE_USER if `source` holds no
 * study, LORE_FILE, LORE_NETCDF, LORE_MEMORY. */
lore_status lore_report_write(const char *source, const char *path, int watch,
                              lore_report_result *result);

#endif
