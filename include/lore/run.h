/* One run: a study's settings trained once, from initial weights to metrics file and checkpoint. */
#ifndef LORE_RUN_H
#define LORE_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lore/settings.h"
#include "lore/status.h"

typedef struct {
  const char *directory; /* results go to directory/runs/<id>/ */
  const char *command;   /* how the program was called, for the file's history */
  bool overwrite;        /* replace an earlier result of the same id */
  bool quiet;            /* no progress */
} lore_run_options;

/* What a run came to. */
typedef struct {
  char directory[4096]; /* of the run */
  int64_t steps, tokens;
  double seconds;
  double attribute_loss, attribute_accuracy,
      held_out_loss;                 /* last evaluation; held_out_loss NAN if none */
  double plateau_start, plateau_end; /* < 0: not reached */
} lore_run_result;

/* The id of a run: "<name>-seed<seed>". `size` bytes at `id`. */
void lore_run_id(const lore_settings *settings, size_t size, char *id);

/* Trains. LORE_USER if the directory already holds this run, LORE_DIVERGED if the loss is no number
 * (records up to then are kept), else what the environment failed with. */
lore_status lore_run_execute(const lore_settings *settings, const lore_run_options *options,
                             lore_run_result *result);

/* What a run needs; sizes in bytes. */
typedef struct {
  int vocabulary, context, threads;
  int64_t parameters;
  double tokens_per_biography; /* mean over a sample */
  double baseline, empirical_baseline;
  int64_t steps, evaluations;
  double tokens;     /* of the whole training */
  double operations; /* floating-point operations of the whole training */
  size_t population_bytes, trainer_bytes, evaluator_bytes, scratch_bytes;
  size_t process_bytes; /* what the program itself occupies already */
  size_t peak_bytes;    /* the sum */
  size_t checkpoint_bytes;
} lore_estimate;

/* Works out `estimate` without training. */
lore_status lore_run_estimate(const lore_settings *settings, lore_estimate *estimate);

#endif
