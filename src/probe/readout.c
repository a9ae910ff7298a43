/* Fitting linear probes, choosing their ridge strength, judging them. */
#include "readout.h"

#include <math.h>
#include <string.h>

#include "lore/linalg/spectra.h"

enum { CLASSES_MAX = 2 * LORE_PROBE_PARTS_MAX };

/* One cell: what is read of `attribute` at `position` and level first_level + level. */
typedef struct {
  int index, level, position;
  lore_attribute attribute;
  lore_probe_codes codes;
} cell_place;

/* The cell-th of those of `attribute` in this pass. */
static cell_place locate_cell(const lore_probe_work *work, lore_attribute attribute, int cell) {
  cell_place place = {.index = cell * LORE_ATTRIBUTES + (int)attribute,
                      .level = work->first_level + cell / LORE_PROBE_POSITIONS,
                      .position = cell % LORE_PROBE_POSITIONS,
                      .attribute = attribute};
  place.codes =
      lore_probe_codes_of(lore_population_vocabulary(work->problem->population), attribute);
  return place;
}

/* Reads the activations of `group` for `use` into work->x. */
static lore_status read_cells(lore_probe_work *work, lore_probe_group group, lore_probe_use use,
                              lore_matrix *verdicts) {
  int rows = lore_probe_rows(&work->problem->config, group, use);
  LORE_TRY(lore_probe_matrices_create(work->grid, work->cells, rows, work->sizes.width, work->x));
  return lore_probe_read(&work->reader, group, use, work->first_level, work->levels, work->x,
                         verdicts);
}

static void destroy_cells(lore_probe_work *work) {
  lore_probe_matrices_destroy(work->cells, work->x);
}

static lore_status covariance_spectrum(lore_probe_work *work, const cell_place *place, int rows) {
  const lore_matrix *gram = &work->ridge[place->index].gram;
  lore_probe_result *result = work->result;
  size_t at = lore_probe_spectrum_at(place->level, place->position, (int)place->attribute);
  double *value = result->eigenvalue + at * (size_t)work->sizes.width;
  lore_matrix covariance;
  LORE_TRY(lore_matrix_create(work->grid, gram->rows, gram->columns, &covariance));
  for (size_t i = 0; i < (size_t)gram->stride * (size_t)gram->local_columns; i++)
    covariance.element[i] = gram->element[i] / rows;
  lore_status status = lore_symmetric_eigenvalues(&covariance, value);
  lore_matrix_destroy(&covariance);
  LORE_TRY(status);
  lore_probe_put_spectrum(work->sizes.width, value, &result->effective_rank[at],
                          &result->participation[at], &result->condition[at]);
  return LORE_OK;
}

static lore_status fit_attribute(lore_probe_work *work, lore_attribute attribute, int rows) {
  lore_matrix y;
  lore_status status = LORE_OK;
  int columns = locate_cell(work, attribute, 0).codes.columns;
  LORE_TRY(lore_matrix_create(work->grid, rows, columns, &y));
  for (int cell = 0; cell < work->levels * LORE_PROBE_POSITIONS && status == LORE_OK; cell++) {
    cell_place place = locate_cell(work, attribute, cell);
    lore_probe_codes_put(work->problem, &work->shuffle, attribute, LORE_PROBE_FITTED,
                         LORE_PROBE_FIT, &y); /* fitting centres them */
    status = lore_ridge_create(&work->x[place.index], &y, &work->ridge[place.index]);
    if (status == LORE_OK)
      status = covariance_spectrum(work, &place, rows);
  }
  lore_matrix_destroy(&y);
  return status;
}

lore_status lore_probe_fit_cells(lore_probe_work *work) {
  int rows = lore_probe_rows(&work->problem->config, LORE_PROBE_FITTED, LORE_PROBE_FIT);
  for (int a = 0; a < LORE_ATTRIBUTES; a++)
    LORE_TRY(fit_attribute(work, (lore_attribute)a, rows));
  return LORE_OK;
}

lore_status lore_probe_fit(lore_probe_work *work) {
  lore_status status = read_cells(work, LORE_PROBE_FITTED, LORE_PROBE_FIT, NULL);
  if (status == LORE_OK)
    status = lore_probe_fit_cells(work);
  destroy_cells(work);
  return status;
}

/* Codes of `group` for `use`, and room for predictions of the same shape. */
static lore_status make_codes(lore_probe_work *work, lore_attribute attribute,
                              lore_probe_group group, lore_probe_use use, lore_matrix pair[2]) {
  int rows = lore_probe_rows(&work->problem->config, group, use);
  int columns = locate_cell(work, attribute, 0).codes.columns;
  LORE_TRY(lore_probe_matrices_create(work->grid, 2, rows, columns, pair));
  lore_probe_codes_put(work->problem, &work->shuffle, attribute, group, use, &pair[0]);
  return LORE_OK;
}

int lore_probe_best_strength(const lore_probe_config *config, int stride,
                             const lore_class_score *score) {
  const double rounding = 1e-7;
  int best = 0;
  for (int s = 1; s < config->strengths; s++) {
    const lore_class_score *a = &score[s * stride], *b = &score[best * stride];
    double less = b->squared_error - a->squared_error, same = rounding * b->squared_error;
    bool better = a->accuracy > b->accuracy;
    if (a->accuracy == b->accuracy)
      better = less > same || (less >= -same && config->strength[s] > config->strength[best]);
    if (better)
      best = s;
  }
  return best;
}

/* Where what belongs to class group `g` of a cell stands, and in which of the two vectors. */
static double *score_slot(const lore_probe_work *work, const cell_place *place,
                          lore_probe_group group, int g, double *truth, double *control) {
  int part = g % place->codes.parts;
  return (g < place->codes.parts ? truth : control) +
         lore_probe_at(work->sizes, (int)group, place->level, place->position,
                       place->codes.first_target + part);
}

static lore_status choose_cell(lore_probe_work *work, const cell_place *place,
                               lore_probe_group group, lore_matrix pair[2]) {
  const lore_probe_config *config = &work->problem->config;
  lore_class_score score[LORE_PROBE_STRENGTHS_MAX * CLASSES_MAX];
  int groups = 2 * place->codes.parts;
  LORE_TRY(lore_ridge_path(&work->ridge[place->index], &work->x[place->index], &pair[0],
                           config->strengths, config->strength, groups, place->codes.group,
                           &pair[1], score));
  for (int g = 0; g < groups; g++)
    *score_slot(work, place, group, g, work->result->strength, work->result->control_strength) =
        config->strength[lore_probe_best_strength(config, groups, score + g)];
  return LORE_OK;
}

/* Solves for each strength that was chosen once. What nobody could choose for held-out individuals
 * was chosen for the other ones. */
static lore_status judge_cell(lore_probe_work *work, const cell_place *place,
                              lore_probe_group group, lore_matrix pair[2]) {
  const lore_probe_config *config = &work->problem->config;
  lore_probe_result *r = work->result;
  lore_ridge *ridge = &work->ridge[place->index];
  lore_probe_group chooser = group == LORE_PROBE_HELD_OUT ? LORE_PROBE_OTHER : group;
  for (int s = 0; s < config->strengths; s++) {
    bool predicted = false;
    for (int g = 0; g < 2 * place->codes.parts; g++) {
      lore_class_score score;
      double strength = config->strength[s];
      if (*score_slot(work, place, chooser, g, r->strength, r->control_strength) != strength)
        continue;
      if (!predicted) {
        LORE_TRY(lore_ridge_solve(ridge, strength));
        lore_ridge_predict(ridge, &work->x[place->index], &pair[1]);
        predicted = true;
      }
      LORE_TRY(lore_class_compare(&pair[1], &pair[0], place->codes.group[g], &score));
      *score_slot(work, place, group, g, r->accuracy, r->control_accuracy) = score.accuracy;
      *score_slot(work, place, group, g, r->loss, r->control_loss) = score.squared_error;
      *score_slot(work, place, group, g, r->strength, r->control_strength) = strength;
    }
  }
  return LORE_OK;
}

typedef lore_status cell_step(lore_probe_work *work, const cell_place *place,
                              lore_probe_group group, lore_matrix pair[2]);

static lore_status step_cells(lore_probe_work *work, lore_probe_group group, lore_probe_use use,
                              cell_step *step) {
  lore_status status = LORE_OK;
  for (int a = 0; a < LORE_ATTRIBUTES && status == LORE_OK; a++) {
    lore_matrix pair[2];
    status = make_codes(work, (lore_attribute)a, group, use, pair);
    for (int cell = 0; cell < work->levels * LORE_PROBE_POSITIONS && status == LORE_OK; cell++) {
      cell_place place = locate_cell(work, (lore_attribute)a, cell);
      status = step(work, &place, group, pair);
    }
    lore_probe_matrices_destroy(2, pair);
  }
  return status;
}

lore_status lore_probe_choose_cells(lore_probe_work *work, lore_probe_group group) {
  return step_cells(work, group, LORE_PROBE_CHOOSE, choose_cell);
}

lore_status lore_probe_judge_cells(lore_probe_work *work, lore_probe_group group) {
  return step_cells(work, group, LORE_PROBE_JUDGE, judge_cell);
}

lore_status lore_probe_choose(lore_probe_work *work, lore_probe_group group) {
  lore_status status = read_cells(work, group, LORE_PROBE_CHOOSE, NULL);
  if (status == LORE_OK)
    status = lore_probe_choose_cells(work, group);
  destroy_cells(work);
  return status;
}

/* What the model itself says of these biographies, and what always the same answer would. */
static lore_status judge_model(lore_probe_work *work, lore_probe_group group,
                               const lore_matrix *verdicts) {
  lore_probe_result *r = work->result;
  double mean[verdicts->columns];
  size_t at = (size_t)group * LORE_PROBE_TARGETS;
  LORE_TRY(lore_matrix_means(verdicts, mean));
  memcpy(r->model_accuracy + at, mean, sizeof *mean * LORE_PROBE_TARGETS);
  r->model_loss[group] = mean[LORE_PROBE_VERDICT_LOSS];
  r->model_confidence[group] = mean[LORE_PROBE_VERDICT_CONFIDENCE];
  int places = (int)group * work->sizes.levels + work->first_level;
  memcpy(r->lens_accuracy + places * LORE_PROBE_POSITIONS * LORE_ATTRIBUTES,
         mean + LORE_PROBE_VERDICTS, sizeof *mean * (size_t)work->cells);
  for (int a = 0; a < LORE_ATTRIBUTES; a++) {
    lore_probe_codes codes = locate_cell(work, (lore_attribute)a, 0).codes;
    for (int part = 0; part < codes.parts; part++) {
      size_t target = at + (size_t)(codes.first_target + part);
      LORE_TRY_TOGETHER(work->grid->team,
                        lore_probe_limits(work->problem, group, (lore_attribute)a, part,
                                          &r->chance[target], &r->ceiling[target]));
    }
  }
  return LORE_OK;
}

lore_status lore_probe_judge(lore_probe_work *work, lore_probe_group group) {
  int rows = lore_probe_rows(&work->problem->config, group, LORE_PROBE_JUDGE);
  lore_matrix verdicts;
  if (rows == 0)
    return LORE_OK;
  LORE_TRY(lore_matrix_create(work->grid, rows, lore_probe_verdicts(work->cells), &verdicts));
  lore_status status = read_cells(work, group, LORE_PROBE_JUDGE, &verdicts);
  if (status == LORE_OK)
    status = judge_model(work, group, &verdicts);
  if (status == LORE_OK)
    status = lore_probe_judge_cells(work, group);
  destroy_cells(work);
  lore_matrix_destroy(&verdicts);
  return status;
}
