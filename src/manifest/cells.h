/* The lines and cells of a tab-separated table, as editors and spreadsheets write them. */
#ifndef LORE_MANIFEST_CELLS_H
#define LORE_MANIFEST_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "lore/settings/source.h"

typedef struct {
  size_t at;      /* byte of the table where its text begins */
  size_t length;  /* bytes of its text, also of those that `text` has no room for */
  char text[256]; /* without quotes and without blanks around it */
  bool last;      /* nothing follows on its line */
} lore_cell;

/* The first line from *at on that holds something and is no comment (#): its bytes are *at to *end
 * - 1, without what ends it (\n, \r\n or \r). A byte order mark at the beginning of the table is
 * skipped. False: there is none. Continue at *end. */
bool lore_cells_line(const lore_source *table, size_t *at, size_t *end);

/* The cell that begins at *at, in a line up to `end`; *at: where the next one begins. LORE_USER if
 * its quotes are not closed, or closed too early. */
lore_status lore_cells_next(const lore_source *table, size_t end, size_t *at, lore_cell *cell);

#endif
