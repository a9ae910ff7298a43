/* The runs of a study: a study file expanded over its axes, seeds and experiments, and the file
 * that freezes them. How studies are written: doc/study.md. */
#ifndef LORE_MANIFEST_MANIFEST_H
#define LORE_MANIFEST_MANIFEST_H

#include <stdint.h>

#include "lore/base/status.h"
#include "lore/io/checkpoint.h"
#include "lore/settings/settings.h"

enum { LORE_RUN_ID_MAX = 160, LORE_AXES_MAX = 32, LORE_AXIS_VALUE_MAX = 64 };

/* A file of weights that runs start from, of another study. */
typedef struct {
  char *name; /* as it is reached from here: for messages */
  char *path; /* absolute, without symbolic links */
  lore_checkpoint_about about;
  lore_settings *settings; /* of the run that wrote it; NULL: not known */
} lore_manifest_weights;

/* One run. Its id depends on what it is, never on its place among the others: study, experiment,
 * swept values, seed. */
typedef struct {
  char id[LORE_RUN_ID_MAX];
  char experiment[LORE_NAME_MAX]; /* "" in a study without experiments */
  int parent; /* index of the run whose weights it starts from or, if it is patched, whose attention
                 it uses; -1: none */
  int64_t parent_step;                /* after so many of the parent's steps */
  const lore_manifest_weights *start; /* weights of another study that it starts from, without a
                                         parent; NULL: none. Not filled by lore_manifest_load */
  int wave;                           /* 0 without a parent, else one more than the parent's */
  uint64_t hash; /* lore_settings_hash, with the parent's hash and step, or the weights, mixed in */
  double operations; /* predicted floating-point operations; 0 until estimated */
  char value[LORE_AXES_MAX][LORE_AXIS_VALUE_MAX]; /* as lore writes it; "" if not swept here */
  lore_settings settings; /* resolved; not filled by lore_manifest_load, but name, seed, train.steps
                           */
} lore_manifest_run;

/* A file that a manifest was expanded from. */
typedef struct {
  char *name; /* of its copy beside manifest.tsv */
  char *text;
  size_t length; /* bytes */
} lore_manifest_input;

typedef struct {
  char name[LORE_NAME_MAX];
  int axes;
  char axis[LORE_AXES_MAX][LORE_NAME_MAX]; /* keys that are swept anywhere, but "seed" */
  int runs;
  lore_manifest_run *run; /* parents before their children */
  int weights;
  lore_manifest_weights *weight;
  int inputs;
  lore_manifest_input *input; /* study, overrides, tables; not filled by lore_manifest_load */
} lore_manifest;

/* Expands the study file `path` with `overrides` ("key=value"), which win over the base's settings
 * and over experiments' own; a swept setting cannot be overridden, but the seed that a count of
 * seeds begins with. LORE_USER with the place in the file for whatever is wrong. Free with
 * lore_manifest_destroy, also after a failure. */
lore_status lore_manifest_expand(const char *path, int overrides, const char *const *override,
                                 lore_manifest *manifest);
void lore_manifest_destroy(lore_manifest *manifest);

/* Says in one line on stderr, from rank 0, which runs end before their curriculum does. */
void lore_manifest_warn(const lore_manifest *manifest);

/* Writes directory/manifest.tsv (temporary file, sync, rename), makes directory/runs/, and puts
 * copies of what it was expanded from beside it: study.yaml, study.overrides (if there are any, a
 * line for each), tables. If there is a manifest already: LORE_OK if every run in it is still in
 * the study with the same hash (runs that are new are added), LORE_USER with what has changed
 * otherwise. */
lore_status lore_manifest_freeze(const lore_manifest *manifest, const char *directory);

/* LORE_USER, with the remedy, if a run of `directory` is complete, or beyond that step, and has not
 * kept the weights that another one, which is not done, starts from. */
lore_status lore_manifest_check_parents(const lore_manifest *manifest, const char *directory);

/* Whether runs were frozen there. */
bool lore_manifest_exists(const char *directory);

/* Reads directory/manifest.tsv. LORE_USER if there is none or it is damaged (says where). */
lore_status lore_manifest_load(const char *directory, lore_manifest *manifest);

#endif
