/* The status of a study as a table. */
#include <math.h>
#include <string.h>

#include "lore/control/status_write.h"

enum { CELL = 32 };

/* "1:02:03", "2:03", "3d 04:05", or "-" if it is not known. */
static const char *duration(double seconds, char *text) {
  if (!(seconds >= 0) || seconds > 1e9)
    return "-";
  long s = (long)(seconds + 0.5);
  if (s >= 86400)
    snprintf(text, CELL, "%ldd %02ld:%02ld", s / 86400, s / 3600 % 24, s / 60 % 60);
  else if (s >= 3600)
    snprintf(text, CELL, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  else
    snprintf(text, CELL, "%ld:%02ld", s / 60, s % 60);
  return text;
}

static const char *number(const char *format, double value, char *text) {
  if (isnan(value))
    return "-";
  snprintf(text, CELL, format, value);
  return text;
}

static const char *or_dash(const char *text) {
  return *text ? text : "-";
}

static int longest_id(const lore_manifest *manifest) {
  size_t longest = strlen("run");
  for (int i = 0; i < manifest->runs; i++)
    if (strlen(manifest->run[i].id) > longest)
      longest = strlen(manifest->run[i].id);
  return (int)longest;
}

static void write_run(FILE *file, int width, const char *id, const lore_seen *seen) {
  const lore_seen_metrics *m = &seen->metrics;
  char step[2 * CELL], phase[CELL], loss[CELL], accuracy[CELL], rate[CELL], left[CELL], age[CELL];
  snprintf(step, sizeof step, "%lld/%lld", (long long)seen->step, (long long)seen->steps);
  fprintf(file, "%-*s  %-11s %15s %5s %9s %8s %9s %10s %10s  %-10s %s\n", width, id,
          lore_seen_name(seen->stage), step, number("%.0f", m->phase ? m->phase : NAN, phase),
          number("%.4f", m->loss, loss), number("%.4f", m->accuracy, accuracy),
          number("%.0f", m->tokens_per_s, rate), duration(seen->left, left), duration(m->age, age),
          or_dash(seen->state.job), or_dash(seen->state.host));
}

/* The first line of what a run has to say. */
static void write_message(FILE *file, const char *id, const lore_seen *seen) {
  const char *message = seen->state.message;
  if (*message)
    fprintf(file, "%s: %s: %.*s\n", id, lore_seen_name(seen->stage), (int)strcspn(message, "\n"),
            message);
}

static void write_totals(FILE *file, const lore_manifest *manifest, const lore_seen *seen) {
  lore_seen_totals totals = lore_seen_total(manifest, seen);
  char left[CELL];
  double share = totals.steps > 0 ? 100.0 * (double)totals.step / (double)totals.steps : 0;
  fprintf(file, "%s: %d run%s", manifest->name, manifest->runs, manifest->runs == 1 ? "" : "s");
  for (int i = 0, listed = 0; i < LORE_SEEN_STAGES; i++)
    if (totals.count[i])
      fprintf(file, "%s%d %s", listed++ ? ", " : ": ", totals.count[i],
              lore_seen_name((lore_seen_stage)i));
  /* 100 % means all of it. */
  fprintf(file, "\nsteps: %lld of %lld (%.1f %%)", (long long)totals.step, (long long)totals.steps,
          floor(share * 10) / 10);
  fprintf(file, "; time left: %s\n", duration(totals.left, left));
}

void lore_seen_write_table(FILE *file, const lore_manifest *manifest, const lore_seen *seen) {
  int width = longest_id(manifest);
  fprintf(file, "%-*s  %-11s %15s %5s %9s %8s %9s %10s %10s  %-10s %s\n", width, "run", "state",
          "step", "phase", "loss", "accuracy", "tokens/s", "time left", "age", "job", "host");
  for (int i = 0; i < manifest->runs; i++)
    write_run(file, width, manifest->run[i].id, &seen[i]);
  fputc('\n', file);
  for (int i = 0; i < manifest->runs; i++)
    write_message(file, manifest->run[i].id, &seen[i]);
  write_totals(file, manifest, seen);
}
