/* Freezing the runs of a study into manifest.tsv. */
#include "file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index.h"
#include "inputs.h"
#include "lore/base/textfile.h"
#include "lore/io/path.h"
#include "lore/settings/hash.h"

/* The run or the file that a run starts from. */
static const char *parent_of(const lore_manifest *m, const lore_manifest_run *run) {
  return run->start ? run->start->path : run->parent < 0 ? "-" : m->run[run->parent].id;
}

static void write_run(FILE *file, const lore_manifest *m, const lore_manifest_run *run) {
  fprintf(file, "%s\t%s\t%d\t%s\t%" PRId64 "\t%" PRIu64 "\t%" PRId64 "\t%016" PRIx64 "\t%.6g",
          run->id, run->experiment, run->wave, parent_of(m, run), run->parent_step,
          run->settings.seed, run->settings.train.steps, run->hash, run->operations);
  for (int a = 0; a < m->axes; a++)
    fprintf(file, "\t%s", run->value[a]);
  fputc('\n', file);
}

static lore_status put_manifest(const char *path, const lore_manifest *m) {
  lore_textfile file;
  LORE_TRY(lore_textfile_begin(path, true, &file));
  fprintf(file.stream,
          LORE_MANIFEST_KIND LORE_MANIFEST_VERSION "%s, %d run%s\n" LORE_MANIFEST_COLUMNS, m->name,
          m->runs, m->runs == 1 ? "" : "s");
  for (int a = 0; a < m->axes; a++)
    fprintf(file.stream, "\t%s", m->axis[a]);
  fputc('\n', file.stream);
  for (int r = 0; r < m->runs; r++)
    write_run(file.stream, m, &m->run[r]);
  return lore_textfile_commit(&file);
}

/* How the settings of a run that has begun, or else what it starts from, differ from what they are
 * now; false if that is unknown. */
static bool find_differences(const char *directory, const lore_manifest_run *now, size_t size,
                             char *text) {
  char folder[LORE_PATH_MAX], path[LORE_PATH_MAX];
  lore_settings *before = malloc(sizeof *before);
  bool known = before && lore_directory_of_run(directory, now->id, folder) == LORE_OK &&
               lore_path_join(folder, LORE_PATH_STUDY, path) == LORE_OK && !access(path, R_OK) &&
               lore_settings_read(path, 0, NULL, before) == LORE_OK;
  if (known && lore_settings_differences(before, &now->settings, size, text) == 0)
    snprintf(text, size, "the weights that it starts from, or is patched from, are others%s%s",
             now->start ? " in " : "", now->start ? now->start->path : "");
  free(before);
  return known;
}

/* Adds `line` to a list that is cut after some; returns how many there are now. */
static int list(char *text, size_t size, int count, const char *line) {
  enum { SHOWN = 5 };
  size_t length = strlen(text);
  if (count < SHOWN)
    snprintf(text + length, size - length, "\n  %s", line);
  else if (count == SHOWN)
    snprintf(text + length, size - length, "\n  ...");
  return count + 1;
}

/* Every run that was frozen must still be there, as it was. */
static lore_status compare(const lore_manifest *before, const lore_manifest *now,
                           const lore_manifest_index *index, const char *directory) {
  char missing[1200] = "", changed[1200] = "", differences[2048] = "";
  const lore_manifest_run *first = NULL;
  int gone = 0, others = 0;
  for (int r = 0; r < before->runs; r++) {
    int at = lore_manifest_index_find(index, before->run[r].id);
    if (at < 0) {
      gone = list(missing, sizeof missing, gone, before->run[r].id);
    } else if (now->run[at].hash != before->run[r].hash) {
      first = first ? first : &now->run[at];
      others = list(changed, sizeof changed, others, now->run[at].id);
    }
  }
  if (others > 0) {
    bool known = find_differences(directory, first, sizeof differences, differences);
    return lore_fail(LORE_USER,
                     "%s holds this study with other settings in %d of its %d runs:%s%s%s%s%s\n"
                     "give another directory with -o, or another name",
                     directory, others, before->runs, changed, known ? "\n" : "",
                     known ? first->id : "", known ? ":\n" : "", differences);
  }
  if (gone > 0)
    return lore_fail(LORE_USER,
                     "%s holds %d run%s not in the study any more:%s\ngive another directory with "
                     "-o, or put %s back into the study",
                     directory, gone, gone == 1 ? " that is" : "s that are", missing,
                     gone == 1 ? "it" : "them");
  return LORE_OK;
}

static lore_status check_frozen(const lore_manifest *before, const lore_manifest *now,
                                const char *directory) {
  lore_manifest_index index;
  if (strcmp(before->name, now->name) != 0)
    return lore_fail(LORE_USER, "%s holds another study, '%s'; give another directory with -o",
                     directory, before->name);
  LORE_TRY(lore_manifest_index_create(now, now->runs, &index));
  for (int r = 0; r < now->runs; r++)
    lore_manifest_index_add(&index, r);
  lore_status status = compare(before, now, &index, directory);
  lore_manifest_index_destroy(&index);
  return status;
}

bool lore_manifest_exists(const char *directory) {
  char file[LORE_PATH_MAX];
  return lore_path_join(directory, LORE_PATH_MANIFEST, file) == LORE_OK && access(file, F_OK) == 0;
}

lore_status lore_manifest_freeze(const lore_manifest *manifest, const char *directory) {
  char file[LORE_PATH_MAX], runs[LORE_PATH_MAX];
  lore_manifest before;
  LORE_TRY(lore_path_join(directory, LORE_PATH_MANIFEST, file));
  LORE_TRY(lore_path_join(directory, LORE_PATH_RUNS, runs));
  LORE_TRY(lore_manifest_check_inputs(manifest));
  LORE_TRY(lore_directory_make(runs));
  if (access(file, F_OK) == 0) {
    LORE_TRY(lore_manifest_load(directory, &before));
    bool same = before.runs == manifest->runs;
    lore_status status = check_frozen(&before, manifest, directory);
    lore_manifest_destroy(&before);
    if (status != LORE_OK || same)
      return status;
  }
  LORE_TRY(lore_manifest_put_inputs(manifest, directory));
  return put_manifest(file, manifest);
}
