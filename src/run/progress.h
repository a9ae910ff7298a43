/* What a person sees while a run trains: a line per evaluation, and on a terminal a status line in
 * between. */
#ifndef LORE_RUN_PROGRESS_H
#define LORE_RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "lore/io/metrics.h"

typedef struct {
  bool quiet, verbose, terminal;
  int held_out; /* group of held-out individuals in records, or -1 */
  int64_t steps;
  int64_t first_step, first_tokens; /* made in earlier sessions */
  double flops_per_token;
  double begin;      /* clock when training began */
  double last_drawn; /* clock of the last status line */
  double line_clock; /* clock and tokens of the last full line, for rates */
  int64_t line_tokens;
} lore_progress;

/* `step` steps and `tokens` tokens were made in earlier sessions. */
void lore_progress_start(lore_progress *progress, bool quiet, bool verbose, int held_out,
                         int64_t steps, int64_t step, int64_t tokens, double flops_per_token);

/* A training step has been made; `step` are done, `tokens` seen so far. */
void lore_progress_step(lore_progress *progress, int64_t step, int64_t tokens);

/* An evaluation has been recorded. */
void lore_progress_record(lore_progress *progress, const lore_metrics_record *record);

/* Clears the status line. */
void lore_progress_stop(lore_progress *progress);

#endif
