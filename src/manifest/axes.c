/* `sweep:` of a study becomes axes. */
#include "axes.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cells.h"
#include "lore/settings/nearest.h"
#include "lore/settings/value.h"

void lore_axes_destroy(lore_axes *axes) {
  for (int a = 0; a < axes->axes; a++)
    free(axes->axis[a].value);
  lore_source_destroy(&axes->table);
  free(axes->path);
  *axes = (lore_axes){0};
}

int64_t lore_axes_points(const lore_axes *axes) {
  int64_t points = 1;
  for (int a = 0; a < axes->axes && points <= LORE_POINTS_MAX; a++)
    points *= axes->axis[a].points;
  return points;
}

lore_status lore_axes_each(const lore_axes *axes, int64_t point,
                           lore_status (*take)(void *context, int setting,
                                               const lore_axis_value *value),
                           void *context) {
  int64_t block = lore_axes_points(axes);
  for (int a = 0; a < axes->axes; a++) {
    const lore_axis *axis = &axes->axis[a];
    block /= axis->points;
    int64_t at = point / block % axis->points;
    for (int k = 0; k < axis->keys; k++)
      LORE_TRY(take(context, axis->setting[k], &axis->value[at * axis->keys + k]));
  }
  return LORE_OK;
}

lore_status lore_axis_apply(lore_study *study, int setting, const lore_axis_value *value) {
  int count;
  lore_yaml_node node = {.kind = LORE_YAML_SCALAR,
                         .quoted = value->quoted,
                         .text = (char *)value->text,
                         .at = value->at,
                         .first = -1,
                         .next = -1};
  lore_yaml one = {.source = value->source, .count = 1, .node = &node};
  LORE_TRY(lore_setting_parse(&lore_settings_table(&count)[setting], &one, 0, value->at,
                              study->settings));
  study->place[setting] = (lore_place){.source = value->source, .at = value->at, .swept = true};
  return LORE_OK;
}

/* The setting called `key`, if it can be swept and is not yet. */
static lore_status find_axis_setting(const lore_axes *axes, const lore_source *source, size_t at,
                                     const char *key, int *setting) {
  int count, index = lore_setting_find(key);
  char suggestion[LORE_SUGGESTION_SIZE];
  const lore_setting *table = lore_settings_table(&count);
  if (index < 0)
    return lore_source_fail(source, at, "unknown setting '%s'; %s", key,
                            lore_setting_suggest(key, suggestion));
  if (!lore_setting_is_swept(&table[index]))
    return lore_source_fail(source, at, "'%s' cannot be swept", key);
  for (int a = 0; a < axes->axes; a++)
    for (int k = 0; k < axes->axis[a].keys; k++)
      if (axes->axis[a].setting[k] == index)
        return lore_source_fail(source, at, "'%s' is swept twice", key);
  *setting = index;
  return LORE_OK;
}

/* Another axis, without values yet; `at` is for a message. */
static lore_status add_axis(lore_axes *axes, const lore_source *source, size_t at, int keys,
                            int points, lore_axis **axis) {
  if (axes->axes == LORE_AXES_MAX || keys > LORE_AXES_MAX)
    return lore_source_fail(source, at, "at most %d settings can be swept", LORE_AXES_MAX);
  if (points < 1 || points > LORE_POINTS_MAX)
    return lore_source_fail(source, at, "an axis has 1 to %d values, not %d", LORE_POINTS_MAX,
                            points);
  lore_axis made = {.keys = keys, .points = points};
  made.value = calloc((size_t)keys * (size_t)points, sizeof *made.value);
  if (!made.value)
    return lore_fail(LORE_MEMORY, "cannot allocate %d values", keys * points);
  axes->axis[axes->axes] = made;
  *axis = &axes->axis[axes->axes++];
  return LORE_OK;
}

/* Copies `length` bytes of text. */
static lore_status put_axis_value(lore_axis_value *value, const lore_source *source, size_t at,
                                  const char *text, size_t length) {
  if (length >= sizeof value->text)
    return lore_source_fail(source, at, "a swept value has at most %zu characters",
                            sizeof value->text - 1);
  *value = (lore_axis_value){.source = source, .at = at};
  memcpy(value->text, text, length);
  return LORE_OK;
}

/* from, to, count and scale of a range. */
typedef struct {
  double from, to;
  int count;
  bool logarithmic;
} lore_value_range;

static lore_status read_range_number(const lore_yaml *yaml, int node, double *number) {
  char *end = NULL;
  if (yaml->node[node].kind == LORE_YAML_SCALAR)
    *number = strtod(yaml->node[node].text, &end);
  if (!end || end == yaml->node[node].text || *end || !isfinite(*number))
    return lore_source_fail(yaml->source, yaml->node[node].at, "a number is needed here");
  return LORE_OK;
}

static lore_status read_range_key(const lore_yaml *yaml, int key, lore_value_range *range) {
  const char *name = yaml->node[key].kind == LORE_YAML_SCALAR ? yaml->node[key].text : "";
  int value = yaml->node[key].next;
  const lore_yaml_node *node = &yaml->node[value];
  double count = 0;
  if (!strcmp(name, "from"))
    return read_range_number(yaml, value, &range->from);
  if (!strcmp(name, "to"))
    return read_range_number(yaml, value, &range->to);
  if (!strcmp(name, "count")) {
    LORE_TRY(read_range_number(yaml, value, &count));
    range->count = count >= 2 && count <= LORE_POINTS_MAX && count == floor(count) ? (int)count : 0;
    return range->count ? LORE_OK
                        : lore_source_fail(yaml->source, node->at,
                                           "count is an integer from 2 to %d", LORE_POINTS_MAX);
  }
  if (!strcmp(name, "scale") && node->kind == LORE_YAML_SCALAR &&
      (!strcmp(node->text, "log") || !strcmp(node->text, "linear"))) {
    range->logarithmic = !strcmp(node->text, "log");
    return LORE_OK;
  }
  return lore_source_fail(
      yaml->source, yaml->node[key].at,
      "a range is '{from: A, to: B, count: N}', with 'scale: linear' (default) or "
      "'scale: log'");
}

static lore_status read_range(const lore_yaml *yaml, int node, lore_value_range *range) {
  *range = (lore_value_range){.from = NAN, .to = NAN};
  for (int key = yaml->node[node].first; key >= 0; key = yaml->node[yaml->node[key].next].next)
    LORE_TRY(read_range_key(yaml, key, range));
  if (isnan(range->from) || isnan(range->to) || range->count == 0)
    return lore_source_fail(yaml->source, yaml->node[node].at,
                            "a range needs from, to and count: '{from: 1, to: 8, count: 4}'");
  if (range->logarithmic && (range->from <= 0 || range->to <= 0))
    return lore_source_fail(yaml->source, yaml->node[node].at, "a logarithmic range lies above 0");
  return LORE_OK;
}

static void range_value(const lore_value_range *range, const lore_setting *setting, int i,
                        char *text) {
  double share = (double)i / (range->count - 1);
  double value = range->logarithmic
                     ? exp(log(range->from) + share * (log(range->to) - log(range->from)))
                     : range->from + share * (range->to - range->from);
  if (i == range->count - 1)
    value = range->to;
  if (setting->kind == LORE_SETTING_REAL)
    snprintf(text, LORE_AXIS_VALUE_MAX, "%.12g", value);
  else
    snprintf(text, LORE_AXIS_VALUE_MAX, "%" PRId64, (int64_t)llround(value));
}

static lore_status add_axis_range(const lore_yaml *yaml, int node, lore_axis *axis, int key) {
  int count;
  lore_value_range range;
  char text[LORE_AXIS_VALUE_MAX], before[LORE_AXIS_VALUE_MAX] = "";
  const lore_setting *setting = &lore_settings_table(&count)[axis->setting[key]];
  LORE_TRY(read_range(yaml, node, &range));
  if (setting->kind == LORE_SETTING_CHOICE || setting->kind == LORE_SETTING_BOOLEAN ||
      setting->kind == LORE_SETTING_TEXT)
    return lore_source_fail(yaml->source, yaml->node[node].at,
                            "'%s' is not a number; list its values", setting->key);
  for (int i = 0; i < range.count; i++) {
    range_value(&range, setting, i, text);
    if (!strcmp(text, before))
      return lore_source_fail(yaml->source, yaml->node[node].at,
                              "this range gives %s twice; use fewer values", text);
    strcpy(before, text);
    LORE_TRY(put_axis_value(&axis->value[i * axis->keys + key], yaml->source, yaml->node[node].at,
                            text, strlen(text)));
  }
  return LORE_OK;
}

static lore_status add_axis_list(const lore_yaml *yaml, int node, lore_axis *axis, int key) {
  int i = 0;
  for (int item = yaml->node[node].first; item >= 0; item = yaml->node[item].next, i++) {
    if (yaml->node[item].kind != LORE_YAML_SCALAR)
      return lore_source_fail(yaml->source, yaml->node[item].at, "a single value is needed here");
    const char *text = yaml->node[item].text;
    lore_axis_value *value = &axis->value[i * axis->keys + key];
    LORE_TRY(put_axis_value(value, yaml->source, yaml->node[item].at, text, strlen(text)));
    value->quoted = yaml->node[item].quoted;
  }
  return LORE_OK;
}

/* How many values a list or range has. */
static lore_status count_axis_values(const lore_yaml *yaml, int node, int *points) {
  lore_value_range range;
  if (yaml->node[node].kind == LORE_YAML_LIST && yaml->node[node].parts > 0) {
    *points = (int)yaml->node[node].parts;
    return LORE_OK;
  }
  if (yaml->node[node].kind != LORE_YAML_MAPPING)
    return lore_source_fail(yaml->source, yaml->node[node].at,
                            "a list of values '[A, B]' or a range '{from: A, to: B, count: N}' is "
                            "needed here");
  LORE_TRY(read_range(yaml, node, &range));
  *points = range.count;
  return LORE_OK;
}

static lore_status read_axis_key(const lore_yaml *yaml, int key, const lore_axes *axes,
                                 lore_axis *axis, int k) {
  int value = yaml->node[key].next;
  if (yaml->node[key].kind != LORE_YAML_SCALAR)
    return lore_source_fail(yaml->source, yaml->node[key].at, "the name of a setting is needed");
  axis->setting[k] = -1;
  LORE_TRY(find_axis_setting(axes, yaml->source, yaml->node[key].at, yaml->node[key].text,
                             &axis->setting[k]));
  return yaml->node[value].kind == LORE_YAML_LIST ? add_axis_list(yaml, value, axis, k)
                                                  : add_axis_range(yaml, value, axis, k);
}

static lore_status check_axes_mapping(const lore_yaml *yaml, int node, size_t at,
                                      const char *name) {
  if (yaml->node[node].kind == LORE_YAML_MAPPING && yaml->node[node].parts > 0)
    return LORE_OK;
  return lore_source_fail(yaml->source, at,
                          "'%s' needs settings with their values: '%s: "
                          "{train.learning_rate: [1.0e-03, 2.0e-03]}'",
                          name, name);
}

static lore_status read_grid(const lore_yaml *yaml, int grid, size_t at, lore_axes *axes) {
  LORE_TRY(check_axes_mapping(yaml, grid, at, "grid"));
  for (int key = yaml->node[grid].first; key >= 0; key = yaml->node[yaml->node[key].next].next) {
    int points = 0;
    lore_axis *axis;
    LORE_TRY(count_axis_values(yaml, yaml->node[key].next, &points));
    LORE_TRY(add_axis(axes, yaml->source, at, 1, points, &axis));
    axis->setting[0] = -1;
    LORE_TRY(read_axis_key(yaml, key, axes, axis, 0));
  }
  return LORE_OK;
}

static lore_status read_zip(const lore_yaml *yaml, int zip, size_t at, lore_axes *axes) {
  LORE_TRY(check_axes_mapping(yaml, zip, at, "zip"));
  int keys = (int)yaml->node[zip].parts / 2, points = 0, k = 0;
  for (int key = yaml->node[zip].first; key >= 0; key = yaml->node[yaml->node[key].next].next) {
    int more = 0;
    LORE_TRY(count_axis_values(yaml, yaml->node[key].next, &more));
    if (points > 0 && more != points)
      return lore_source_fail(yaml->source, yaml->node[key].at,
                              "the lists of 'zip' go side by side: this one has %d values, the "
                              "first %d",
                              more, points);
    points = more;
  }
  lore_axis *axis;
  LORE_TRY(add_axis(axes, yaml->source, at, keys, points, &axis));
  for (int i = 0; i < keys; i++)
    axis->setting[i] = -1;
  for (int key = yaml->node[zip].first; key >= 0; key = yaml->node[yaml->node[key].next].next)
    LORE_TRY(read_axis_key(yaml, key, axes, axis, k++));
  return LORE_OK;
}

/* `seeds: 3` or `seeds: [1, 5]`. */
static lore_status read_seeds(const lore_yaml *yaml, int node, size_t at, uint64_t seed,
                              lore_axes *axes) {
  lore_axis *axis;
  double count = 0;
  bool list = yaml->node[node].kind == LORE_YAML_LIST;
  if (!list && (read_range_number(yaml, node, &count) || count < 1 || count != floor(count)))
    return lore_source_fail(yaml->source, at,
                            "'seeds' is how many ('seeds: 3') or which ones "
                            "('seeds: [1, 5, 9]')");
  int points = list ? (int)yaml->node[node].parts : (int)fmin(count, LORE_POINTS_MAX + 1.0);
  LORE_TRY(add_axis(axes, yaml->source, at, 1, points, &axis));
  axis->setting[0] = -1;
  LORE_TRY(find_axis_setting(axes, yaml->source, at, "seed", &axis->setting[0]));
  if (list)
    return add_axis_list(yaml, node, axis, 0);
  for (int i = 0; i < points; i++) {
    char text[32];
    int length = snprintf(text, sizeof text, "%" PRIu64, seed + (uint64_t)i);
    LORE_TRY(put_axis_value(&axis->value[i], yaml->source, at, text, (size_t)length));
    axis->value[i].counted = true;
  }
  return LORE_OK;
}

/* How many settings the first line of a table names; empty cells at its end are none. */
static lore_status count_table_keys(const lore_source *table, size_t line, size_t end, int *keys) {
  lore_cell cell = {0};
  *keys = 0;
  for (int k = 1; !cell.last; k++) {
    LORE_TRY(lore_cells_next(table, end, &line, &cell));
    if (cell.length > 0)
      *keys = k;
  }
  return LORE_OK;
}

static lore_status read_table_header(const lore_axes *axes, const lore_source *table, size_t line,
                                     size_t end, lore_axis *axis) {
  for (int k = 0; k < axis->keys; k++) {
    lore_cell cell;
    LORE_TRY(lore_cells_next(table, end, &line, &cell));
    axis->setting[k] = -1;
    LORE_TRY(find_axis_setting(axes, table, cell.at, cell.text, &axis->setting[k]));
  }
  return LORE_OK;
}

static lore_status read_table_line(const lore_source *table, size_t line, size_t end, int point,
                                   lore_axis *axis) {
  lore_cell cell = {0};
  size_t at = line;
  for (int k = 0; k < axis->keys || !cell.last; k++) {
    if (cell.last)
      return lore_source_fail(table, line, "%d cells, but the first line has %d", k, axis->keys);
    LORE_TRY(lore_cells_next(table, end, &at, &cell));
    if (k >= axis->keys && cell.length > 0)
      return lore_source_fail(table, cell.at, "more cells than the %d of the first line",
                              axis->keys);
    if (k < axis->keys)
      LORE_TRY(put_axis_value(&axis->value[point * axis->keys + k], table, cell.at, cell.text,
                              cell.length));
  }
  return LORE_OK;
}

static lore_status read_table_lines(lore_axes *axes, const lore_source *table) {
  size_t at = 0, end = 0, header = 0, header_end = 0;
  int keys, points = 0, point = 0;
  lore_axis *axis = NULL;
  if (lore_cells_line(table, &at, &end)) {
    header = at;
    header_end = at = end;
    while (lore_cells_line(table, &at, &end)) {
      points++;
      at = end;
    }
  }
  if (points == 0)
    return lore_source_fail(table, LORE_NOWHERE,
                            "a table has settings in its first line and values below");
  LORE_TRY(count_table_keys(table, header, header_end, &keys));
  LORE_TRY(add_axis(axes, table, header, keys, points, &axis));
  for (int k = 0; k < keys; k++)
    axis->setting[k] = -1;
  LORE_TRY(read_table_header(axes, table, header, header_end, axis));
  for (at = header_end; lore_cells_line(table, &at, &end); at = end)
    LORE_TRY(read_table_line(table, at, end, point++, axis));
  return LORE_OK;
}

/* `table: FILE`: tab-separated, beside the study unless absolute; settings in the first line, a
 * point in each other one. */
static lore_status read_axis_table(const lore_yaml *yaml, int node, size_t at, lore_axes *axes) {
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
  return status == LORE_OK ? read_table_lines(axes, &axes->table) : status;
}

lore_status lore_axes_read(const lore_yaml *yaml, int sweep, size_t at, uint64_t seed,
                           lore_axes *axes) {
  static const char *const names[] = {"grid", "zip", "table", "seeds", NULL};
  *axes = (lore_axes){0};
  if (sweep < 0)
    return LORE_OK;
  if (yaml->node[sweep].kind != LORE_YAML_MAPPING)
    return lore_source_fail(yaml->source, at, "'sweep' has 'grid', 'zip', 'table' and 'seeds'");
  for (int key = yaml->node[sweep].first; key >= 0; key = yaml->node[yaml->node[key].next].next) {
    const lore_yaml_node *node = &yaml->node[key];
    const char *name = node->kind == LORE_YAML_SCALAR ? node->text : "";
    if (!strcmp(name, "grid"))
      LORE_TRY(read_grid(yaml, node->next, node->at, axes));
    else if (!strcmp(name, "zip"))
      LORE_TRY(read_zip(yaml, node->next, node->at, axes));
    else if (!strcmp(name, "table"))
      LORE_TRY(read_axis_table(yaml, node->next, node->at, axes));
    else if (!strcmp(name, "seeds"))
      LORE_TRY(read_seeds(yaml, node->next, node->at, seed, axes));
    else {
      const char *nearest = lore_word_nearest(name, names);
      return lore_source_fail(yaml->source, node->at, "'%s' is not part of a sweep; %s%s%s", name,
                              nearest ? "did you mean '" : "it has grid, zip, table and seeds",
                              nearest ? nearest : "", nearest ? "'?" : "");
    }
  }
  return LORE_OK;
}
