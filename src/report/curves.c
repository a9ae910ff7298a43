/* Reading curves, thinning them to what the eye can see, and writing them. */
#include "curves.h"

#include <math.h>
#include <netcdf.h>
#include <stdlib.h>
#include <string.h>

#include "lore/io/ncfile.h"
#include "thin.h"

/* What the page shows; the second one is along groups or layers. */
typedef enum { ALONE, BY_GROUP, BY_LAYER } lore_curve_shape;

static const struct {
  const char *name;
  lore_curve_shape shape;
} shown[] = {
    {"train_loss", ALONE},
    {"draw_count", ALONE},
    {"draw_alpha", ALONE},
    {"attribute_loss", BY_GROUP},
    {"attribute_accuracy", BY_GROUP},
    {"max_probability", BY_GROUP},
    {"stored_bits_per_parameter", BY_GROUP},
    {"auroc_confidence", BY_GROUP},
    {"question_accuracy", BY_GROUP},
    {"attention_name_to_name", BY_LAYER},
    {"attention_attribute_to_name", BY_LAYER},
    {"attention_attribute_to_text", BY_LAYER},
    {"attention_sharpness", BY_LAYER},
};

enum {
  SHOWN = sizeof shown / sizeof *shown,
  PAGE_BYTES = 12000000, /* for all curves */
  POINTS = 200,          /* of a curve: no screen shows more */
  POINT_BYTES = 8,       /* "0.012346," */
  INDEX_BYTES = 4,       /* "123," */
  NUMBER_SIZE = 32,
  KEY_SIZE = 64
};

/* What is known of the run while it is written. */
typedef struct {
  lore_metrics_row row;
  size_t curves; /* how many it has */
  double *value; /* one for each record */
  size_t *kept;
  char *text;
} lore_curve_work;

void lore_report_curves_begin(int runs, lore_report_curves *curves) {
  *curves = (lore_report_curves){.bytes = PAGE_BYTES / (size_t)(runs > 0 ? runs : 1)};
}

void lore_report_curves_free(lore_report_curves *curves) {
  for (int i = 0; i < curves->grids; i++)
    free(curves->grid[i].step);
  free(curves->grid);
}

static size_t columns(const lore_metrics_row *row, lore_curve_shape shape) {
  return shape == BY_GROUP ? row->groups : shape == BY_LAYER ? row->layers : 1;
}

/* "attribute_loss known", "attention_sharpness 1" */
static void print_key(const lore_metrics_row *row, int index, size_t column, char key[KEY_SIZE]) {
  if (shown[index].shape == BY_GROUP)
    snprintf(key, KEY_SIZE, "%s %.*s", shown[index].name, LORE_GROUP_NAME_MAX, row->group[column]);
  else if (shown[index].shape == BY_LAYER)
    snprintf(key, KEY_SIZE, "%s %zu", shown[index].name, column + 1);
  else
    snprintf(key, KEY_SIZE, "%s", shown[index].name);
}

/* --- Grids --- */

static bool begin_alike(const lore_report_grid *grid, const lore_metrics_row *row) {
  size_t both = grid->records < row->records ? grid->records : row->records;
  return !memcmp(grid->step, row->step, both * sizeof *row->step);
}

static bool copy_steps(const lore_metrics_row *row, lore_report_grid *grid) {
  int64_t *step = calloc(row->records + 1, sizeof *step);
  if (!step)
    return false;
  memcpy(step, row->step, row->records * sizeof *step);
  free(grid->step);
  *grid = (lore_report_grid){row->records, step};
  return true;
}

/* The grid that the run's steps begin, made if there is none; -1 without memory. */
static int find_grid(const lore_metrics_row *row, lore_report_curves *curves) {
  for (int i = 0; i < curves->grids; i++) {
    lore_report_grid *grid = &curves->grid[i];
    if (!begin_alike(grid, row))
      continue;
    return row->records <= grid->records || copy_steps(row, grid) ? i : -1;
  }
  if (curves->grids == curves->room) {
    int room = 2 * curves->room + 8;
    lore_report_grid *longer = realloc(curves->grid, (size_t)room * sizeof *longer);
    if (!longer)
      return -1;
    curves->grid = longer;
    curves->room = room;
  }
  curves->grid[curves->grids] = (lore_report_grid){0};
  if (!copy_steps(row, &curves->grid[curves->grids]))
    return -1;
  return curves->grids++;
}

void lore_report_grids_write(const lore_report_curves *curves, lore_json *json) {
  lore_json_begin_lines(json, "grids");
  for (int i = 0; i < curves->grids; i++) {
    lore_json_begin_array(json, NULL);
    for (size_t j = 0; j < curves->grid[i].records; j++)
      lore_json_integer(json, NULL, curves->grid[i].step[j]);
    lore_json_end(json);
  }
  lore_json_end(json);
}

/* --- Curves --- */

static size_t points_of_curve(const lore_curve_work *work, size_t bytes) {
  size_t share = bytes / (work->curves ? work->curves : 1);
  size_t most = share / POINT_BYTES;
  if (work->row.records > most)
    most = share / (POINT_BYTES + INDEX_BYTES);
  most = most < POINTS ? most : POINTS;
  return most > LORE_THIN_LEAST ? most : LORE_THIN_LEAST;
}

static bool is_constant(const lore_curve_work *work) {
  for (size_t i = 1; i < work->row.records; i++)
    if (work->value[i] != work->value[0])
      return false;
  return isfinite(work->value[0]);
}

static bool is_empty(const lore_curve_work *work) {
  for (size_t i = 0; i < work->row.records; i++)
    if (isfinite(work->value[i]))
      return false;
  return true;
}

/* "[1,2.5,null]" of the kept values. */
static const char *print_values(lore_curve_work *work, size_t kept) {
  char *at = work->text;
  *at++ = '[';
  for (size_t i = 0; i < kept; i++) {
    double value = work->value[work->kept[i]];
    at += isfinite(value) ? snprintf(at, NUMBER_SIZE, "%s%.5g", i ? "," : "", value)
                          : snprintf(at, NUMBER_SIZE, "%snull", i ? "," : "");
  }
  strcpy(at, "]");
  return work->text;
}

static const char *print_kept(lore_curve_work *work, size_t kept) {
  char *at = work->text;
  *at++ = '[';
  for (size_t i = 0; i < kept; i++)
    at += snprintf(at, NUMBER_SIZE, "%s%zu", i ? "," : "", work->kept[i]);
  strcpy(at, "]");
  return work->text;
}

/* One number if it never changes, its values if there are few, else those that were kept. */
static void write_curve(lore_curve_work *work, const char *key, size_t bytes, lore_json *json) {
  if (is_empty(work))
    return;
  if (is_constant(work)) {
    lore_json_real(json, key, 9, work->value[0]);
    return;
  }
  size_t kept = lore_thin(work->value, work->row.records, points_of_curve(work, bytes), work->kept);
  if (kept == work->row.records) {
    lore_json_literal(json, key, print_values(work, kept));
    return;
  }
  lore_json_begin_object(json, key);
  lore_json_literal(json, "at", print_kept(work, kept));
  lore_json_literal(json, "value", print_values(work, kept));
  lore_json_end(json);
}

typedef void visit_curve(lore_curve_work *work, const char *key, size_t bytes, lore_json *json);

static void write_final(lore_curve_work *work, const char *key, size_t bytes, lore_json *json) {
  (void)bytes;
  lore_json_real(json, key, 9, work->value[work->row.records - 1]);
}

/* Calls visit for each curve that can be read; `json` NULL: only tries to read them. */
static int visit_curves(lore_curve_work *work, size_t bytes, visit_curve *visit, lore_json *json) {
  char key[KEY_SIZE];
  for (int i = 0; i < SHOWN; i++)
    for (size_t column = 0; column < columns(&work->row, shown[i].shape); column++) {
      int error = lore_metrics_row_values(&work->row, shown[i].name, column, work->value);
      if (error == NC_ENOTVAR)
        continue;
      if (error)
        return error;
      print_key(&work->row, i, column, key);
      if (json)
        visit(work, key, bytes, json);
      else
        work->curves++;
    }
  return NC_NOERR;
}

static double last_value(lore_curve_work *work, const char *name) {
  if (lore_metrics_row_values(&work->row, name, 0, work->value))
    return NAN;
  return work->value[work->row.records - 1];
}

static void write_numbers(lore_curve_work *work, int grid, lore_json *json) {
  const lore_metrics_row *row = &work->row;
  lore_json_integer(json, "records", (int64_t)row->records);
  lore_json_integer(json, "grid", grid);
  lore_json_integer(json, "last_step", row->step[row->records - 1]);
  lore_json_real(json, "phase", 9, last_value(work, "phase"));
  lore_json_real(json, "time", 9, last_value(work, "wall_time"));
  lore_json_real(json, "plateau_start", 9,
                 lore_metrics_row_number(row->ncid, row->row, "plateau_start"));
  lore_json_real(json, "plateau_end", 9,
                 lore_metrics_row_number(row->ncid, row->row, "plateau_end"));
  lore_json_real(json, "baseline", 9,
                 lore_metrics_row_number(row->ncid, row->row, "no_knowledge_baseline"));
}

static lore_status write_run(lore_curve_work *work, lore_report_curves *curves, lore_json *json,
                             int *error) {
  work->value = calloc(work->row.records + 1, sizeof *work->value);
  work->kept = calloc(POINTS + 1, sizeof *work->kept);
  work->text = calloc(POINTS + 1, NUMBER_SIZE);
  *error = work->value && work->kept && work->text ? visit_curves(work, 0, NULL, NULL) : NC_ENOMEM;
  if (*error || work->row.records == 0)
    return LORE_OK;
  int grid = find_grid(&work->row, curves);
  if (grid < 0)
    return lore_fail(LORE_MEMORY, "cannot allocate the steps of %d runs", curves->grids);
  write_numbers(work, grid, json);
  lore_json_begin_object(json, "final");
  visit_curves(work, curves->bytes, write_final, json);
  lore_json_end(json);
  lore_json_begin_object(json, "curves");
  visit_curves(work, curves->bytes, write_curve, json);
  lore_json_end(json);
  return LORE_OK;
}

lore_status lore_report_curves_write(int ncid, int row, lore_report_curves *curves, lore_json *json,
                                     int *error) {
  lore_curve_work work = {0};
  lore_status status = LORE_OK;
  *error = lore_metrics_row_read(ncid, row, &work.row);
  if (!*error)
    status = write_run(&work, curves, json, error);
  lore_metrics_row_free(&work.row);
  free(work.value);
  free(work.kept);
  free(work.text);
  return status;
}
