/* The axes of a sweep: which settings take which values together. */
#ifndef LORE_MANIFEST_AXES_H
#define LORE_MANIFEST_AXES_H

#include "lore/manifest/manifest.h"
#include "lore/settings/read.h"

/* Values of an axis, at the most. */
enum { LORE_POINTS_MAX = 100000 };

/* A value as it is written somewhere. */
typedef struct {
  const lore_source *source;
  size_t at;
  bool quoted;
  bool counted; /* one of `seeds: N` */
  char text[LORE_AXIS_VALUE_MAX];
} lore_axis_value;

/* Settings that change together: one of a grid, several of a zip or table. */
typedef struct {
  int keys, points;
  int setting[LORE_AXES_MAX]; /* indices into the table of settings */
  lore_axis_value *value;     /* points x keys */
} lore_axis;

/* The product of several axes. */
typedef struct {
  int axes;
  lore_axis axis[LORE_AXES_MAX];
  lore_source table;      /* the TSV file of a table, if there is one */
  char *path;             /* where it is */
  const char *table_name; /* what the study calls it */
} lore_axes;

/* What a run is swept to, the values of its parent first. */
typedef struct {
  int setting; /* index into the table of settings */
  const lore_axis_value *value;
} lore_swept;

typedef struct {
  int count; /* at most LORE_AXES_MAX */
  const lore_swept *swept;
} lore_run_values;

/* Reads the `sweep` at node `sweep` (-1: none). `seed` is the first of counted seeds. Free with
 * lore_axes_destroy, also after a failure; values point into it. */
lore_status lore_axes_read(const lore_yaml *yaml, int sweep, size_t at, uint64_t seed,
                           lore_axes *axes);
void lore_axes_destroy(lore_axes *axes);

/* Number of combinations. */
int64_t lore_axes_points(const lore_axes *axes);

/* Calls `take` for every setting with its value at combination `point`; the last axis changes
 * fastest. */
lore_status lore_axes_each(const lore_axes *axes, int64_t point,
                           lore_status (*take)(void *context, int setting,
                                               const lore_axis_value *value),
                           void *context);

/* Gives setting `setting` the value. */
lore_status lore_axis_apply(lore_study *study, int setting, const lore_axis_value *value);

#endif
