/* Reads a fixture's metrics file with NetCDF alone and compares every value of every record. */
#ifndef LORE_TESTS_METRICS_CHECK_H
#define LORE_TESTS_METRICS_CHECK_H

#include <errno.h>
#include <netcdf.h>
#include <stdio.h>

#include "metrics_fixture.h"

enum { CHECK_VALUES_MAX = FIXTURE_GROUPS * LORE_EXPOSURE_BINS };

/* Whether record `at` of variable `name` holds `count` values: expected[i * stride]. */
static int metrics_check_values(int ncid, const char *name, size_t at, int rank,
                                const size_t *counts, const double *expected, size_t stride,
                                size_t inner) {
  double value[CHECK_VALUES_MAX];
  size_t start[3] = {at}, count[3] = {1, 1, 1}, all = 1;
  nc_type type;
  int id;
  for (int i = 1; i < rank; i++)
    all *= count[i] = counts[i - 1];
  if (nc_inq_varid(ncid, name, &id) || nc_inq_vartype(ncid, id, &type) ||
      nc_get_vara_double(ncid, id, start, count, value))
    return 0;
  for (size_t i = 0; i < all; i++) {
    double e = expected[i / inner * stride + i % inner];
    e = type == NC_FLOAT ? (double)(float)e : e;
    if (value[i] != (isnan(e) ? NC_FILL_DOUBLE : e)) {
      fprintf(stderr, "%s, record %zu, value %zu is %g, not %g\n", name, at, i, value[i], e);
      return 0;
    }
  }
  return 1;
}

static int metrics_check_record(int ncid, size_t at) {
  fixture_record f;
  fixture_fill(&f, (int64_t)at);
  const double step[] = {(double)f.record.step,  f.record.train_loss, f.record.learning_rate,
                         f.record.gradient_norm, f.record.wall_time,  (double)f.record.tokens_seen,
                         f.record.phase};
  static const char *const by_step[] = {
      "step", "train_loss", "learning_rate", "gradient_norm", "wall_time", "tokens_seen", "phase"};
  static const char *const by_group[] = {"attribute_loss", "attribute_accuracy", "max_probability",
                                         "entropy"};
  static const char *const answers[] = {
      "stored_bits",       "stored_bits_per_parameter", "stored_bits_per_layer_parameter",
      "calibration_error", "confidently_wrong",         "auroc_confidence",
      "auroc_entropy"};
  static const char *const by_layer[] = {"attention_name_to_name", "attention_attribute_to_name",
                                         "attention_attribute_to_text", "attention_sharpness"};
  static const char *const binned[] = {"exposure_values", "exposure_accuracy", "exposure_loss",
                                       "recency_values",  "recency_accuracy",  "recency_loss"};
  const size_t groups[] = {FIXTURE_GROUPS, LORE_ATTRIBUTES}, layers[] = {FIXTURE_LAYERS};
  const size_t bins[] = {FIXTURE_GROUPS, LORE_EXPOSURE_BINS};
  const size_t group = sizeof(lore_group_metrics) / sizeof(double);
  const double *g = (const double *)f.group, *a = (const double *)f.attention;
  int good = 1;
  for (int i = 0; i < 7; i++)
    good &= metrics_check_values(ncid, by_step[i], at, 1, NULL, &step[i], 1, 1);
  for (int i = 0; i < 4; i++) {
    good &= metrics_check_values(ncid, by_group[i], at, 2, groups, g + i, group, 1);
    good &= metrics_check_values(ncid, by_layer[i], at, 2, layers, a + i, 4, 1);
  }
  for (int i = 0; i < 7; i++)
    good &= metrics_check_values(ncid, answers[i], at, 2, groups, g + 4 + 2 * LORE_ATTRIBUTES + i,
                                 group, 1);
  for (int i = 0; i < 6; i++)
    good &= metrics_check_values(ncid, binned[i], at, 3, bins,
                                 g + 11 + 2 * LORE_ATTRIBUTES + i * LORE_EXPOSURE_BINS, group,
                                 LORE_EXPOSURE_BINS);
  for (int i = 0; i < 2; i++)
    good &=
        metrics_check_values(ncid, i ? "question_accuracy" : "question_loss", at, 2, groups,
                             g + 11 + 2 * LORE_ATTRIBUTES + 6 * LORE_EXPOSURE_BINS + i, group, 1);
  good &= metrics_check_values(ncid, "attribute_loss_by_attribute", at, 3, groups, g + 4, group,
                               LORE_ATTRIBUTES);
  good &= metrics_check_values(ncid, "attribute_accuracy_by_attribute", at, 3, groups,
                               g + 4 + LORE_ATTRIBUTES, group, LORE_ATTRIBUTES);
  return good;
}

/* The bounds must be there as soon as a record's phase says so. */
static int metrics_check_plateau(int ncid, size_t records) {
  int start, end;
  double from, to;
  if (nc_inq_varid(ncid, "plateau_start", &start) || nc_inq_varid(ncid, "plateau_end", &end) ||
      nc_get_var_double(ncid, start, &from) || nc_get_var_double(ncid, end, &to))
    return 0;
  const double from_expected = 50 * FIXTURE_PLATEAU_FROM - 12.5;
  const double to_expected = 50 * FIXTURE_PLATEAU_TO - 12.5;
  return (from == from_expected || (from == NC_FILL_DOUBLE && records <= FIXTURE_PLATEAU_FROM)) &&
         (to == to_expected || (to == NC_FILL_DOUBLE && records <= FIXTURE_PLATEAU_TO));
}

/* How many records the file has if its last `most` ones are as written; -1 if not, or if it does
 * not open. */
static int metrics_check_last(const char *path, size_t most) {
  int ncid, dimension;
  size_t records = 0;
  if (nc_open(path, NC_NOWRITE, &ncid))
    return -1;
  int good = !nc_inq_dimid(ncid, "step", &dimension) && !nc_inq_dimlen(ncid, dimension, &records);
  for (size_t i = records > most ? records - most : 0; i < records && good; i++)
    good = metrics_check_record(ncid, i);
  good = good && metrics_check_plateau(ncid, records);
  nc_close(ncid);
  return good ? (int)records : -1;
}

static inline int metrics_check(const char *path) {
  return metrics_check_last(path, SIZE_MAX);
}

#endif
