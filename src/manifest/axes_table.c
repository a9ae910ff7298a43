/* A sweep's points from a tab-separated file. */
#include "axes_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Length of the line at byte `at`, without its end; *next is where the following one begins. */
static size_t line_length(const lore_source *table, size_t at, size_t *next) {
  const char *end = memchr(table->text + at, '\n', table->length - at);
  size_t length = end ? (size_t)(end - table->text) - at : table->length - at;
  *next = at + length + (end != NULL);
  while (length > 0 && table->text[at + length - 1] == '\r')
    length--;
  return length;
}

static bool is_blank(const char *line, size_t length) {
  return length == 0 || line[0] == '#';
}

/* Cell `index` of a line: its place and length. False if the line has fewer. */
static bool find_cell(const lore_source *table, size_t line, size_t length, int index, size_t *at,
                      size_t *size) {
  size_t from = line, end = line + length;
  for (; index > 0; index--) {
    const char *tab = memchr(table->text + from, '\t', end - from);
    if (!tab)
      return false;
    from = (size_t)(tab - table->text) + 1;
  }
  const char *tab = memchr(table->text + from, '\t', end - from);
  *at = from;
  *size = (tab ? (size_t)(tab - table->text) : end) - from;
  return true;
}

static lore_status read_header(const lore_axes *axes, const lore_source *table, size_t line,
                               size_t length, lore_axis *axis) {
  for (int k = 0; k < axis->keys; k++) {
    size_t at = 0, size = 0;
    char key[LORE_NAME_MAX];
    find_cell(table, line, length, k, &at, &size);
    snprintf(key, sizeof key, "%.*s", (int)size, table->text + at);
    axis->setting[k] = -1;
    LORE_TRY(lore_axis_find(axes, table, at, key, &axis->setting[k]));
  }
  return LORE_OK;
}

static lore_status read_line(const lore_source *table, size_t line, size_t length, int point,
                             lore_axis *axis) {
  size_t at, size;
  if (find_cell(table, line, length, axis->keys, &at, &size))
    return lore_source_fail(table, at, "more cells than the %d of the first line", axis->keys);
  for (int k = 0; k < axis->keys; k++) {
    if (!find_cell(table, line, length, k, &at, &size))
      return lore_source_fail(table, line, "%d cells, but the first line has %d", k, axis->keys);
    LORE_TRY(
        lore_axis_put(&axis->value[point * axis->keys + k], table, at, table->text + at, size));
  }
  return LORE_OK;
}

static lore_status read_lines(lore_axes *axes, const lore_source *table) {
  size_t next, header = 0, length = 0;
  int keys = 0, lines = 0;
  lore_axis *axis = NULL;
  for (size_t line = 0; line < table->length; line = next) {
    size_t size = line_length(table, line, &next);
    if (is_blank(table->text + line, size))
      continue;
    if (lines++ == 0) {
      header = line;
      length = size;
    }
  }
  size_t at, size;
  while (lines > 0 && find_cell(table, header, length, keys, &at, &size))
    keys++;
  if (lines < 2)
    return lore_source_fail(table, LORE_NOWHERE,
                            "a table has settings in its first line and values below");
  LORE_TRY(lore_axes_add(axes, table, header, keys, lines - 1, &axis));
  for (int k = 0; k < keys; k++)
    axis->setting[k] = -1;
  LORE_TRY(read_header(axes, table, header, length, axis));
  int point = 0;
  line_length(table, header, &next);
  for (size_t line = next; line < table->length; line = next) {
    length = line_length(table, line, &next);
    if (!is_blank(table->text + line, length))
      LORE_TRY(read_line(table, line, length, point++, axis));
  }
  return LORE_OK;
}

lore_status lore_axes_read_table(const lore_yaml *yaml, int node, size_t at, lore_axes *axes) {
  char *path = NULL;
  if (yaml->node[node].kind != LORE_YAML_SCALAR || !*yaml->node[node].text)
    return lore_source_fail(yaml->source, at, "'table' is the name of a tab-separated file");
  if (axes->table.text)
    return lore_source_fail(yaml->source, at, "'table' is given twice");
  LORE_TRY(lore_source_beside(yaml->source, yaml->node[node].text, &path));
  axes->path = path;
  axes->table_name = yaml->node[node].text;
  if (access(path, R_OK))
    return lore_source_fail(yaml->source, yaml->node[node].at, "the table %s cannot be read: %s",
                            path, strerror(errno));
  lore_status status = lore_source_read(path, &axes->table);
  return status == LORE_OK ? read_lines(axes, &axes->table) : status;
}
