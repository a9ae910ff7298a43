/* manifest.tsv: a line "# LORE manifest 1: NAME, N runs", a line of columns, a line per run. */
#include "lore/manifest/file.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "inputs.h"
#include "lore/base/textfile.h"
#include "lore/io/ncfile.h"
#include "lore/io/path.h"
#include "lore/settings/hash.h"
#include "lore/settings/read.h"
#include "pool.h"

#define MANIFEST_KIND    "# LORE manifest "
#define MANIFEST_VERSION "1: "
#define MANIFEST_COLUMNS "id\texperiment\twave\tparent\tparent_step\tseed\tsteps\thash\toperations"

enum { FIXED_COLUMNS = 9 /* before those of the axes */ };

/* --- runs by id: a hash table --- */

typedef struct {
  const lore_manifest *manifest;
  size_t slots; /* a power of two */
  int *slot;    /* index of a run + 1; 0: free */
} lore_run_index;

/* An index of none of the manifest's runs, with room for `runs`. */
static lore_status create_index(const lore_manifest *manifest, int runs, lore_run_index *index) {
  *index = (lore_run_index){.manifest = manifest, .slots = 16};
  while (index->slots < 2 * (size_t)runs)
    index->slots *= 2;
  index->slot = calloc(index->slots, sizeof *index->slot);
  return index->slot ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate %d runs", runs);
}

static void destroy_index(lore_run_index *index) {
  free(index->slot);
  *index = (lore_run_index){0};
}

/* Where `id` is or would be. */
static int *find_index_slot(const lore_run_index *index, const char *id) {
  size_t at = (size_t)XXH3_64bits(id, strlen(id)) & (index->slots - 1);
  while (index->slot[at] && strcmp(index->manifest->run[index->slot[at] - 1].id, id) != 0)
    at = (at + 1) & (index->slots - 1);
  return &index->slot[at];
}

/* False if a run of the same id is there. */
static bool add_to_index(lore_run_index *index, int run) {
  int *slot = find_index_slot(index, index->manifest->run[run].id);
  if (*slot)
    return false;
  *slot = run + 1;
  return true;
}

/* The run called `id`, or -1. */
static int find_in_index(const lore_run_index *index, const char *id) {
  return *find_index_slot(index, id) - 1;
}

/* --- reading --- */

typedef struct {
  const char *path;
  int line, runs; /* runs: as many as the first line says */
  lore_manifest *manifest;
  lore_run_index index;
} lore_manifest_reader;

static lore_status fail_damaged(const lore_manifest_reader *r, const char *what) {
  return lore_fail(LORE_USER, "%s:%d: the manifest is damaged: %s", r->path, r->line, what);
}

static bool parse_count(const char *text, int64_t most, int64_t *value) {
  char *end;
  errno = 0;
  *value = strtoll(text, &end, 10);
  return isdigit((unsigned char)*text) && !*end && !errno && *value <= most;
}

static bool parse_hash(const char *text, uint64_t *hash) {
  *hash = strtoull(text, NULL, 16);
  return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
}

static bool parse_operations(const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  return *text && !*end && isfinite(*value) && *value >= 0;
}

/* Ids are names of directories: nothing else may come from a damaged file. */
static bool is_run_id(const char *text) {
  size_t length = strlen(text);
  if (length == 0 || length >= LORE_RUN_ID_MAX || *text == '.')
    return false;
  for (; *text; text++)
    if (!isalnum((unsigned char)*text) && !strchr("._-+", *text))
      return false;
  return true;
}

/* Cuts a line into cells in place; returns how many there are, of which `capacity` are stored. */
static int split_cells(char *line, int capacity, char **cell) {
  int cells = 0;
  for (char *at = line, *next; (next = strsep(&at, "\t")); cells++)
    if (cells < capacity)
      cell[cells] = next;
  return cells;
}

static lore_status read_parent_cells(const lore_manifest_reader *r, char **cell,
                                     lore_manifest_run *run) {
  int64_t wave;
  bool file = *cell[3] == '/', none = file || !strcmp(cell[3], "-");
  run->parent = none ? -1 : find_in_index(&r->index, cell[3]);
  if (run->parent < 0 && !none)
    return fail_damaged(r, "the parent is in no line above");
  if (!parse_count(cell[2], LORE_RUNS_MAX, &wave) ||
      !parse_count(cell[4], INT64_MAX, &run->parent_step))
    return fail_damaged(r, "wave and parent_step must be numbers");
  run->wave = (int)wave;
  const lore_manifest_run *parent = run->parent < 0 ? NULL : &r->manifest->run[run->parent];
  if (run->wave != (parent ? parent->wave + 1 : 0) ||
      (!file && run->parent_step > (parent ? parent->steps : 0)))
    return fail_damaged(r, "wave and parent_step do not fit the parent");
  return LORE_OK;
}

/* `text` as the run before has it, if that is the same, or a copy. */
static const char *share_cell(lore_manifest *m, const char *before, const char *text) {
  return before && !strcmp(before, text) ? before : lore_pool_copy(&m->pool, text);
}

static lore_status read_values(const lore_manifest_reader *r, char **cell, lore_manifest_run *run) {
  lore_manifest *m = r->manifest;
  const char *const *before = m->runs > 0 ? run[-1].value : NULL;
  const char **value =
      lore_pool_take(&m->pool, ((size_t)m->axes + 1) * sizeof *value, _Alignof(const char *));
  bool complete = value != NULL;
  for (int a = 0; a < m->axes && complete; a++) {
    if (strlen(cell[a]) >= LORE_AXIS_VALUE_MAX)
      return fail_damaged(r, "a value is too long");
    value[a] = share_cell(m, before ? before[a] : NULL, cell[a]);
    complete = value[a] != NULL;
  }
  run->value = value;
  return complete ? LORE_OK : lore_fail(LORE_MEMORY, "cannot allocate %d runs", r->runs);
}

static lore_status read_run_line(lore_manifest_reader *r, char *line) {
  lore_manifest *m = r->manifest;
  char *cell[FIXED_COLUMNS + LORE_AXES_MAX];
  int64_t seed;
  if (split_cells(line, FIXED_COLUMNS + LORE_AXES_MAX, cell) != FIXED_COLUMNS + m->axes)
    return fail_damaged(r, "it has not as many columns as the line of names");
  if (m->runs == r->runs)
    return fail_damaged(r, "there are more runs than its first line says");
  lore_manifest_run *run = &m->run[m->runs];
  if (!is_run_id(cell[0]) || strlen(cell[1]) >= LORE_NAME_MAX)
    return fail_damaged(r, "this is not the name of a run");
  run->id = lore_pool_copy(&m->pool, cell[0]);
  run->experiment = share_cell(m, m->runs > 0 ? run[-1].experiment : NULL, cell[1]);
  LORE_TRY(read_parent_cells(r, cell, run));
  if (!parse_count(cell[5], INT64_MAX, &seed) || !parse_count(cell[6], INT64_MAX, &run->steps) ||
      run->steps < 1)
    return fail_damaged(r, "seed and steps must be numbers");
  run->seed = (uint64_t)seed;
  if (!parse_hash(cell[7], &run->hash) || !parse_operations(cell[8], &run->operations))
    return fail_damaged(r, "hash must be 16 hexadecimal digits, operations a number");
  LORE_TRY(read_values(r, cell + FIXED_COLUMNS, run));
  if (!run->id || !run->experiment)
    return lore_fail(LORE_MEMORY, "cannot allocate %d runs", r->runs);
  return add_to_index(&r->index, m->runs++) ? LORE_OK : fail_damaged(r, "this run is there twice");
}

/* Name of the study and number of runs. */
static lore_status read_first_line(lore_manifest_reader *r, const char *line) {
  lore_manifest *m = r->manifest;
  const char *text = line + strlen(MANIFEST_KIND);
  char word[6], rest;
  if (strncmp(line, MANIFEST_KIND, strlen(MANIFEST_KIND)) != 0)
    return fail_damaged(r, "it does not begin like one");
  if (strncmp(text, MANIFEST_VERSION, strlen(MANIFEST_VERSION)) != 0)
    return lore_fail(LORE_USER, "%s:1: this manifest is of another version of LORE: %s", r->path,
                     line);
  text += strlen(MANIFEST_VERSION);
  size_t length = strcspn(text, ",");
  if (length == 0 || length >= sizeof m->name ||
      sscanf(text + length, ", %6d %5s%c", &r->runs, word, &rest) != 2 || strncmp(word, "run", 3) ||
      r->runs < 1 || r->runs > LORE_RUNS_MAX)
    return fail_damaged(r,
                        "its first line does not give the study's name and how many runs it has");
  snprintf(m->name, sizeof m->name, "%.*s", (int)length, text);
  m->run = calloc((size_t)r->runs, sizeof *m->run);
  if (!m->run)
    return lore_fail(LORE_MEMORY, "cannot allocate %d runs", r->runs);
  return create_index(m, r->runs, &r->index);
}

static lore_status read_column_line(lore_manifest_reader *r, char *line) {
  lore_manifest *m = r->manifest;
  size_t fixed = strlen(MANIFEST_COLUMNS);
  char *cell[LORE_AXES_MAX];
  if (strncmp(line, MANIFEST_COLUMNS, fixed) || (line[fixed] && line[fixed] != '\t'))
    return fail_damaged(r, "its columns have other names");
  if (!line[fixed])
    return LORE_OK;
  int cells = split_cells(line + fixed + 1, LORE_AXES_MAX, cell);
  if (cells > LORE_AXES_MAX)
    return fail_damaged(r, "it has too many columns");
  for (; m->axes < cells; m->axes++) {
    if (!*cell[m->axes] || strlen(cell[m->axes]) >= sizeof m->axis[0])
      return fail_damaged(r, "a column has no name");
    snprintf(m->axis[m->axes], sizeof m->axis[0], "%s", cell[m->axes]);
  }
  return LORE_OK;
}

static lore_status read_manifest_line(lore_manifest_reader *r, char *line, size_t length) {
  if (length == 0 || line[length - 1] != '\n')
    return fail_damaged(r, "the line is cut off");
  line[--length] = 0;
  if (strlen(line) != length)
    return fail_damaged(r, "it has a zero byte");
  if (length > 0 && line[length - 1] == '\r') /* an editor has saved it */
    line[--length] = 0;
  if (r->line == 1 && !strncmp(line, "\xEF\xBB\xBF", 3))
    line += 3;
  return r->line == 1   ? read_first_line(r, line)
         : r->line == 2 ? read_column_line(r, line)
                        : read_run_line(r, line);
}

static lore_status read_manifest_lines(lore_manifest_reader *r, FILE *file) {
  char *text = NULL;
  size_t capacity = 0;
  lore_status status = LORE_OK;
  for (ssize_t length; status == LORE_OK && (length = getline(&text, &capacity, file)) >= 0;) {
    r->line++;
    status = read_manifest_line(r, text, (size_t)length);
  }
  free(text);
  LORE_TRY(status);
  if (ferror(file))
    return lore_fail(LORE_FILE, "%s: cannot be read: %s", r->path, strerror(errno));
  r->line++;
  if (r->manifest->runs == 0 || r->manifest->runs < r->runs)
    return fail_damaged(r, "it ends before its last run");
  return LORE_OK;
}

lore_status lore_manifest_load(const char *directory, lore_manifest *m) {
  char path[LORE_PATH_MAX];
  *m = (lore_manifest){0};
  LORE_TRY(lore_path_join(directory, LORE_PATH_MANIFEST, path));
  off_t size;
  int fd, error = lore_file_open(path, &fd, &size);
  FILE *file = error ? NULL : fdopen(fd, "r");
  if (!file)
    return lore_fail(error == ENOENT ? LORE_USER : LORE_FILE, "%s: cannot be read: %s", path,
                     lore_netcdf_reason(error ? error : ENOMEM));
  lore_manifest_reader reader = {.path = path, .manifest = m};
  lore_status status = read_manifest_lines(&reader, file);
  destroy_index(&reader.index);
  fclose(file);
  if (status != LORE_OK)
    lore_manifest_destroy(m);
  return status;
}

/* --- writing --- */

/* The run or the file that a run starts from. */
static const char *parent_text(const lore_manifest *m, const lore_manifest_run *run) {
  return run->start ? run->start->path : run->parent < 0 ? "-" : m->run[run->parent].id;
}

static void write_run_line(FILE *file, const lore_manifest *m, const lore_manifest_run *run) {
  fprintf(file, "%s\t%s\t%d\t%s\t%" PRId64 "\t%" PRIu64 "\t%" PRId64 "\t%016" PRIx64 "\t%.6g",
          run->id, run->experiment, run->wave, parent_text(m, run), run->parent_step, run->seed,
          run->steps, run->hash, run->operations);
  for (int a = 0; a < m->axes; a++)
    fprintf(file, "\t%s", run->value[a]);
  fputc('\n', file);
}

static lore_status write_manifest(const char *path, const lore_manifest *m) {
  lore_textfile file;
  LORE_TRY(lore_textfile_begin(path, true, &file));
  fprintf(file.stream, MANIFEST_KIND MANIFEST_VERSION "%s, %d run%s\n" MANIFEST_COLUMNS, m->name,
          m->runs, m->runs == 1 ? "" : "s");
  for (int a = 0; a < m->axes; a++)
    fprintf(file.stream, "\t%s", m->axis[a]);
  fputc('\n', file.stream);
  for (int r = 0; r < m->runs; r++)
    write_run_line(file.stream, m, &m->run[r]);
  return lore_textfile_commit(&file);
}

/* How the settings of a run that has begun, or else what it starts from, differ from what they are
 * now; false if that is unknown. */
static bool describe_differences(const char *directory, const lore_manifest *m,
                                 const lore_manifest_run *run, size_t size, char *text) {
  char folder[LORE_PATH_MAX], path[LORE_PATH_MAX];
  lore_settings before, now;
  if (lore_directory_of_run(directory, run->id, folder) ||
      lore_path_join(folder, LORE_PATH_STUDY, path) || access(path, R_OK) ||
      lore_settings_read(path, 0, NULL, &before))
    return false;
  lore_manifest_settings(m, (int)(run - m->run), &now);
  if (lore_settings_differences(&before, &now, size, text) == 0)
    snprintf(text, size, "the weights that it starts from, or is patched from, are others%s%s",
             run->start ? " in " : "", run->start ? run->start->path : "");
  return true;
}

/* Adds `line` to a list that is cut after some; returns how many there are now. */
static int list_run(char *text, size_t size, int count, const char *line) {
  enum { SHOWN = 5 };
  size_t length = strlen(text);
  if (count < SHOWN)
    snprintf(text + length, size - length, "\n  %s", line);
  else if (count == SHOWN)
    snprintf(text + length, size - length, "\n  ...");
  return count + 1;
}

/* Every run that was frozen must still be there, as it was. */
static lore_status compare_runs(const lore_manifest *before, const lore_manifest *now,
                                const lore_run_index *index, const char *directory) {
  char missing[1200] = "", changed[1200] = "", differences[2048] = "";
  const lore_manifest_run *first = NULL;
  int gone = 0, others = 0;
  for (int r = 0; r < before->runs; r++) {
    int at = find_in_index(index, before->run[r].id);
    if (at < 0) {
      gone = list_run(missing, sizeof missing, gone, before->run[r].id);
    } else if (now->run[at].hash != before->run[r].hash) {
      first = first ? first : &now->run[at];
      others = list_run(changed, sizeof changed, others, now->run[at].id);
    }
  }
  if (others > 0) {
    bool known = describe_differences(directory, now, first, sizeof differences, differences);
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
  lore_run_index index;
  if (strcmp(before->name, now->name) != 0)
    return lore_fail(LORE_USER, "%s holds another study, '%s'; give another directory with -o",
                     directory, before->name);
  LORE_TRY(create_index(now, now->runs, &index));
  for (int r = 0; r < now->runs; r++)
    add_to_index(&index, r);
  lore_status status = compare_runs(before, now, &index, directory);
  destroy_index(&index);
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
  if (!lore_manifest_exists(directory))
    LORE_TRY(lore_manifest_check_place(manifest, directory));
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
  return write_manifest(file, manifest);
}
