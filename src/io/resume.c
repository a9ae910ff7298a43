/* Resume points: their names, what they hold beside weights and moments, writing, and reading the
 * newest that is whole. Only the leader of a run comes here, whatever rank it is, so warnings are
 * said from any rank. */
#include "lore/io/resume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "lore/base/log.h"
#include "lore/io/path.h"
#include "seal.h"

#define PREFIX "resume_"
#define SUFFIX ".nc"

/* The step in the name of a resume point with `suffix`; -1 if it is none. */
static int64_t step_in_name(const char *name, const char *suffix) {
  char *end;
  if (strncmp(name, PREFIX, strlen(PREFIX)))
    return -1;
  name += strlen(PREFIX);
  if (strspn(name, "0123456789") < 8)
    return -1;
  errno = 0;
  int64_t step = strtoll(name, &end, 10);
  return errno || strcmp(end, suffix) ? -1 : step;
}

int64_t lore_resume_step(const char *name) {
  return step_in_name(name, SUFFIX);
}

static int is_point(const struct dirent *entry) {
  return lore_resume_step(entry->d_name) >= 0;
}

static int is_partial(const struct dirent *entry) {
  return step_in_name(entry->d_name, SUFFIX ".partial") >= 0;
}

static int newest_first(const struct dirent **a, const struct dirent **b) {
  int64_t first = step_in_name((*a)->d_name, SUFFIX), second = step_in_name((*b)->d_name, SUFFIX);
  return (first < second) - (first > second);
}

static void free_listing(struct dirent **entry, int count) {
  for (int i = 0; i < count; i++)
    free(entry[i]);
  if (count >= 0)
    free(entry);
}

lore_status lore_resume_list(const char *directory, lore_resume_points *points) {
  struct dirent **entry;
  *points = (lore_resume_points){0};
  int count = scandir(directory, &entry, is_point, newest_first);
  if (count < 0)
    return errno == ENOENT ? LORE_OK : lore_netcdf_status(errno, "list", directory);
  points->step = calloc((size_t)count + 1, sizeof *points->step);
  for (int i = 0; i < count && points->step; i++)
    points->step[points->count++] = step_in_name(entry[i]->d_name, SUFFIX);
  free_listing(entry, count);
  return points->step
             ? LORE_OK
             : lore_fail(LORE_MEMORY, "cannot allocate the list of resume points in %s", directory);
}

static void remove_matching(const char *directory, int (*filter)(const struct dirent *)) {
  struct dirent **entry;
  int count = scandir(directory, &entry, filter, NULL);
  int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < count && fd >= 0; i++)
    unlinkat(fd, entry[i]->d_name, 0);
  if (fd >= 0)
    close(fd);
  free_listing(entry, count);
}

void lore_resume_remove(const char *directory) {
  remove_matching(directory, is_point);
  remove_matching(directory, is_partial);
}

void lore_resume_remove_weights(const char *directory) {
  remove_matching(directory, lore_path_is_weights);
}

/* directory/resume_<step>.nc. Free it. */
static lore_status name_point(const char *directory, int64_t step, char **path) {
  if (asprintf(path, "%s/" PREFIX "%08lld" SUFFIX, directory, (long long)step) < 0)
    return lore_fail(LORE_MEMORY, "cannot allocate the name of a checkpoint in %s", directory);
  return LORE_OK;
}

#define HASH    "resume_settings_hash"
#define BACKEND "resume_gemm_backend"
#define RECORDS "resume_records_checksum"

/* The members of lore_resume as global attributes; `step` is every checkpoint's. A double holds the
 * integers: they are below 2^53. */
static const struct {
  const char *name;
  bool integer; /* int64_t, else double */
  size_t offset;
} field[] = {
    {"step", true, offsetof(lore_resume, step)},
    {"resume_tokens_seen", true, offsetof(lore_resume, tokens_seen)},
    {"resume_loss_sum", false, offsetof(lore_resume, loss_sum)},
    {"resume_loss_tokens", true, offsetof(lore_resume, loss_tokens)},
    {"resume_gradient_norm", false, offsetof(lore_resume, gradient_norm)},
    {"resume_baseline", false, offsetof(lore_resume, detector.baseline)},
    {"resume_plateau_margin", false, offsetof(lore_resume, detector.margin)},
    {"resume_last_step", false, offsetof(lore_resume, detector.last_step)},
    {"resume_last_loss", false, offsetof(lore_resume, detector.last_loss)},
    {"resume_plateau_start", false, offsetof(lore_resume, detector.plateau_start)},
    {"resume_plateau_end", false, offsetof(lore_resume, detector.plateau_end)},
    {"resume_seconds", false, offsetof(lore_resume, seconds)},
    {"resume_records", true, offsetof(lore_resume, records)},
    {"resume_widened_at", true, offsetof(lore_resume, widened_at)},
};

enum { FIELDS = sizeof field / sizeof *field };

static void put_fields(lore_ncfile *file, const void *context) {
  const lore_resume *resume = context;
  char hash[17];
  for (int i = 0; i < FIELDS; i++) {
    const char *at = (const char *)resume + field[i].offset;
    int64_t integer;
    double number;
    if (field[i].integer) {
      memcpy(&integer, at, sizeof integer);
      lore_ncfile_integer(file, NC_GLOBAL, field[i].name, integer);
    } else {
      memcpy(&number, at, sizeof number);
      lore_ncfile_real(file, NC_GLOBAL, field[i].name, number);
    }
  }
  snprintf(hash, sizeof hash, "%016llx", (unsigned long long)resume->settings_hash);
  lore_ncfile_text(file, NC_GLOBAL, HASH, hash);
  lore_ncfile_text(file, NC_GLOBAL, BACKEND, resume->gemm_backend);
  lore_ncfile_text(file, NC_GLOBAL, RECORDS, resume->records_checksum);
}

/* A resume point that is read. */
typedef struct {
  int64_t step; /* by its name */
  lore_resume *resume;
  bool wild; /* its checksum is right, but what it says cannot be */
} reading;

static lore_status read_fields(int ncid, const char *path, lore_resume *resume) {
  char hash[17];
  *resume = (lore_resume){0};
  for (int i = 0; i < FIELDS; i++) {
    char *at = (char *)resume + field[i].offset;
    double number;
    int64_t whole;
    int error = field[i].integer ? lore_netcdf_get_whole(ncid, field[i].name, &whole)
                                 : lore_netcdf_get_number(ncid, field[i].name, &number);
    if (error)
      return lore_netcdf_unreadable(path, field[i].name, error);
    if (field[i].integer)
      memcpy(at, &whole, sizeof whole);
    else
      memcpy(at, &number, sizeof number);
  }
  int error = lore_netcdf_get_text(ncid, HASH, sizeof hash, hash);
  if (error)
    return lore_netcdf_unreadable(path, HASH, error);
  resume->settings_hash = strtoull(hash, NULL, 16);
  error = lore_netcdf_get_text(ncid, BACKEND, sizeof resume->gemm_backend, resume->gemm_backend);
  if (error)
    return lore_netcdf_unreadable(path, BACKEND, error);
  error = lore_netcdf_get_text(ncid, RECORDS, sizeof resume->records_checksum,
                               resume->records_checksum);
  if (error == NC_ENOTATT) /* of an earlier version */
    error = NC_NOERR;
  return error ? lore_netcdf_unreadable(path, RECORDS, error) : LORE_OK;
}

static lore_status get_fields(int ncid, const char *path, void *context) {
  reading *r = context;
  lore_status status = read_fields(ncid, path, r->resume);
  if (status == LORE_OK && r->resume->step != r->step)
    status =
        lore_fail(LORE_NETCDF, "%s says that it is of step %lld", path, (long long)r->resume->step);
  r->wild = status != LORE_OK;
  return status;
}

lore_status lore_resume_describe(const char *path, lore_resume *resume) {
  const char *slash = strrchr(path, '/');
  reading r = {.step = lore_resume_step(slash ? slash + 1 : path), .resume = resume};
  int ncid;
  LORE_TRY(lore_netcdf_status(lore_netcdf_open(path, 0, &ncid), "read", path));
  lore_status status = get_fields(ncid, path, &r);
  nc_close(ncid);
  return status;
}

/* Removes all but `step` and the one before it. One that is newer is of a course that was left: it
 * was damaged, and the run has resumed from an earlier one. */
static void remove_others(const char *directory, int64_t step) {
  lore_resume_points points;
  bool previous = false;
  if (lore_resume_list(directory, &points) != LORE_OK)
    lore_say("warning: cannot remove old checkpoints: %s", lore_fail_message());
  for (int i = 0; i < points.count; i++) {
    char *path;
    bool keep = points.step[i] == step || (points.step[i] < step && !previous);
    previous |= points.step[i] < step;
    if (keep || name_point(directory, points.step[i], &path) != LORE_OK)
      continue;
    if (unlink(path) && errno != ENOENT)
      lore_say("warning: cannot remove %s: %s", path, strerror(errno));
    free(path);
  }
  free(points.step);
}

lore_status lore_resume_write(const char *directory, const lore_model *model,
                              const lore_training_state *state, const lore_vocabulary *vocabulary,
                              const lore_resume *resume, int provenances,
                              const lore_provenance *provenance) {
  const lore_checkpoint_content content = {
      .title = "resume point",
      .summary = "Parameters of a decoder-only transformer with the moments of its optimiser, one "
                 "variable per tensor, and what else its training needs to go on; matrices are "
                 "(input, output).",
      .model = model,
      .vectors = LORE_VECTORS,
      .vector = {{.memory = state->parameters}, state->first_moment, state->second_moment},
      .vocabulary = vocabulary,
      .step = resume->step,
      .put_more = put_fields,
      .more = resume,
      .provenances = provenances,
      .provenance = provenance};
  char *path;
  LORE_TRY(name_point(directory, resume->step, &path));
  lore_status status = lore_checkpoint_put(path, &content);
  free(path);
  if (status == LORE_OK)
    remove_others(directory, resume->step);
  return status;
}

/* The state is touched only once the file's checksum and numbers have been found right; what fails
 * after that is no damage, and an earlier resume point would not help. */
static lore_status read_point(const char *path, int64_t named, const lore_model *model,
                              const lore_training_state *state, lore_resume *resume, bool *found) {
  const lore_elements vector[LORE_VECTORS] = {
      {.memory = state->parameters}, state->first_moment, state->second_moment};
  reading r = {.step = named, .resume = resume};
  char seal[LORE_XXH3_TEXT];
  int64_t step;
  bool whole = lore_seal_verify(path, seal) == LORE_OK;
  lore_status status = LORE_OK;
  if (whole)
    status = lore_checkpoint_take(path, model, LORE_VECTORS, vector, &step, get_fields, &r);
  if (!whole || r.wild) {
    lore_say("warning: %s", lore_fail_message());
    return LORE_OK;
  }
  *found = status == LORE_OK;
  return status;
}

lore_status lore_resume_read(const char *directory, const lore_model *model,
                             const lore_training_state *state, lore_resume *resume, bool *found) {
  lore_resume_points points;
  *found = false;
  remove_matching(directory, is_partial);
  lore_status status = lore_resume_list(directory, &points);
  for (int i = 0; i < points.count && !*found && status == LORE_OK; i++) {
    char *path;
    status = name_point(directory, points.step[i], &path);
    if (status != LORE_OK)
      break;
    status = read_point(path, points.step[i], model, state, resume, found);
    if (*found && i > 0)
      lore_say("warning: using the checkpoint before it, %s", path);
    free(path);
  }
  if (status == LORE_OK && points.count > 0 && !*found)
    lore_say("warning: no checkpoint in %s is whole", directory);
  free(points.step);
  return status;
}
