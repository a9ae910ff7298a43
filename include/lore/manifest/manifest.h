/* The runs of a study. How studies are written: doc/study.md. */
#ifndef LORE_MANIFEST_MANIFEST_H
#define LORE_MANIFEST_MANIFEST_H

#include <stdint.h>

#include "lore/base/status.h"
#include "lore/io/checkpoint.h"
#include "lore/settings/settings.h"

enum {
  LORE_RUN_ID_MAX = 160,
  LORE_AXES_MAX = 32,
  LORE_AXIS_VALUE_MAX = 64,
  LORE_RUNS_MAX = 100000
};

/* A file of weights that runs start from, of another study. */
typedef struct {
  char *name; /* as it is reached from here: for messages */
  char *path; /* absolute, without symbolic links */
  lore_checkpoint_about about;
  lore_settings *settings; /* of the run that wrote it; NULL: not known */
} lore_manifest_weights;

/* One run, in some hundred bytes: texts and settings belong to the manifest. Its id depends on what
 * it is, never on its place among the others: study, experiment, swept values, seed. */
typedef struct {
  const char *id;                     /* shorter than LORE_RUN_ID_MAX */
  const char *experiment;             /* "" in a study without experiments */
  const char *const *value;           /* one per axis, as lore writes it; "" if not swept here */
  const lore_manifest_weights *start; /* weights of another study that it starts from, without a
                                         parent; NULL: none. Not filled by lore_manifest_load */
  uint64_t seed;
  int64_t steps; /* train.steps */
  int parent; /* index of the run whose weights it starts from or, if it is patched, whose attention
                 it uses; -1: none */
  int wave;   /* 0 without a parent, else one more than the parent's */
  int64_t parent_step; /* after so many of the parent's steps */
  uint64_t hash; /* lore_settings_hash, with the parent's hash and step, or the weights, mixed in */
  bool left_out; /* not to be trained by this job: lore run --only */
  double operations;          /* predicted floating-point operations; 0 until estimated */
  int base;                   /* index of the settings that its own are told from */
  const unsigned char *delta; /* how they differ (lore_delta_make); NULL: not known */
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
  int bases;
  lore_settings *base; /* settings of the first run of each experiment */
  int weights;
  lore_manifest_weights *weight;
  int inputs;
  lore_manifest_input *input; /* study, overrides, tables; not filled by lore_manifest_load */
  struct lore_pool *pool;     /* texts and deltas of runs */
} lore_manifest;

/* The resolved settings of run `run`, to the last bit. Only of a manifest that was expanded. */
void lore_manifest_settings(const lore_manifest *manifest, int run, lore_settings *settings);

/* Frees what the manifest holds; also after a failure of what made it. */
void lore_manifest_destroy(lore_manifest *manifest);

/* Gives run `run` settings, whose padding must be defined, and seed and steps with them. `begins`:
 * they become the base of the runs that follow. May be called again for a run. LORE_MEMORY. */
lore_status lore_manifest_set_settings(lore_manifest *manifest, int run,
                                       const lore_settings *settings, bool begins);

/* A delta is what takes the settings of a base to those of a run: runs of a sweep differ in some of
 * thousands of bytes. The most bytes that one has: */
enum { LORE_DELTA_MAX = sizeof(lore_settings) + 16 };

/* Writes what takes `base` to `settings` into `delta`; returns its length in bytes. Loses nothing:
 * all bytes count, so padding must be defined. */
size_t lore_delta_make(const lore_settings *base, const lore_settings *settings,
                       unsigned char *delta);

/* The length of a delta in bytes. */
size_t lore_delta_length(const unsigned char *delta);

/* Takes `base` to the settings; the two may not overlap. */
void lore_delta_apply(const lore_settings *base, const unsigned char *delta,
                      lore_settings *settings);

#endif
