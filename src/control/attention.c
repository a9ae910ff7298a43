/* Runs, jobs and the disk, in one line. */
#include "lore/control/attention.h"

#include <math.h>
#include <string.h>

#include "lore/base/shown.h"
#include "lore/control/duration.h"

enum { NAMED = 3 /* names in a line */, DIGITS = 9 };

static const char *const kinds[] = {LORE_ATTENTION_LIST(LORE_ENUM_NAME)};

static bool is_stalled(const lore_seen *seen, int times) {
  double interval =
      seen->metrics.interval > 0 ? seen->metrics.interval : (double)LORE_STALLED_UNKNOWN;
  return seen->state.stage == LORE_RUN_RUNNING &&
         (seen->stage == LORE_SEEN_RUNNING || seen->stage == LORE_SEEN_INTERRUPTED) &&
         seen->silence > fmax(LORE_STALLED_LEAST, times * interval);
}

lore_attention_kind lore_attention_of(const lore_seen *seen, int stalled_times) {
  const lore_seen_metrics *m = &seen->metrics;
  if (seen->stage == LORE_SEEN_FAILED)
    return LORE_ATTENTION_FAILED;
  if (seen->stage == LORE_SEEN_DAMAGED)
    return LORE_ATTENTION_DAMAGED;
  bool wild = m->exists && (!isfinite(m->loss) || m->train_loss > LORE_DIVERGED_NATS);
  if (seen->stage == LORE_SEEN_DIVERGED || wild)
    return LORE_ATTENTION_DIVERGED;
  return is_stalled(seen, stalled_times) ? LORE_ATTENTION_STALLED : LORE_ATTENTION_NONE;
}

/* Less than is still needed, or hardly anything. */
static bool is_disk_full(const lore_disk *disk) {
  return disk->unfinished && (disk->free < disk->needed || /* false if not known */
                              disk->free < LORE_DISK_SHARE * disk->total);
}

static int count_kind(const lore_attention *a, lore_attention_kind kind) {
  int count = 0;
  for (int i = 0; i < a->manifest->runs; i++)
    count += lore_attention_of(&a->seen[i], a->stalled_times) == kind;
  return count;
}

bool lore_attention_needed(const lore_attention *a) {
  return count_kind(a, LORE_ATTENTION_NONE) < a->manifest->runs || a->refusals->count > 0 ||
         is_disk_full(&a->disk);
}

/* "; 2 failed (a, b)" */
static void print_kind(const lore_attention *a, lore_attention_kind kind, bool *first, FILE *file) {
  int count = count_kind(a, kind), named = 0;
  char text[LORE_DURATION_SIZE];
  if (count == 0)
    return;
  fprintf(file, "%s%d %s (", *first ? "" : "; ", count, kinds[kind]);
  *first = false;
  for (int i = 0; i < a->manifest->runs && named <= NAMED; i++) {
    if (lore_attention_of(&a->seen[i], a->stalled_times) != kind)
      continue;
    if (named++ == NAMED) {
      fputs(", ...", file);
      break;
    }
    lore_shown_print(file, "%s%s", named > 1 ? ", " : "", a->manifest->run[i].id);
    if (kind == LORE_ATTENTION_STALLED)
      fprintf(file, ", %s without a record", lore_duration_print(a->seen[i].silence, text));
  }
  fputc(')', file);
}

static void print_refusals(const lore_attention *a, bool *first, FILE *file) {
  int count = a->refusals->count;
  if (count == 0)
    return;
  fprintf(file, "%s%d job%s gave up (", *first ? "" : "; ", count, count == 1 ? "" : "s");
  *first = false;
  for (int i = 0; i < count && i < NAMED; i++)
    lore_shown_print(file, "%s%s", i > 0 ? ", " : "", a->refusals->refusal[i].job);
  fputs(count > NAMED ? ", ...)" : ")", file);
}

enum { BYTES_SIZE = 32 };

/* "1.2 GiB" */
static const char *print_bytes(double bytes, char *text) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
    bytes /= 1024;
  snprintf(text, BYTES_SIZE, "%.*f %s", unit > 0 && bytes < 100, bytes, units[unit]);
  return text;
}

static void print_disk(const lore_disk *disk, bool *first, FILE *file) {
  char left[BYTES_SIZE], total[BYTES_SIZE], needed[BYTES_SIZE];
  if (!is_disk_full(disk))
    return;
  fprintf(file, "%sdisk nearly full (%s of %s free", *first ? "" : "; ",
          print_bytes(disk->free, left), print_bytes(disk->total, total));
  if (disk->free < disk->needed)
    fprintf(file, ", about %s more needed", print_bytes(disk->needed, needed));
  fputc(')', file);
  *first = false;
}

void lore_attention_print(const lore_attention *a, FILE *file) {
  bool first = true;
  if (!lore_attention_needed(a)) {
    fputs("nothing needs attention\n", file);
    return;
  }
  fputs("needs attention: ", file);
  for (int kind = LORE_ATTENTION_NONE + 1; kind < LORE_ATTENTIONS; kind++)
    print_kind(a, (lore_attention_kind)kind, &first, file);
  print_refusals(a, &first, file);
  print_disk(&a->disk, &first, file);
  fputc('\n', file);
}

static void write_disk(const lore_disk *disk, lore_json *json) {
  lore_json_begin_object(json, "disk");
  lore_json_boolean(json, "nearly_full", is_disk_full(disk));
  lore_json_decimal(json, "free_bytes", 0, disk->free);
  lore_json_decimal(json, "total_bytes", 0, disk->total);
  lore_json_decimal(json, "needed_bytes", 0, disk->needed);
  lore_json_end(json);
}

void lore_attention_write(const lore_attention *a, lore_json *json) {
  lore_json_begin_object(json, "attention");
  lore_json_boolean(json, "needed", lore_attention_needed(a));
  for (int kind = LORE_ATTENTION_NONE + 1; kind < LORE_ATTENTIONS; kind++) {
    lore_json_begin_array(json, kinds[kind]);
    for (int i = 0; i < a->manifest->runs; i++)
      if (lore_attention_of(&a->seen[i], a->stalled_times) == (lore_attention_kind)kind)
        lore_json_text(json, NULL, a->manifest->run[i].id);
    lore_json_end(json);
  }
  lore_json_begin_array(json, "jobs");
  for (int i = 0; i < a->refusals->count; i++)
    lore_json_text(json, NULL, a->refusals->refusal[i].job);
  lore_json_end(json);
  write_disk(&a->disk, json);
  lore_json_end(json);
}
