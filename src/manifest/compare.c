/* A frozen manifest beside the study, the overrides and the tables that lie with it. */
#include "lore/manifest/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/io/path.h"
#include "lore/manifest/expand.h"

static int compare_ids(const void *a, const void *b, void *context) {
  const lore_manifest *m = context;
  return strcmp(m->run[*(const int *)a].id, m->run[*(const int *)b].id);
}

lore_status lore_run_names_create(const lore_manifest *manifest, lore_run_names *names) {
  *names = (lore_run_names){manifest, calloc((size_t)manifest->runs + 1, sizeof *names->order)};
  if (!names->order)
    return lore_fail(LORE_MEMORY, "cannot allocate %d runs", manifest->runs);
  for (int r = 0; r < manifest->runs; r++)
    names->order[r] = r;
  qsort_r(names->order, (size_t)manifest->runs, sizeof *names->order, compare_ids,
          (void *)manifest);
  return LORE_OK;
}

void lore_run_names_destroy(lore_run_names *names) {
  free(names->order);
  *names = (lore_run_names){0};
}

int lore_run_names_find(const lore_run_names *names, const char *id) {
  int first = 0, end = names->order ? names->manifest->runs : 0;
  while (first < end) {
    int middle = first + (end - first) / 2, run = names->order[middle];
    int order = strcmp(id, names->manifest->run[run].id);
    if (order == 0)
      return run;
    if (order < 0)
      end = middle;
    else
      first = middle + 1;
  }
  return -1;
}

/* How many runs differ in a way, and the first of them. */
typedef struct {
  int count;
  const char *first;
} lore_difference;

static void count_run(lore_difference *difference, const char *id) {
  if (difference->count++ == 0)
    difference->first = id;
}

static void describe(const lore_difference *d, const char *what, size_t size, char *text) {
  size_t length = strlen(text);
  if (d->count > 0)
    snprintf(text + length, size - length, "%s%d %s (%s%s)", length ? ", " : "", d->count, what,
             d->first, d->count > 1 ? ", ..." : "");
}

static lore_status compare_runs(const lore_run_names *frozen, const lore_manifest *study) {
  const lore_manifest *m = frozen->manifest;
  lore_difference changed = {0}, more = {0}, gone = {0};
  char text[1024] = "";
  bool *found = calloc((size_t)m->runs + 1, sizeof *found);
  if (!found)
    return lore_fail(LORE_MEMORY, "cannot allocate %d runs", m->runs);
  for (int r = 0; r < study->runs; r++) {
    int at = lore_run_names_find(frozen, study->run[r].id);
    if (at < 0)
      count_run(&more, study->run[r].id);
    else if (m->run[at].hash != study->run[r].hash)
      count_run(&changed, study->run[r].id);
    if (at >= 0)
      found[at] = true;
  }
  for (int r = 0; r < m->runs; r++)
    if (!found[r])
      count_run(&gone, m->run[r].id);
  free(found);
  describe(&changed, "with other settings", sizeof text, text);
  describe(&gone, "only in manifest.tsv", sizeof text, text);
  describe(&more, "only in the study", sizeof text, text);
  return *text ? lore_fail(LORE_USER, "its runs are not those of manifest.tsv: %s", text) : LORE_OK;
}

/* One "key=value" per line; free each and the list. */
typedef struct {
  int count;
  char **line;
} lore_lines;

static void free_lines(lore_lines *lines) {
  for (int i = 0; i < lines->count; i++)
    free(lines->line[i]);
  free(lines->line);
}

static lore_status read_lines(const char *path, lore_lines *lines) {
  int fd = lore_path_open(path, O_RDONLY);
  FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
  char *text = NULL;
  size_t capacity = 0;
  lore_status status = LORE_OK;
  if (!file)
    return errno == ENOENT
               ? LORE_OK
               : lore_fail(LORE_FILE, "cannot read %s: %s", path, lore_path_reason(errno));
  while (status == LORE_OK && getline(&text, &capacity, file) >= 0) {
    char **more = realloc(lines->line, ((size_t)lines->count + 1) * sizeof *more);
    text[strcspn(text, "\r\n")] = 0;
    if (more)
      lines->line = more;
    if (!more || !(lines->line[lines->count] = strdup(text)))
      status = lore_fail(LORE_MEMORY, "cannot allocate the lines of %s", path);
    else
      lines->count++;
  }
  if (status == LORE_OK && ferror(file))
    status = lore_fail(LORE_FILE, "cannot read %s: %s", path, strerror(errno));
  free(text);
  fclose(file);
  return status;
}

lore_status lore_manifest_compare(const char *directory, const lore_run_names *frozen,
                                  lore_manifest *study) {
  char path[LORE_PATH_MAX], overrides[LORE_PATH_MAX];
  lore_lines lines = {0};
  *study = (lore_manifest){0};
  LORE_TRY(lore_path_join(directory, LORE_PATH_STUDY, path));
  LORE_TRY(lore_path_join(directory, LORE_PATH_OVERRIDES, overrides));
  lore_status status = read_lines(overrides, &lines);
  if (status == LORE_OK)
    status = lore_manifest_expand(path, lines.count, (const char *const *)lines.line, study);
  free_lines(&lines);
  if (status != LORE_OK) {
    lore_manifest_destroy(study);
    *study = (lore_manifest){0};
    return status;
  }
  return compare_runs(frozen, study);
}
