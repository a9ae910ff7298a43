/* A study at a glance, for people and for programs. */
#ifndef LORE_CONTROL_STATUS_WRITE_H
#define LORE_CONTROL_STATUS_WRITE_H

#include <stdio.h>

#include "lore/control/status_read.h"

/* One line for each run, what went wrong, totals. `seen` has one entry for each run. */
void lore_seen_write_table(FILE *file, const lore_manifest *manifest, const lore_seen *seen);

/* The same as one JSON object on one line; null where something is not known. */
void lore_seen_write_json(FILE *file, const lore_manifest *manifest, const lore_seen *seen);

#endif
