/* Progress lines on stderr. */
#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "lore/base/clock.h"

static const double redraw_every = 0.2; /* s */

void lore_progress_start(lore_progress *progress, bool quiet, bool verbose, int held_out,
                         int64_t steps, int64_t step, int64_t tokens, double flops_per_token) {
  double now = lore_clock_seconds();
  *progress = (lore_progress){.quiet = quiet,
                              .verbose = verbose,
                              .held_out = held_out,
                              .terminal = isatty(STDERR_FILENO),
                              .steps = steps,
                              .first_step = step,
                              .first_tokens = tokens,
                              .line_tokens = tokens,
                              .flops_per_token = flops_per_token,
                              .begin = now,
                              .last_drawn = now,
                              .line_clock = now};
  if (quiet)
    return;
  fprintf(stderr, "%9s %5s %10s %14s %8s %13s", "step", "phase", "train loss", "attribute loss",
          "accuracy", "held-out loss");
  if (verbose)
    fprintf(stderr, " %10s %11s %6s", "bits/param", "calibration", "AUROC");
  fprintf(stderr, " %9s %8s %9s\n", "tokens/s", "GFLOP/s", "time left");
}

static void clear_line(const lore_progress *progress) {
  if (progress->terminal)
    fputs("\r\033[K", stderr);
}

/* "1:02:03", "2:03", or "-" if it cannot be known. */
static const char *duration(double seconds, size_t size, char *text) {
  long s = (long)(seconds + 0.5);
  if (!(seconds >= 0) || seconds > 1e9)
    snprintf(text, size, "-");
  else if (s >= 3600)
    snprintf(text, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  else
    snprintf(text, size, "%ld:%02ld", s / 60, s % 60);
  return text;
}

static double seconds_left(const lore_progress *progress, int64_t step, double now) {
  int64_t made = step - progress->first_step;
  return made > 0 ? (now - progress->begin) / (double)made * (double)(progress->steps - step) : NAN;
}

void lore_progress_step(lore_progress *progress, int64_t step, int64_t tokens) {
  enum { WIDTH = 40 };
  double now = lore_clock_seconds();
  if (progress->quiet || !progress->terminal || now - progress->last_drawn < redraw_every)
    return;
  char bar[WIDTH + 1], left[32];
  int filled = (int)(step * WIDTH / progress->steps);
  for (int i = 0; i < WIDTH; i++)
    bar[i] = i < filled ? '#' : '.';
  bar[WIDTH] = 0;
  clear_line(progress);
  fprintf(stderr, "  [%s] step %lld of %lld, %.0f tokens/s, %s left", bar, (long long)step,
          (long long)progress->steps,
          (double)(tokens - progress->first_tokens) / (now - progress->begin),
          duration(seconds_left(progress, step, now), sizeof left, left));
  progress->last_drawn = now;
}

/* `format` with a number, or "-" of the same width where there is none. */
static void print_number(const char *format, int width, double number) {
  if (isnan(number))
    fprintf(stderr, " %*s", width, "-");
  else
    fprintf(stderr, format, width, number);
}

static void print_answers(const lore_group_metrics *known, const lore_group_metrics *held_out) {
  print_number(" %*.4f", 10, known->stored_bits_per_parameter);
  print_number(" %*.4f", 11, known->calibration_error);
  print_number(" %*.4f", 6, held_out ? held_out->auroc_confidence : NAN);
}

void lore_progress_record(lore_progress *progress, const lore_metrics_record *record) {
  double now = lore_clock_seconds();
  double rate =
      (double)(record->tokens_seen - progress->line_tokens) / (now - progress->line_clock);
  char left[32];
  if (progress->quiet)
    return;
  if (record->step == 0)
    rate = NAN;
  clear_line(progress);
  fprintf(stderr, "%9lld %5d", (long long)record->step, record->phase);
  print_number(" %*.4f", 10, record->train_loss);
  print_number(" %*.4f", 14, record->group[0].attribute_loss);
  print_number(" %*.4f", 8, record->group[0].attribute_accuracy);
  const lore_group_metrics *held_out =
      progress->held_out >= 0 ? &record->group[progress->held_out] : NULL;
  print_number(" %*.4f", 13, held_out ? held_out->attribute_loss : NAN);
  if (progress->verbose)
    print_answers(&record->group[0], held_out);
  print_number(" %*.0f", 9, rate);
  print_number(" %*.1f", 8, rate * progress->flops_per_token * 1e-9);
  fprintf(stderr, " %9s\n", duration(seconds_left(progress, record->step, now), sizeof left, left));
  progress->line_clock = now;
  progress->line_tokens = record->tokens_seen;
}

void lore_progress_stop(lore_progress *progress) {
  if (!progress->quiet)
    clear_line(progress);
}
