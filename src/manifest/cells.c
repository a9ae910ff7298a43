/* Cells may have blanks around them and may be quoted; a quote inside quotes is written twice. */
#include "cells.h"

#include <string.h>

/* Bytes of the blank at `at`: a space, or the no-break space of spreadsheets; 0: there is none. */
static size_t blank_size(const lore_source *table, size_t at, size_t end) {
  if (at < end && table->text[at] == ' ')
    return 1;
  return at + 1 < end && !memcmp(table->text + at, "\xC2\xA0", 2) ? 2 : 0;
}

static size_t skip_blanks(const lore_source *table, size_t at, size_t end) {
  for (size_t size; (size = blank_size(table, at, end)) > 0;)
    at += size;
  return at;
}

static size_t trim_blanks(const lore_source *table, size_t begin, size_t end) {
  for (;;) {
    if (end > begin && blank_size(table, end - 1, end) == 1)
      end--;
    else if (end > begin + 1 && blank_size(table, end - 2, end) == 2)
      end -= 2;
    else
      return end;
  }
}

static bool holds_nothing(const lore_source *table, size_t at, size_t end) {
  for (size_t before = end; before != at;) {
    before = at;
    at = skip_blanks(table, at, end);
    if (at < end && table->text[at] == '\t')
      at++;
  }
  return at == end || table->text[at] == '#';
}

bool lore_cells_line(const lore_source *table, size_t *at, size_t *end) {
  if (*at == 0 && !strncmp(table->text, "\xEF\xBB\xBF", 3))
    *at = 3;
  for (;; *at = *end) {
    *at += strspn(table->text + *at, "\r\n");
    if (*at >= table->length)
      return false;
    *end = *at + strcspn(table->text + *at, "\r\n");
    if (!holds_nothing(table, *at, *end))
      return true;
  }
}

static void add_byte(lore_cell *cell, char c) {
  if (cell->length + 1 < sizeof cell->text)
    cell->text[cell->length] = c;
  cell->length++;
}

/* From the opening quote at *at to behind the closing one. */
static lore_status read_quoted(const lore_source *table, size_t end, size_t *at, lore_cell *cell) {
  const size_t opening = *at;
  const char quote = table->text[opening];
  cell->at = opening + 1;
  for (++*at; *at < end; ++*at) {
    bool quoted = table->text[*at] == quote;
    if (quoted && (*at + 1 == end || table->text[*at + 1] != quote)) {
      *at = skip_blanks(table, *at + 1, end);
      if (*at < end && table->text[*at] != '\t')
        return lore_source_fail(
            table, *at, "cells are separated by tabs; here one goes on behind its closing %c",
            quote);
      return LORE_OK;
    }
    *at += quoted;
    add_byte(cell, table->text[*at]);
  }
  return lore_source_fail(table, opening, "this %c is never closed", quote);
}

lore_status lore_cells_next(const lore_source *table, size_t end, size_t *at, lore_cell *cell) {
  *cell = (lore_cell){0};
  *at = skip_blanks(table, *at, end);
  cell->at = *at;
  if (*at < end && strchr("\"'", table->text[*at])) {
    LORE_TRY(read_quoted(table, end, at, cell));
  } else {
    const char *tab = memchr(table->text + *at, '\t', end - *at);
    size_t behind = tab ? (size_t)(tab - table->text) : end;
    for (size_t i = *at, last = trim_blanks(table, *at, behind); i < last; i++)
      add_byte(cell, table->text[i]);
    *at = behind;
  }
  cell->last = *at >= end;
  *at += !cell->last;
  return LORE_OK;
}
