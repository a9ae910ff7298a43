/* What lore probe is asked for, and what follows for a population. */
#ifndef LORE_PROBE_OPTIONS_H
#define LORE_PROBE_OPTIONS_H

#include <stdbool.h>

#include "lore/base/list.h"
#include "lore/base/status.h"

enum {
  LORE_PROBE_RUNS_MAX = 256,
  LORE_PROBE_STRENGTHS_MAX = 32,
  LORE_PROBE_INDIVIDUALS_LEAST = 8,
  LORE_PROBE_OPTIONS_MAX = 1024 /* bytes of lore_probe_options_text */
};

typedef struct {
  const char *directory; /* of the study */
  const char *command;   /* how the program was called */
  int runs;
  const char *run[LORE_PROBE_RUNS_MAX]; /* ids; none: all that have snapshots */
  lore_integer_list snapshots;          /* steps; none: all that there are */
  int individuals;                      /* known ones; 0: all */
  int keys;
  int strengths;
  double strength[LORE_PROBE_STRENGTHS_MAX];
  int ranks_per_run; /* 0: all */
  bool overwrite, quiet;
} lore_probe_options;

/* 1024 keys; strengths 1e-5, 1e-4, ... 10. */
void lore_probe_options_default(lore_probe_options *options);

typedef struct {
  int individuals; /* known ones, evenly spread; at least LORE_PROBE_INDIVIDUALS_LEAST */
  int held_out;    /* individuals of that group; may be 0 */
  int keys;        /* known individuals whose names are compared, and as many held-out ones */
  int strengths;
  double
      strength[LORE_PROBE_STRENGTHS_MAX]; /* of the ridge penalty, positive; as in regression.h */
} lore_probe_config;

/* The configuration for a population of so many known and held-out individuals. LORE_USER if these
 * are too few. */
lore_status lore_probe_configure(const lore_probe_options *options, int64_t known, int64_t held_out,
                                 lore_probe_config *config);

/* The configuration as text. */
void lore_probe_options_text(const lore_probe_config *config, char text[LORE_PROBE_OPTIONS_MAX]);

#endif
