/* One run: a study's settings trained once, from initial weights to metrics file and weights, in as
 * many sittings as it takes. */
#ifndef LORE_RUN_RUN_H
#define LORE_RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lore/base/status.h"
#include "lore/base/team.h"
#include "lore/settings/settings.h"

/* Weights that another run has made. */
typedef struct {
  const char *path;     /* of the file; NULL: none */
  const char *run;      /* id of the run that made it */
  int64_t step;         /* after so many of that run's steps */
  const char *checksum; /* of weights that are not this study's; NULL: they are */
} lore_weights;

typedef struct {
  const char *directory;  /* of the study; results go to directory/runs/<id>/ */
  const char *id;         /* NULL: "<name>-seed<seed>" */
  lore_weights start;     /* to begin from; none: initial weights */
  lore_weights reference; /* whose attention it uses; none: no patching */
  int64_t first_step;     /* steps that led to `start`: the data continues from there */
  uint64_t hash;          /* of what decides the result; 0: lore_settings_hash */
  lore_gemm_backend gemm; /* what compute.gemm: auto stands for; itself auto: the built-in one */
  const char *command;    /* how the program was called, for the file's history */
  lore_team team;         /* ranks that train it together */
  bool overwrite;         /* begin again whatever there is */
  int deaths_max;         /* in a row, after which it is set aside; 0: never */
  bool retry;             /* also if it was set aside */
  bool again;             /* the caller tries once more if the environment fails */
  void (*progressed)(void *context); /* called by the first rank after a checkpoint; NULL: not */
  void *context;
  bool quiet;   /* no progress */
  bool verbose; /* more of it */
} lore_run_options;

/* What came of it. */
typedef struct {
  char directory[4096]; /* of the run */
  bool done_before;     /* it was complete: nothing was trained */
  bool elsewhere;       /* another process trains it: nothing was done here */
  char holder[128];     /* which, then: "process 28797 on n2" */
  int64_t resumed_at;   /* step that it resumed at; -1: from the beginning */
  int64_t step, steps;  /* reached, and in all */
  int64_t tokens;
  double seconds; /* of training, earlier sessions included */
  double attribute_loss, attribute_accuracy,
      held_out_loss;                 /* last evaluation of this session; NAN if none */
  double plateau_start, plateau_end; /* < 0: not reached */
} lore_run_result;

/* Trains; all ranks of the team call it and leave with the same status. Resumes from the newest
 * resume point if there is one. LORE_USER if what is there was made with other settings (says
 * which), LORE_STOPPED if it was told to stop (lore/base/stop.h) and can be resumed, LORE_DIVERGED
 * if the loss became NaN or infinite (records up to then are kept), LORE_ASIDE if its process has
 * died too often (lore/io/state.h, deaths), else what the environment
 * failed with. */
lore_status lore_run_execute(const lore_settings *settings, const lore_run_options *options,
                             lore_run_result *result);

/* LORE_USER if the batch has fewer shards than a run has ranks. */
lore_status lore_run_check_ranks(const lore_settings *settings, int ranks);

#endif
