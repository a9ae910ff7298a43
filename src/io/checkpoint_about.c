/* What a file of weights is, before anybody wants its tensors. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint_parts.h"
#include "lore/io/ncfile.h"

enum { BLOCK = 1 << 20, TASK_MAX = 32 };

static lore_status open_file(const char *path, int *ncid) {
  size_t block = BLOCK;
  return lore_netcdf_status(nc__open(path, NC_NOWRITE, &block, ncid), "open", path);
}

/* Files of earlier versions do not say whose they are. */
static void read_origin(int ncid, lore_checkpoint_about *about) {
  char text[32];
  if (lore_netcdf_get_text(ncid, "run_id", sizeof about->run, about->run))
    *about->run = 0;
  if (!lore_netcdf_get_text(ncid, "steps_before", sizeof text, text))
    about->steps_before = strtoll(text, NULL, 10);
}

static lore_status read_about(int ncid, const char *path, lore_checkpoint_about *about) {
  char task[TASK_MAX], checksum[LORE_CHECKSUM_TEXT];
  double step;
  int error = lore_netcdf_get_number(ncid, "step", &step);
  if (error)
    return lore_netcdf_unreadable(path, "step", error);
  about->step = (int64_t)step;
  about->memory = !lore_netcdf_get_text(ncid, "task", sizeof task, task) && !strcmp(task, "memory");
  /* A toy memory's has none: there the seal stands for it. */
  if (!lore_netcdf_get_text(ncid, LORE_CHECKPOINT_CHECKSUM, sizeof checksum, checksum))
    memcpy(about->checksum, checksum, sizeof checksum);
  read_origin(ncid, about);
  return LORE_OK;
}

lore_status lore_checkpoint_describe(const char *path, lore_checkpoint_about *about) {
  int ncid;
  *about = (lore_checkpoint_about){0};
  LORE_TRY(lore_checkpoint_verify_seal(path, about->checksum));
  LORE_TRY(open_file(path, &ncid));
  lore_status status = read_about(ncid, path, about);
  nc_close(ncid);
  return status;
}

lore_status lore_checkpoint_study(const char *path, char **text) {
  int ncid;
  size_t length;
  lore_status status = LORE_OK;
  *text = NULL;
  LORE_TRY(open_file(path, &ncid));
  if (!nc_inq_attlen(ncid, NC_GLOBAL, "lore_settings", &length)) {
    *text = malloc(length + 1);
    int error = *text ? lore_netcdf_get_text(ncid, "lore_settings", length + 1, *text) : NC_ENOMEM;
    if (error)
      status = lore_netcdf_unreadable(path, "lore_settings", error);
  }
  nc_close(ncid);
  return status;
}

/* The variable of words, which has two dimensions, and the length of the second. */
static int find_words(int ncid, int *id, size_t *length) {
  int rank, dimension[NC_MAX_VAR_DIMS];
  int error = nc_inq_varid(ncid, "word", id);
  if (!error)
    error = nc_inq_var(ncid, *id, NULL, NULL, &rank, dimension, NULL);
  if (!error && rank != 2)
    error = NC_EBADDIM;
  return error ? error : nc_inq_dimlen(ncid, dimension[1], length);
}

/* As many words as the tensors have rows for, which have been looked at. */
static lore_status check_words(int ncid, const char *path, const lore_vocabulary *vocabulary) {
  int id;
  size_t length = 0;
  int error = find_words(ncid, &id, &length);
  char *word = error ? NULL : calloc(length + 1, 1);
  if (!error && !word)
    error = NC_ENOMEM;
  lore_status status = LORE_OK;
  for (int i = 0; i < lore_vocabulary_size(vocabulary) && !error && status == LORE_OK; i++) {
    const char *here = lore_vocabulary_word(vocabulary, (uint16_t)i);
    error = nc_get_vara_text(ncid, id, (size_t[]){(size_t)i, 0}, (size_t[]){1, length}, word);
    if (!error && strcmp(word, here) != 0)
      status =
          lore_fail(LORE_USER, "%s has another vocabulary: word %d is '%s' there and '%s' here",
                    path, i, word, here);
  }
  free(word);
  return error ? lore_netcdf_unreadable(path, "word", error) : status;
}

lore_status lore_checkpoint_check(const char *path, const lore_model *model,
                                  const lore_vocabulary *vocabulary) {
  int ncid;
  LORE_TRY(open_file(path, &ncid));
  lore_status status = lore_checkpoint_fits(ncid, path, model);
  if (status == LORE_OK)
    status = check_words(ncid, path, vocabulary);
  nc_close(ncid);
  return status;
}
