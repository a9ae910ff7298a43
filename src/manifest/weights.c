/* Files of weights that a study names, and whether they fit. */
#include "weights.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lore/io/memory_checkpoint.h"

_Static_assert((int)LORE_CHECKPOINT_RUN_MAX == (int)LORE_RUN_ID_MAX, "ids of runs fit");

/* A failure of reading the file, told at its place in the study. */
static lore_status place(const lore_source *source, const lore_experiment *experiment,
                         lore_status status, const char *hint) {
  char message[2048];
  if (status == LORE_OK || status == LORE_MEMORY)
    return status;
  snprintf(message, sizeof message, "%s", lore_fail_message());
  return lore_source_fail(source, experiment->file_at, "%s%s", message, hint);
}

/* The manifest has a line for each run, and cells between tabs. */
static bool is_plain(const char *path) {
  for (; *path; path++)
    if (iscntrl((unsigned char)*path))
      return false;
  return true;
}

static lore_status find_one(const lore_source *source, const lore_experiment *experiment,
                            lore_manifest_weights *weights) {
  LORE_TRY(lore_source_beside(source, experiment->file, &weights->name));
  LORE_TRY(place(source, experiment, lore_checkpoint_describe(weights->name, &weights->about),
                 "; 'file' is the path of a weights_*.nc that lore has written"));
  weights->path = realpath(weights->name, NULL);
  if (!weights->path)
    return lore_source_fail(source, experiment->file_at, "cannot find %s: %s", weights->name,
                            strerror(errno));
  if (!is_plain(weights->path))
    return lore_source_fail(source, experiment->file_at,
                            "the path of a file of weights has no control characters");
  return LORE_OK;
}

/* The settings of the run that wrote the weights. What an earlier version wrote and this one cannot
 * read is not known. */
static lore_status find_settings(lore_manifest_weights *weights) {
  char *text = NULL;
  lore_status status = lore_checkpoint_study(weights->name, &text);
  weights->settings = status == LORE_OK && text ? malloc(sizeof *weights->settings) : NULL;
  if (status == LORE_OK && text && !weights->settings)
    status = lore_fail(LORE_MEMORY, "no memory for settings");
  if (weights->settings)
    status = lore_settings_read_text(weights->name, text, weights->settings);
  free(text);
  if (status != LORE_USER)
    return status;
  free(weights->settings);
  weights->settings = NULL;
  return LORE_OK;
}

lore_status lore_weights_find(const lore_source *source, int count, lore_experiment *experiment,
                              lore_manifest *manifest) {
  manifest->weight = calloc((size_t)count + 1, sizeof *manifest->weight);
  if (!manifest->weight)
    return lore_fail(LORE_MEMORY, "no memory for a list of %d files", count);
  for (int e = 0; e < count; e++) {
    if (!experiment[e].file)
      continue;
    experiment[e].weights = &manifest->weight[manifest->weights++];
    LORE_TRY(find_one(source, &experiment[e], experiment[e].weights));
    LORE_TRY(place(source, &experiment[e], find_settings(experiment[e].weights), ""));
  }
  return LORE_OK;
}

static lore_status check_model(const char *path, const lore_settings *settings) {
  lore_vocabulary *vocabulary = NULL;
  lore_model *model = NULL;
  lore_status status = lore_vocabulary_create(&vocabulary);
  if (status == LORE_OK)
    status = lore_model_create(&settings->model, lore_vocabulary_size(vocabulary),
                               lore_vocabulary_longest_biography(vocabulary), &model);
  if (status == LORE_OK)
    status = lore_checkpoint_check(path, model, vocabulary);
  lore_model_destroy(model);
  lore_vocabulary_destroy(vocabulary);
  return status;
}

lore_status lore_weights_check(const lore_source *source, const lore_experiment *experiment,
                               const lore_settings *settings) {
  const lore_manifest_weights *weights = experiment->weights;
  bool memory = settings->task == LORE_TASK_MEMORY;
  if (memory != weights->about.memory)
    return lore_source_fail(source, experiment->file_at,
                            "%s holds weights of task %s, and this is task %s", weights->name,
                            memory ? "biographies" : "memory", memory ? "memory" : "biographies");
  return place(source, experiment,
               memory ? lore_memory_checkpoint_check(weights->name, &settings->memory)
                      : check_model(weights->name, settings),
               "");
}

uint64_t lore_weights_hash(const lore_manifest_weights *weights, uint64_t hash) {
  const lore_checkpoint_about *about = &weights->about;
  uint64_t mixed[] = {hash, XXH3_64bits(about->checksum, strlen(about->checksum)),
                      (uint64_t)about->step, (uint64_t)about->steps_before};
  return XXH3_64bits(mixed, sizeof mixed);
}

void lore_weights_drop(lore_manifest *manifest) {
  for (int i = 0; i < manifest->weights; i++) {
    free(manifest->weight[i].name);
    free(manifest->weight[i].path);
    free(manifest->weight[i].settings);
  }
  free(manifest->weight);
}
