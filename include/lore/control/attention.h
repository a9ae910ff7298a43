/* What of a study needs somebody's attention: the line with which lore status ends. */
#ifndef LORE_CONTROL_ATTENTION_H
#define LORE_CONTROL_ATTENTION_H

#include <stdio.h>

#include "lore/base/enum.h"
#include "lore/base/json.h"
#include "lore/control/refusals.h"
#include "lore/control/status.h"

/* Why a run needs it. diverged: the loss became NaN or infinite, or the training loss is above
 * LORE_DIVERGED_NATS; stalled: it claims to be running, but has no new record. */
#define LORE_ATTENTION_LIST(X)                                                                     \
  X(LORE_ATTENTION_NONE, "none")                                                                   \
  X(LORE_ATTENTION_FAILED, "failed")                                                               \
  X(LORE_ATTENTION_DIVERGED, "diverged")                                                           \
  X(LORE_ATTENTION_DAMAGED, "damaged")                                                             \
  X(LORE_ATTENTION_STALLED, "stalled")

typedef enum { LORE_ATTENTION_LIST(LORE_ENUM_VALUE) LORE_ATTENTIONS } lore_attention_kind;

/* Training loss per token, nats: more than twice that of an even guess among all words that there
 * are (8.3), or among the most values of a toy memory (11.1). */
#define LORE_DIVERGED_NATS 25.0

/* A run is stalled after so many of its usual intervals between records, but not before
 * LORE_STALLED_LEAST s. Of a run without two records, the interval counts as LORE_STALLED_UNKNOWN
 * s. */
enum { LORE_STALLED_TIMES = 10, LORE_STALLED_LEAST = 300, LORE_STALLED_UNKNOWN = 600 };

/* The file system of the directory counts as nearly full below this share that is free. */
#define LORE_DISK_SHARE 0.02

/* The file system that results are written to, bytes; NAN: not known. */
typedef struct {
  double free, total; /* free: for this user */
  double needed;      /* what unfinished runs will still write */
  bool unfinished;    /* there are such runs: else the disk does not matter */
} lore_disk;

typedef struct {
  const lore_manifest *manifest;
  const lore_seen *seen; /* one for each run */
  const lore_refusals *refusals;
  lore_disk disk;
  int stalled_times; /* LORE_STALLED_TIMES, or what was asked for */
} lore_attention;

/* What one run needs. */
lore_attention_kind lore_attention_of(const lore_seen *seen, int stalled_times);

/* Whether anything needs attention: a run, a job that gave up, the disk. */
bool lore_attention_needed(const lore_attention *attention);

/* "needs attention: 2 failed (a, b); 1 stalled (c, 1:02:03 without a record)", or "nothing needs
 * attention". */
void lore_attention_print(const lore_attention *attention, FILE *file);

/* The same as the member "attention" of the object that `json` is in. */
void lore_attention_write(const lore_attention *attention, lore_json *json);

#endif
