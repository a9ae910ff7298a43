/* Every setting of a study, typed; one table drives reading, checking, the reference listing, the
 * resolved copy and the coordinates of the metrics file. */
#ifndef LORE_SETTINGS_SETTINGS_H
#define LORE_SETTINGS_SETTINGS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lore/base/list.h"
#include "lore/base/status.h"
#include "lore/data/sampler.h"
#include "lore/data/pairs.h"
#include "lore/data/population.h"
#include "lore/eval/evaluate.h"
#include "lore/io/metrics.h"
#include "lore/model/gemm.h"
#include "lore/model/model.h"
#include "lore/train/schedule.h"

enum { LORE_NAME_MAX = 64 };

/* What is trained: a transformer on biographies, or the toy associative memory on pairs. */
typedef enum { LORE_TASK_BIOGRAPHIES, LORE_TASK_MEMORY } lore_task;

typedef struct {
  int64_t every; /* steps between checkpoints to go on from; 0: only when told to stop */
  lore_integer_list
      snapshots; /* steps after which weights are written; the final weights always are */
} lore_checkpoint_config;

typedef struct {
  int threads; /* 0: as many as this process may use */
  lore_gemm_backend gemm;
} lore_compute_config;

typedef struct {
  char name[LORE_NAME_MAX];
  uint64_t seed;
  lore_task task;
  lore_population_config population;
  lore_model_config model;
  lore_memory_config memory;
  lore_train_config train;
  lore_distribution_config distribution;
  lore_curriculum_config curriculum;
  lore_evaluate_config evaluate;
  lore_checkpoint_config checkpoint;
  lore_compute_config compute;
} lore_settings;

typedef enum {
  LORE_SETTING_TEXT,
  LORE_SETTING_INTEGER,  /* int64_t or int: see `size` */
  LORE_SETTING_UNSIGNED, /* uint64_t */
  LORE_SETTING_REAL,
  LORE_SETTING_BOOLEAN,
  LORE_SETTING_CHOICE, /* an enum; `choices` are its names in order */
  LORE_SETTING_INTEGER_LIST,
  LORE_SETTING_WORD_LIST
} lore_setting_kind;

typedef struct {
  const char *key; /* "train.learning_rate" */
  lore_setting_kind kind;
  size_t offset, size;        /* in lore_settings */
  const char *unit;           /* "1" where there is none */
  const char *initial;        /* default as it would stand in a study; NULL: must be given */
  double least, most;         /* allowed range, inclusive; of a text or a word: its length */
  const char *const *choices; /* NULL-terminated; else NULL */
  const char *help;
} lore_setting;

/* The table. */
const lore_setting *lore_settings_table(int *count);

/* Fills `settings` with the defaults. */
void lore_settings_default(lore_settings *settings);

/* Reads the study file `path`, then applies `overrides` ("section.name=value") in order. On
 * LORE_USER the message is complete: file:line:column: what is wrong, the line, a caret, what is
 * allowed, the nearest valid name. Contradictions between settings are found too. */
lore_status lore_settings_read(const char *path, int overrides, const char *const *override,
                               lore_settings *settings);

/* The same of a study's text; `path` is what messages call it. */
lore_status lore_settings_read_text(const char *path, const char *text, lore_settings *settings);

/* Writes all settings that count for the task as YAML that lore_settings_read reads back to the
 * same bits (1.0e-03 style). */
void lore_settings_write(const lore_settings *settings, FILE *stream);

/* Prints the reference: key, type, unit, default, range, help; as text, or as one JSON array. Of
 * the settings and sections called `name`, all if `names` is 0. LORE_USER if a name is neither,
 * with the nearest valid one; nothing is printed then. */
lore_status lore_settings_reference(FILE *stream, int names, const char *const *name);
lore_status lore_settings_reference_json(FILE *stream, int names, const char *const *name);

/* The settings that count for the task as scalar coordinates ("train_learning_rate"); lists become
 * text. At most `capacity` entries; returns how many there are. Strings live in `buffer` of `size`
 * bytes. */
int lore_settings_scalars(const lore_settings *settings, int capacity, lore_scalar *scalar,
                          size_t size, char *buffer);

#endif
