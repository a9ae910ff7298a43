/* The status of a study as one JSON object. */
#include <math.h>

#include "lore/control/status_write.h"
#include "lore/io/quote.h"

static void write_text(FILE *file, const char *name, const char *text) {
  fprintf(file, "\"%s\": ", name);
  if (*text)
    lore_quote_write(file, text);
  else
    fputs("null", file);
  fputs(", ", file);
}

static void write_integer(FILE *file, const char *name, int64_t value) {
  fprintf(file, "\"%s\": %lld, ", name, (long long)value);
}

static void write_number(FILE *file, const char *name, double value) {
  if (isfinite(value))
    fprintf(file, "\"%s\": %.9g, ", name, value);
  else
    fprintf(file, "\"%s\": null, ", name);
}

static void write_run(FILE *file, const lore_manifest_run *run, const lore_seen *seen) {
  const lore_seen_metrics *m = &seen->metrics;
  fputc('{', file);
  write_text(file, "id", run->id);
  write_text(file, "experiment", run->experiment);
  write_text(file, "state", lore_seen_name(seen->stage));
  write_integer(file, "step", seen->step);
  write_integer(file, "steps", seen->steps);
  write_number(file, "phase", m->phase ? m->phase : NAN);
  write_number(file, "attribute_loss", m->loss);
  write_number(file, "attribute_accuracy", m->accuracy);
  write_number(file, "tokens_per_second", m->tokens_per_s);
  write_number(file, "seconds_left", seen->left);
  write_number(file, "record_age", m->age);
  write_integer(file, "attempts", seen->state.attempts);
  write_integer(file, "ranks", seen->state.ranks);
  write_integer(file, "threads", seen->state.threads);
  write_text(file, "job", seen->state.job);
  write_text(file, "host", seen->state.host);
  fputs("\"message\": ", file);
  lore_quote_write(file, seen->state.message);
  fputc('}', file);
}

void lore_seen_write_json(FILE *file, const lore_manifest *manifest, const lore_seen *seen) {
  lore_seen_totals totals = lore_seen_total(manifest, seen);
  fputc('{', file);
  write_text(file, "study", manifest->name);
  fputs("\"runs\": [", file);
  for (int i = 0; i < manifest->runs; i++) {
    fputs(i ? ", " : "", file);
    write_run(file, &manifest->run[i], &seen[i]);
  }
  fputs("], \"counts\": {", file);
  for (int i = 0; i < LORE_SEEN_STAGES; i++)
    fprintf(file, "%s\"%s\": %d", i ? ", " : "", lore_seen_name((lore_seen_stage)i),
            totals.count[i]);
  fputs("}, ", file);
  write_integer(file, "step", totals.step);
  write_number(file, "seconds_left", totals.left);
  fprintf(file, "\"steps\": %lld}\n", (long long)totals.steps);
}
