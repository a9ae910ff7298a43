/* The status of a study, for people and for programs. */
#ifndef LORE_CONTROL_STATUS_PRINT_H
#define LORE_CONTROL_STATUS_PRINT_H

#include <stdio.h>

#include "lore/control/attention.h"

/* One line for each run whose state is in `states` (bits 1 << lore_seen_stage), the messages of
 * failed runs, totals of all runs, and what needs attention; with many lines, the totals come first
 * too. */
void lore_seen_print_table(FILE *file, const lore_attention *attention, unsigned states);

/* The same as one JSON object on one line; null where something is not known. */
void lore_seen_print_json(FILE *file, const lore_attention *attention, unsigned states);

#endif
