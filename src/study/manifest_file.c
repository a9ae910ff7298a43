/* manifest.tsv: the runs of a study, frozen. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"
#include "lore/manifest.h"

static const char first_line[] = "# LORE manifest 1: ";
static const char columns[] =
    "id\texperiment\twave\tparent\tparent_step\tseed\tsteps\thash\toperations";
enum { COLUMNS = 9 };

static void write_run(FILE *file, const lore_manifest *m, const lore_manifest_run *run) {
  fprintf(file, "%s\t%s\t%d\t%s\t%" PRId64 "\t%" PRIu64 "\t%" PRId64 "\t%016" PRIx64 "\t%.6g",
          run->id, run->experiment, run->wave, run->parent < 0 ? "-" : m->run[run->parent].id,
          run->parent_step, run->settings.seed, run->settings.train.steps, run->hash,
          run->operations);
  for (int a = 0; a < m->axes; a++)
    fprintf(file, "\t%s", run->value[a]);
  fputc('\n', file);
}

static lore_status write_file(const lore_manifest *m, const char *path) {
  char partial[LORE_PATH_MAX];
  if (snprintf(partial, sizeof partial, "%s.partial", path) >= (int)sizeof partial)
    return lore_fail(LORE_USER, "the path %.40s... is too long", path);
  FILE *file = fopen(partial, "w");
  if (!file)
    return lore_fail(LORE_FILE, "%s: cannot be written: %s", path, strerror(errno));
  fprintf(file, "%s%s\n%s", first_line, m->name, columns);
  for (int a = 0; a < m->axes; a++)
    fprintf(file, "\t%s", m->axis[a]);
  fputc('\n', file);
  for (int r = 0; r < m->runs; r++)
    write_run(file, m, &m->run[r]);
  int failed = ferror(file) | (fflush(file) != 0) | (fsync(fileno(file)) != 0);
  failed |= fclose(file) != 0;
  if (!failed && rename(partial, path) == 0)
    return LORE_OK;
  lore_status status = lore_fail(LORE_FILE, "%s: cannot be written: %s", path, strerror(errno));
  unlink(partial);
  return status;
}

static lore_status damaged(const char *path, int line, const char *what) {
  return lore_fail(LORE_USER, "%s:%d: the manifest is damaged: %s", path, line, what);
}

/* Cuts a line into cells in place; returns how many. */
static int split(char *line, int capacity, char **cell) {
  int cells = 0;
  for (char *at = line; at && cells < capacity;) {
    cell[cells++] = strsep(&at, "\t");
  }
  return cells;
}

static int find_run(const lore_manifest *m, const char *id) {
  for (int r = m->runs - 1; r >= 0; r--)
    if (!strcmp(m->run[r].id, id))
      return r;
  return -1;
}

static lore_status read_run(const char *path, int line, int cells, char **cell, lore_manifest *m) {
  if (cells != COLUMNS + m->axes)
    return damaged(path, line, "another number of columns than in the header");
  lore_manifest_run *more = realloc(m->run, ((size_t)m->runs + 1) * sizeof *more);
  if (!more)
    return lore_fail(LORE_MEMORY, "no memory for %d runs", m->runs + 1);
  m->run = more;
  lore_manifest_run *run = &m->run[m->runs];
  memset(run, 0, sizeof *run);
  snprintf(run->id, sizeof run->id, "%s", cell[0]);
  snprintf(run->experiment, sizeof run->experiment, "%s", cell[1]);
  snprintf(run->settings.name, sizeof run->settings.name, "%s", m->name);
  run->wave = atoi(cell[2]);
  run->parent = strcmp(cell[3], "-") ? find_run(m, cell[3]) : -1;
  run->parent_step = strtoll(cell[4], NULL, 10);
  run->settings.seed = strtoull(cell[5], NULL, 10);
  run->settings.train.steps = strtoll(cell[6], NULL, 10);
  char *end;
  run->hash = strtoull(cell[7], &end, 16);
  if (strlen(cell[7]) != 16 || *end || run->settings.train.steps < 1)
    return damaged(path, line, "its numbers cannot be read");
  if (run->parent < 0 && strcmp(cell[3], "-"))
    return damaged(path, line, "the parent is not listed before");
  run->operations = strtod(cell[8], NULL);
  for (int a = 0; a < m->axes; a++)
    snprintf(run->value[a], sizeof run->value[a], "%s", cell[COLUMNS + a]);
  m->runs++;
  return LORE_OK;
}

static lore_status read_lines(FILE *file, const char *path, lore_manifest *m) {
  char *text = NULL, *cell[COLUMNS + LORE_AXES_MAX + 1];
  size_t capacity = 0, start = strlen(first_line);
  lore_status status = LORE_OK;
  int line = 0;
  while (status == LORE_OK && getline(&text, &capacity, file) >= 0) {
    line++;
    bool ended = strchr(text, '\n') != NULL;
    text[strcspn(text, "\n")] = 0;
    if (line == 1) {
      if (strncmp(text, first_line, start))
        status = damaged(path, line, "it does not begin like one");
      else
        snprintf(m->name, sizeof m->name, "%s", text + start);
      continue;
    }
    if (!ended) {
      status = damaged(path, line, "the last line is cut off");
      continue;
    }
    int cells = split(text, COLUMNS + LORE_AXES_MAX + 1, cell);
    if (line > 2) {
      status = read_run(path, line, cells, cell, m);
      continue;
    }
    if (cells < COLUMNS || cells > COLUMNS + LORE_AXES_MAX || strcmp(cell[0], "id"))
      status = damaged(path, line, "unknown columns");
    for (int c = COLUMNS; c < cells && status == LORE_OK; c++)
      snprintf(m->axis[m->axes++], sizeof m->axis[0], "%s", cell[c]);
  }
  free(text);
  if (status == LORE_OK && m->runs == 0)
    status = damaged(path, line, "it lists no run");
  return status;
}

lore_status lore_manifest_load(const char *directory, lore_manifest *m) {
  char path[LORE_PATH_MAX];
  *m = (lore_manifest){0};
  LORE_TRY(lore_path_join(directory, "manifest.tsv", path));
  FILE *file = fopen(path, "r");
  if (!file)
    return lore_fail(errno == ENOENT ? LORE_USER : LORE_FILE, "%s: cannot be read: %s", path,
                     strerror(errno));
  lore_status status = read_lines(file, path, m);
  fclose(file);
  if (status != LORE_OK)
    lore_manifest_destroy(m);
  return status;
}

/* The run of `directory` that was frozen with other settings: says which, as far as it is known. */
static lore_status fail_changed(const char *directory, const lore_manifest_run *now) {
  char path[LORE_PATH_MAX], differences[2048] = "";
  lore_settings *before = malloc(sizeof *before);
  LORE_TRY(lore_directory_of_run(directory, now->id, path));
  if (before && strlen(path) + 12 < sizeof path && !access(strcat(path, "/study.yaml"), R_OK) &&
      lore_settings_read(path, 0, NULL, before) == LORE_OK)
    lore_settings_differences(before, &now->settings, sizeof differences, differences);
  free(before);
  return lore_fail(LORE_USER,
                   "%s holds this study with other settings of run %s%s%s\ngive another directory "
                   "with -o, or another name",
                   directory, now->id, *differences ? ":\n" : "", differences);
}

/* Every run that was frozen must still be there, as it was. */
static lore_status check_frozen(const lore_manifest *before, const lore_manifest *now,
                                const char *directory) {
  if (strcmp(before->name, now->name))
    return lore_fail(LORE_USER, "%s holds another study, '%s'; give another directory with -o",
                     directory, before->name);
  for (int r = 0; r < before->runs; r++) {
    int index = find_run(now, before->run[r].id);
    if (index < 0)
      return lore_fail(LORE_USER,
                       "%s holds a run that is not in the study any more: %s\ngive another "
                       "directory with -o, or put it back into the study",
                       directory, before->run[r].id);
    if (now->run[index].hash != before->run[r].hash)
      return fail_changed(directory, &now->run[index]);
  }
  return LORE_OK;
}

static lore_status copy_study(const char *from, const char *directory) {
  char to[LORE_PATH_MAX], partial[LORE_PATH_MAX], block[65536];
  size_t count;
  LORE_TRY(lore_path_join(directory, "study.yaml", to));
  LORE_TRY(lore_path_join(directory, "study.yaml.partial", partial));
  FILE *in = fopen(from, "r"), *out = fopen(partial, "w");
  bool failed = !in || !out;
  while (!failed && (count = fread(block, 1, sizeof block, in)) > 0)
    failed = fwrite(block, 1, count, out) != count;
  failed |= in && ferror(in);
  if (in)
    fclose(in);
  if (out)
    failed |= fclose(out) != 0;
  if (!failed && rename(partial, to) == 0)
    return LORE_OK;
  lore_status status = lore_fail(LORE_FILE, "%s: cannot be written: %s", to, strerror(errno));
  unlink(partial);
  return status;
}

lore_status lore_manifest_freeze(const lore_manifest *manifest, const char *path,
                                 const char *directory) {
  char file[LORE_PATH_MAX], runs[LORE_PATH_MAX];
  lore_manifest before;
  LORE_TRY(lore_path_join(directory, "manifest.tsv", file));
  LORE_TRY(lore_path_join(directory, "runs", runs));
  LORE_TRY(lore_directory_make(runs));
  if (access(file, F_OK) == 0) {
    LORE_TRY(lore_manifest_load(directory, &before));
    bool same = before.runs == manifest->runs;
    lore_status status = check_frozen(&before, manifest, directory);
    lore_manifest_destroy(&before);
    if (status != LORE_OK || same)
      return status;
  }
  LORE_TRY(copy_study(path, directory));
  return write_file(manifest, file);
}
