/* All that a report shows, as one JSON document (doc/report.md, "The data in the page"). */
#ifndef LORE_REPORT_DESCRIBE_H
#define LORE_REPORT_DESCRIBE_H

#include <stdio.h>

#include "runs.h"

/* Writes the document to `stream`; runs whose metrics turn out to be unreadable are marked as
 * damaged in `study`. `watch`: as lore_report_write has it. LORE_MEMORY. */
lore_status lore_report_describe(lore_report_study *study, int watch, FILE *stream);

#endif
