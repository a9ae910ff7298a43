/* The status of a study as a table and as JSON. */
#include "lore/control/status_print.h"

#include <math.h>
#include <string.h>

#include "lore/base/json.h"
#include "lore/base/shown.h"
#include "lore/control/duration.h"

enum {
  CELL = LORE_DURATION_SIZE,
  DIGITS = 9 /* of numbers in JSON */,
  BLOCKED = LORE_RUN_ID_MAX + 64
};

static const char *print_number(const char *format, double value, char *text) {
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

static void print_run(FILE *file, int width, const char *id, const lore_seen *seen) {
  const lore_seen_metrics *m = &seen->metrics;
  char step[2 * CELL], phase[CELL], loss[CELL], accuracy[CELL], rate[CELL], left[CELL], age[CELL];
  snprintf(step, sizeof step, "%lld/%lld", (long long)seen->step, (long long)seen->steps);
  lore_shown_print(
      file, "%-*s  %-11s %15s %5s %9s %8s %9s %10s %10s  %-10s %s\n", width, id,
      lore_seen_name(seen->stage), step, print_number("%.0f", m->phase ? m->phase : NAN, phase),
      print_number("%.4f", m->loss, loss), print_number("%.4f", m->accuracy, accuracy),
      print_number("%.0f", m->tokens_per_s, rate), lore_duration_print(seen->left, left),
      lore_duration_print(m->age, age), or_dash(seen->state.job), or_dash(seen->state.host));
}

static const char *describe_blocker(const lore_manifest *manifest, const lore_seen *all, int run,
                                    char *text) {
  snprintf(text, BLOCKED, "waiting for %s, which %s", manifest->run[run].id,
           all[run].stage == LORE_SEEN_DAMAGED ? "is damaged" : lore_seen_name(all[run].stage));
  return text;
}

/* The first line of a run's message. */
static void print_message(FILE *file, const lore_manifest *manifest, const lore_seen *all,
                          int run) {
  const char *id = manifest->run[run].id;
  const lore_seen *seen = &all[run];
  const char *message = seen->state.message;
  char text[BLOCKED];
  if (seen->blocker >= 0)
    lore_shown_print(file, "%s: %s\n", id, describe_blocker(manifest, all, seen->blocker, text));
  else if (seen->stage == LORE_SEEN_INTERRUPTED && seen->state.deaths > 0)
    lore_shown_print(
        file, "%s: interrupted: its process died %d time%s in a row without a new checkpoint\n", id,
        seen->state.deaths, seen->state.deaths == 1 ? "" : "s");
  else if (*message)
    lore_shown_print(file, "%s: %s: %.*s\n", id, lore_seen_name(seen->stage),
                     (int)strcspn(message, "\n"), message);
}

static void print_totals(FILE *file, const lore_manifest *manifest, const lore_seen *seen) {
  lore_seen_totals totals = lore_seen_total(manifest, seen);
  char left[CELL];
  double share = totals.steps > 0 ? 100.0 * (double)totals.step / (double)totals.steps : 0;
  lore_shown_print(file, "%s: %d run%s", manifest->name, manifest->runs,
                   manifest->runs == 1 ? "" : "s");
  for (int i = 0, listed = 0; i < LORE_SEEN_STAGES; i++)
    if (totals.count[i])
      fprintf(file, "%s%d %s", listed++ ? ", " : ": ", totals.count[i],
              lore_seen_name((lore_seen_stage)i));
  /* 100 % means all of it. */
  fprintf(file, "\nsteps: %lld of %lld (%.1f %%)", (long long)totals.step, (long long)totals.steps,
          floor(share * 10) / 10);
  fprintf(file, "; time left: %s\n", lore_duration_print(totals.left, left));
}

/* Jobs that gave up say more about a study that stands still than its runs do. */
static void print_refusals(FILE *file, const lore_refusals *refusals) {
  for (int i = 0; i < refusals->count; i++)
    lore_shown_print(file, "job %s gave up (exit code %d): %s\n", refusals->refusal[i].job,
                     refusals->refusal[i].code, refusals->refusal[i].message);
}

static bool is_shown(const lore_seen *seen, unsigned states) {
  return states >> seen->stage & 1;
}

void lore_seen_print_table(FILE *file, const lore_attention *attention, unsigned states) {
  const lore_manifest *manifest = attention->manifest;
  const lore_seen *seen = attention->seen;
  enum { MANY = 30 /* lines, more than one sees at once */ };
  int width = longest_id(manifest), shown = 0;
  for (int i = 0; i < manifest->runs; i++)
    shown += is_shown(&seen[i], states);
  if (shown > MANY) {
    print_totals(file, manifest, seen);
    fputc('\n', file);
  }
  fprintf(file, "%-*s  %-11s %15s %5s %9s %8s %9s %10s %10s  %-10s %s\n", width, "run", "state",
          "step", "phase", "loss", "accuracy", "tokens/s", "time left", "age", "job", "host");
  for (int i = 0; i < manifest->runs; i++)
    if (is_shown(&seen[i], states))
      print_run(file, width, manifest->run[i].id, &seen[i]);
  fputc('\n', file);
  for (int i = 0; i < manifest->runs; i++)
    if (is_shown(&seen[i], states))
      print_message(file, manifest, seen, i);
  print_refusals(file, attention->refusals);
  print_totals(file, manifest, seen);
  lore_attention_print(attention, file);
}

static const char *null_if_empty(const char *text) {
  return *text ? text : NULL;
}

static void print_json_message(lore_json *json, const lore_manifest *manifest, const lore_seen *all,
                               const lore_seen *seen) {
  char text[BLOCKED];
  bool blocked = seen->blocker >= 0;
  lore_json_text(json, "message",
                 blocked ? describe_blocker(manifest, all, seen->blocker, text)
                         : seen->state.message);
  lore_json_text(json, "blocked_by", blocked ? manifest->run[seen->blocker].id : NULL);
}

static void print_json_run(lore_json *json, const lore_manifest *manifest, const lore_seen *all,
                           int index) {
  const lore_manifest_run *run = &manifest->run[index];
  const lore_seen *seen = &all[index];
  const lore_seen_metrics *m = &seen->metrics;
  const lore_state *state = &seen->state;
  lore_json_begin_object(json, NULL);
  lore_json_text(json, "id", run->id);
  lore_json_text(json, "experiment", null_if_empty(run->experiment));
  lore_json_text(json, "state", lore_seen_name(seen->stage));
  lore_json_integer(json, "step", seen->step);
  lore_json_integer(json, "steps", seen->steps);
  lore_json_real(json, "phase", DIGITS, m->phase ? m->phase : NAN);
  lore_json_real(json, "attribute_loss", DIGITS, m->loss);
  lore_json_real(json, "attribute_accuracy", DIGITS, m->accuracy);
  lore_json_real(json, "stored_bits_per_parameter", DIGITS, m->bits_per_parameter);
  lore_json_real(json, "tokens_per_second", DIGITS, m->tokens_per_s);
  lore_json_real(json, "seconds_left", DIGITS, seen->left);
  lore_json_real(json, "record_age", DIGITS, m->age);
  lore_json_integer(json, "attempts", state->attempts);
  lore_json_integer(json, "deaths", state->deaths);
  lore_json_integer(json, "ranks", state->ranks);
  lore_json_integer(json, "threads", state->threads);
  lore_json_text(json, "job", null_if_empty(state->job));
  lore_json_text(json, "host", null_if_empty(state->host));
  print_json_message(json, manifest, all, seen);
  lore_json_end(json);
}

static void print_json_refusals(lore_json *json, const lore_refusals *refusals) {
  lore_json_begin_array(json, "refusals");
  for (int i = 0; i < refusals->count; i++) {
    const lore_refusal *r = &refusals->refusal[i];
    lore_json_begin_object(json, NULL);
    lore_json_text(json, "job", r->job);
    lore_json_integer(json, "code", r->code);
    lore_json_text(json, "message", r->message);
    lore_json_end(json);
  }
  lore_json_end(json);
}

void lore_seen_print_json(FILE *file, const lore_attention *attention, unsigned states) {
  const lore_manifest *manifest = attention->manifest;
  const lore_seen *seen = attention->seen;
  lore_seen_totals totals = lore_seen_total(manifest, seen);
  lore_json json = lore_json_begin(file);
  lore_json_begin_object(&json, NULL);
  lore_json_text(&json, "study", null_if_empty(manifest->name));
  lore_json_begin_array(&json, "runs");
  for (int i = 0; i < manifest->runs; i++)
    if (is_shown(&seen[i], states))
      print_json_run(&json, manifest, seen, i);
  lore_json_end(&json);
  lore_json_begin_object(&json, "counts");
  for (int i = 0; i < LORE_SEEN_STAGES; i++)
    lore_json_integer(&json, lore_seen_name((lore_seen_stage)i), totals.count[i]);
  lore_json_end(&json);
  lore_json_integer(&json, "step", totals.step);
  lore_json_real(&json, "seconds_left", DIGITS, totals.left);
  lore_json_integer(&json, "steps", totals.steps);
  print_json_refusals(&json, attention->refusals);
  lore_attention_write(attention, &json);
  lore_json_end(&json);
}
