/* Reading manifest.tsv back, and telling where it is damaged. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "index.h"
#include "lore/io/path.h"

typedef struct {
  const char *path;
  int line, runs; /* runs: as many as the first line says */
  lore_manifest *manifest;
  lore_manifest_index index;
} lore_manifest_reader;

static lore_status damaged(const lore_manifest_reader *r, const char *what) {
  return lore_fail(LORE_USER, "%s:%d: the manifest is damaged: %s", r->path, r->line, what);
}

static bool read_integer(const char *text, int64_t most, int64_t *value) {
  char *end;
  errno = 0;
  *value = strtoll(text, &end, 10);
  return isdigit((unsigned char)*text) && !*end && !errno && *value <= most;
}

static bool read_hash(const char *text, uint64_t *hash) {
  *hash = strtoull(text, NULL, 16);
  return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
}

static bool read_real(const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  return *text && !*end && isfinite(*value) && *value >= 0;
}

/* Ids are names of directories: nothing else may come from a damaged file. */
static bool is_id(const char *text) {
  size_t length = strlen(text);
  if (length == 0 || length >= LORE_RUN_ID_MAX || *text == '.')
    return false;
  for (; *text; text++)
    if (!isalnum((unsigned char)*text) && !strchr("._-+", *text))
      return false;
  return true;
}

/* Cuts a line into cells in place; returns how many there are, of which `capacity` are stored. */
static int split(char *line, int capacity, char **cell) {
  int cells = 0;
  for (char *at = line, *next; (next = strsep(&at, "\t")); cells++)
    if (cells < capacity)
      cell[cells] = next;
  return cells;
}

static lore_status read_parent(const lore_manifest_reader *r, char **cell, lore_manifest_run *run) {
  int64_t wave;
  bool file = *cell[3] == '/', none = file || !strcmp(cell[3], "-");
  run->parent = none ? -1 : lore_manifest_index_find(&r->index, cell[3]);
  if (run->parent < 0 && !none)
    return damaged(r, "the parent is in no line above");
  if (!read_integer(cell[2], LORE_RUNS_MAX, &wave) ||
      !read_integer(cell[4], INT64_MAX, &run->parent_step))
    return damaged(r, "wave and parent_step must be numbers");
  run->wave = (int)wave;
  const lore_manifest_run *parent = run->parent < 0 ? NULL : &r->manifest->run[run->parent];
  if (run->wave != (parent ? parent->wave + 1 : 0) ||
      (!file && run->parent_step > (parent ? parent->settings.train.steps : 0)))
    return damaged(r, "wave and parent_step do not fit the parent");
  return LORE_OK;
}

static lore_status read_run(lore_manifest_reader *r, char *line) {
  lore_manifest *m = r->manifest;
  char *cell[LORE_MANIFEST_FIXED + LORE_AXES_MAX];
  int64_t seed;
  if (split(line, LORE_MANIFEST_FIXED + LORE_AXES_MAX, cell) != LORE_MANIFEST_FIXED + m->axes)
    return damaged(r, "it has not as many columns as the line of names");
  if (m->runs == r->runs)
    return damaged(r, "there are more runs than its first line says");
  lore_manifest_run *run = &m->run[m->runs];
  if (!is_id(cell[0]) || strlen(cell[1]) >= sizeof run->experiment)
    return damaged(r, "this is no name of a run");
  snprintf(run->id, sizeof run->id, "%s", cell[0]);
  snprintf(run->experiment, sizeof run->experiment, "%s", cell[1]);
  snprintf(run->settings.name, sizeof run->settings.name, "%s", m->name);
  LORE_TRY(read_parent(r, cell, run));
  if (!read_integer(cell[5], INT64_MAX, &seed) ||
      !read_integer(cell[6], INT64_MAX, &run->settings.train.steps) ||
      run->settings.train.steps < 1)
    return damaged(r, "seed and steps must be numbers");
  run->settings.seed = (uint64_t)seed;
  if (!read_hash(cell[7], &run->hash) || !read_real(cell[8], &run->operations))
    return damaged(r, "hash must be 16 hexadecimal digits, operations a number");
  for (int a = 0; a < m->axes; a++) {
    if (strlen(cell[LORE_MANIFEST_FIXED + a]) >= LORE_AXIS_VALUE_MAX)
      return damaged(r, "a value is too long");
    snprintf(run->value[a], LORE_AXIS_VALUE_MAX, "%s", cell[LORE_MANIFEST_FIXED + a]);
  }
  return lore_manifest_index_add(&r->index, m->runs++) ? LORE_OK
                                                       : damaged(r, "this run is there twice");
}

/* Name of the study and number of runs. */
static lore_status read_first(lore_manifest_reader *r, const char *line) {
  lore_manifest *m = r->manifest;
  const char *text = line + strlen(LORE_MANIFEST_KIND);
  char word[6], rest;
  if (strncmp(line, LORE_MANIFEST_KIND, strlen(LORE_MANIFEST_KIND)) != 0)
    return damaged(r, "it does not begin like one");
  if (strncmp(text, LORE_MANIFEST_VERSION, strlen(LORE_MANIFEST_VERSION)) != 0)
    return lore_fail(LORE_USER, "%s:1: this manifest is of another version of LORE: %s", r->path,
                     line);
  text += strlen(LORE_MANIFEST_VERSION);
  size_t length = strcspn(text, ",");
  if (length == 0 || length >= sizeof m->name ||
      sscanf(text + length, ", %6d %5s%c", &r->runs, word, &rest) != 2 || strncmp(word, "run", 3) ||
      r->runs < 1 || r->runs > LORE_RUNS_MAX)
    return damaged(r, "its first line does not give the study's name and how many runs it has");
  snprintf(m->name, sizeof m->name, "%.*s", (int)length, text);
  m->run = calloc((size_t)r->runs, sizeof *m->run);
  if (!m->run)
    return lore_fail(LORE_MEMORY, "no memory for %d runs", r->runs);
  return lore_manifest_index_create(m, r->runs, &r->index);
}

static lore_status read_columns(lore_manifest_reader *r, char *line) {
  lore_manifest *m = r->manifest;
  size_t fixed = strlen(LORE_MANIFEST_COLUMNS);
  char *cell[LORE_AXES_MAX];
  if (strncmp(line, LORE_MANIFEST_COLUMNS, fixed) || (line[fixed] && line[fixed] != '\t'))
    return damaged(r, "its columns have other names");
  if (!line[fixed])
    return LORE_OK;
  int cells = split(line + fixed + 1, LORE_AXES_MAX, cell);
  if (cells > LORE_AXES_MAX)
    return damaged(r, "it has too many columns");
  for (; m->axes < cells; m->axes++) {
    if (!*cell[m->axes] || strlen(cell[m->axes]) >= sizeof m->axis[0])
      return damaged(r, "a column has no name");
    snprintf(m->axis[m->axes], sizeof m->axis[0], "%s", cell[m->axes]);
  }
  return LORE_OK;
}

static lore_status read_line(lore_manifest_reader *r, char *line, size_t length) {
  if (length == 0 || line[length - 1] != '\n')
    return damaged(r, "the line is cut off");
  line[--length] = 0;
  if (strlen(line) != length)
    return damaged(r, "it has a zero byte");
  return r->line == 1   ? read_first(r, line)
         : r->line == 2 ? read_columns(r, line)
                        : read_run(r, line);
}

static lore_status read_lines(lore_manifest_reader *r, FILE *file) {
  char *text = NULL;
  size_t capacity = 0;
  lore_status status = LORE_OK;
  for (ssize_t length; status == LORE_OK && (length = getline(&text, &capacity, file)) >= 0;) {
    r->line++;
    status = read_line(r, text, (size_t)length);
  }
  free(text);
  LORE_TRY(status);
  if (ferror(file))
    return lore_fail(LORE_FILE, "%s: cannot be read: %s", r->path, strerror(errno));
  r->line++;
  if (r->manifest->runs == 0 || r->manifest->runs < r->runs)
    return damaged(r, "it ends before its last run");
  return LORE_OK;
}

lore_status lore_manifest_load(const char *directory, lore_manifest *m) {
  char path[LORE_PATH_MAX];
  *m = (lore_manifest){0};
  LORE_TRY(lore_path_join(directory, LORE_PATH_MANIFEST, path));
  FILE *file = fopen(path, "r");
  if (!file)
    return lore_fail(errno == ENOENT ? LORE_USER : LORE_FILE, "%s: cannot be read: %s", path,
                     strerror(errno));
  lore_manifest_reader reader = {.path = path, .manifest = m};
  lore_status status = read_lines(&reader, file);
  lore_manifest_index_destroy(&reader.index);
  fclose(file);
  if (status != LORE_OK)
    lore_manifest_destroy(m);
  return status;
}
