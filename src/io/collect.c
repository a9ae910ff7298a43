/* One NetCDF-4 file of many runs: the survey says what they have in common, the definition makes
 * the file, then labels and one run after the other are copied into it. */
#include "lore/io/collect.h"

#include <errno.h>
#include <netcdf.h>
#include <netcdf_mem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect_define.h"
#include "lore/io/whole.h"
#include "seal.h"

static void put_name(lore_ncfile *file, int variable, size_t row, const char *text) {
  size_t length = strlen(text);
  if (!file->error && length > 0)
    file->error =
        nc_put_vara_text(file->ncid, variable, (size_t[]){row, 0}, (size_t[]){1, length}, text);
}

/* A coordinate of a dimension, from the run where it is longest. */
static void put_label(lore_ncfile *file, const lore_collect_survey *survey,
                      const lore_collect_variable *variable, int to) {
  int from = survey->dimension[variable->dimension[0]].from, ncid, id;
  size_t values = 1;
  for (int i = 0; i < variable->rank; i++)
    values *= survey->dimension[variable->dimension[i]].length;
  void *buffer = calloc(values + 1, sizeof(double));
  if (!buffer && !file->error)
    file->error = NC_ENOMEM;
  if (file->error ||
      (file->error = lore_netcdf_open(survey->collection->run[from].path, 0, &ncid))) {
    free(buffer);
    return;
  }
  bool text = variable->type == NC_CHAR;
  int error = nc_inq_varid(ncid, variable->name, &id);
  if (!error)
    error = text ? nc_get_var_text(ncid, id, buffer) : nc_get_var_double(ncid, id, buffer);
  if (!error)
    error =
        text ? nc_put_var_text(file->ncid, to, buffer) : nc_put_var_double(file->ncid, to, buffer);
  nc_close(ncid);
  file->error = error;
  free(buffer);
}

/* A setting that is the same everywhere. */
static void put_shared_setting(lore_ncfile *file, const lore_collect_variable *variable, int to) {
  if (file->error)
    return;
  if (variable->kind == LORE_COLLECT_NUMBER)
    file->error = nc_put_var_double(file->ncid, to, &variable->number);
  else if (*variable->text)
    file->error = nc_put_vara_text(file->ncid, to, (size_t[]){0},
                                   (size_t[]){strlen(variable->text)}, variable->text);
}

static void put_labels(lore_ncfile *file, const lore_collect_survey *survey,
                       const lore_collect_ids *ids) {
  const lore_collection *collection = survey->collection;
  for (int i = 0; i < collection->runs; i++) {
    put_name(file, ids->run_id, (size_t)i, collection->run[i].id);
    put_name(file, ids->experiment, (size_t)i, collection->run[i].experiment);
  }
  for (size_t i = 0; i < survey->groups; i++)
    put_name(file, ids->group, i, survey->group[i]);
  for (size_t i = 0; i < survey->steps && !file->error; i++)
    file->error =
        nc_put_var1_longlong(file->ncid, ids->step, &i, (long long[]){(long long)survey->step[i]});
  for (int i = 0; i < survey->variables; i++) {
    const lore_collect_variable *variable = &survey->variable[i];
    if (ids->variable[i] < 0 || variable->kind == LORE_COLLECT_DATA)
      continue;
    if (variable->kind == LORE_COLLECT_LABEL)
      put_label(file, survey, variable, ids->variable[i]);
    else if (!lore_collect_along_run(survey, variable))
      put_shared_setting(file, variable, ids->variable[i]);
  }
}

/* Where the parts of a run's joined dimensions go; a part that is not in the survey, because the
 * file has grown since, goes nowhere (SIZE_MAX). */
typedef struct {
  int ncid;
  size_t steps, groups;
  size_t *step, *group;
} run_map;

static size_t place_of_step(const lore_collect_survey *survey, int64_t step) {
  size_t low = 0, high = survey->steps;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (survey->step[middle] < step)
      low = middle + 1;
    else
      high = middle;
  }
  return low < survey->steps && survey->step[low] == step ? low : SIZE_MAX;
}

static size_t place_of_group(const lore_collect_survey *survey, const char *name) {
  for (size_t i = 0; i < survey->groups; i++)
    if (!memcmp(survey->group[i], name, LORE_GROUP_NAME_MAX))
      return i;
  return SIZE_MAX;
}

static int map_run(const lore_collect_survey *survey, run_map *map) {
  int64_t *step;
  char(*group)[LORE_GROUP_NAME_MAX] = NULL;
  int error = lore_collect_steps(map->ncid, &map->steps, &step);
  if (!error)
    error = lore_collect_groups(map->ncid, &map->groups, &group);
  if (!error) {
    map->step = calloc(map->steps + 1, sizeof *map->step);
    map->group = calloc(map->groups + 1, sizeof *map->group);
    error = map->step && map->group ? NC_NOERR : NC_ENOMEM;
  }
  for (size_t i = 0; i < map->steps && !error; i++)
    map->step[i] = place_of_step(survey, step[i]);
  for (size_t i = 0; i < map->groups && !error; i++)
    map->group[i] = place_of_group(survey, group[i]);
  free(step);
  free(group);
  return error;
}

/* Index along dimension `dimension` of the survey, for index `at` of the run. */
static size_t place_of_index(const lore_collect_survey *survey, const run_map *map, int dimension,
                             size_t at) {
  if (dimension == LORE_COLLECT_STEP)
    return at < map->steps ? map->step[at] : SIZE_MAX;
  if (dimension == LORE_COLLECT_GROUP)
    return at < map->groups ? map->group[at] : SIZE_MAX;
  return at < survey->dimension[dimension].length ? at : SIZE_MAX;
}

/* Spreads `from` (as the run has it, lengths `length`) over `to` (as the collected file has it). */
static void spread_values(const lore_collect_survey *survey, const lore_collect_variable *variable,
                          const run_map *map, const size_t *length, size_t values,
                          const double *from, double *to) {
  for (size_t i = 0; i < values; i++) {
    size_t index = 0, stride = 1, rest = i;
    bool known = true;
    for (int d = variable->rank - 1; d >= 0; d--) {
      size_t at = place_of_index(survey, map, variable->dimension[d], rest % length[d]);
      rest /= length[d];
      known = known && at != SIZE_MAX;
      index += known ? at * stride : 0;
      stride *= survey->dimension[variable->dimension[d]].length;
    }
    if (known)
      to[index] = from[i];
  }
}

/* Lengths of the run's variable, whose dimensions must still be those of the survey. */
static int run_lengths(const lore_collect_survey *survey, const lore_collect_variable *variable,
                       int ncid, int id, size_t *length, size_t *values) {
  char name[NC_MAX_NAME + 1];
  int rank, dimension[NC_MAX_VAR_DIMS];
  int error = nc_inq_varndims(ncid, id, &rank);
  if (!error && rank != variable->rank)
    error = NC_EBADDIM;
  if (!error)
    error = nc_inq_vardimid(ncid, id, dimension);
  *values = 1;
  for (int i = 0; i < variable->rank && !error; i++) {
    error = nc_inq_dim(ncid, dimension[i], name, &length[i]);
    if (!error && strcmp(name, survey->dimension[variable->dimension[i]].name) != 0)
      error = NC_EBADDIM;
    *values *= length[i];
  }
  return error;
}

static void put_data(lore_ncfile *file, const lore_collect_survey *survey,
                     const lore_collect_variable *variable, int to, const run_map *map, int run,
                     int *damage) {
  size_t length[LORE_COLLECT_RANK], count[LORE_COLLECT_RANK + 1] = {1}, room = 1, values;
  size_t start[LORE_COLLECT_RANK + 1] = {(size_t)run};
  int id;
  if (nc_inq_varid(map->ncid, variable->name, &id))
    return;
  *damage = run_lengths(survey, variable, map->ncid, id, length, &values);
  for (int i = 0; i < variable->rank; i++) {
    count[i + 1] = survey->dimension[variable->dimension[i]].length;
    room *= count[i + 1];
  }
  if (*damage || values == 0)
    return;
  double fill = variable->type == NC_INT ? NC_FILL_INT : NC_FILL_DOUBLE;
  double *from = malloc(values * sizeof *from), *whole = malloc(room * sizeof *whole);
  if (!from || !whole)
    file->error = NC_ENOMEM;
  else
    *damage = nc_get_var_double(map->ncid, id, from);
  if (!file->error && !*damage) {
    for (size_t i = 0; i < room; i++)
      whole[i] = fill;
    spread_values(survey, variable, map, length, values, from, whole);
    file->error = nc_put_vara_double(file->ncid, to, start, count, whole);
  }
  free(from);
  free(whole);
}

/* A run without a file: its swept settings are known from the study. */
static bool planned_number(const lore_collection *collection, int run, const char *name,
                           double *number) {
  char *end;
  if (!strcmp(name, "seed")) {
    *number = (double)collection->run[run].seed;
    return true;
  }
  int swept = lore_collect_swept(collection, name);
  const char *text = swept < 0 ? "" : collection->run[run].value[swept];
  bool yes = !strcmp(text, "true"), no = !strcmp(text, "false");
  *number = yes ? 1 : no ? 0 : strtod(text, &end);
  return yes || no || (*text && !*end);
}

static void put_number_setting(lore_ncfile *file, const lore_collect_survey *survey,
                               const lore_collect_variable *variable, int to, int ncid, int run,
                               int *damage) {
  size_t at = (size_t)run;
  double number;
  int id;
  bool known = ncid < 0;
  if (known)
    known = planned_number(survey->collection, run, variable->name, &number);
  else if (!nc_inq_varid(ncid, variable->name, &id))
    known = !(*damage = nc_get_var_double(ncid, id, &number));
  if (known && !file->error)
    file->error = nc_put_var1_double(file->ncid, to, &at, &number);
}

static void put_text_setting(lore_ncfile *file, const lore_collect_survey *survey,
                             const lore_collect_variable *variable, int to, int ncid, int run,
                             int *damage) {
  const lore_collection *collection = survey->collection;
  int id, swept = lore_collect_swept(collection, variable->name);
  char *text = NULL;
  const char *planned = swept < 0 ? "" : collection->run[run].value[swept];
  if (ncid >= 0 && variable->kind == LORE_COLLECT_ORIGIN)
    *damage = lore_collect_origin(ncid, variable->name, &text);
  else if (ncid >= 0 && !nc_inq_varid(ncid, variable->name, &id))
    *damage = lore_collect_text(ncid, id, &text);
  const char *known = ncid < 0 ? planned : text ? text : "";
  size_t length = strlen(known);
  length = length < variable->text_length ? length : variable->text_length;
  if (!*damage && length > 0 && !file->error)
    file->error =
        nc_put_vara_text(file->ncid, to, (size_t[]){(size_t)run, 0}, (size_t[]){1, length}, known);
  free(text);
}

static void put_variables(lore_ncfile *file, const lore_collect_survey *survey,
                          const lore_collect_ids *ids, const run_map *map, int run, int *damage) {
  for (int i = 0; i < survey->variables && !file->error && !*damage; i++) {
    const lore_collect_variable *variable = &survey->variable[i];
    int to = ids->variable[i];
    if (to < 0 || variable->kind == LORE_COLLECT_LABEL)
      continue;
    if (variable->kind == LORE_COLLECT_DATA) {
      if (map->ncid >= 0)
        put_data(file, survey, variable, to, map, run, damage);
    } else if (lore_collect_along_run(survey, variable)) {
      (variable->kind == LORE_COLLECT_NUMBER ? put_number_setting : put_text_setting)(
          file, survey, variable, to, map->ncid, run, damage);
    }
  }
}

static void put_run(lore_ncfile *file, const lore_collect_survey *survey,
                    const lore_collect_ids *ids, int run, int *damage) {
  run_map map = {.ncid = -1};
  *damage = NC_NOERR;
  if (survey->file[run] == LORE_COLLECT_READABLE)
    *damage = lore_netcdf_open(survey->collection->run[run].path, 0, &map.ncid);
  if (!*damage && map.ncid >= 0)
    *damage = map_run(survey, &map);
  put_variables(file, survey, ids, &map, run, damage);
  if (map.ncid >= 0)
    nc_close(map.ncid);
  free(map.step);
  free(map.group);
}

/* Runs, one after the other, and what became of each. */
static void put_runs(lore_ncfile *file, lore_collect_survey *survey, const lore_collect_ids *ids) {
  const lore_collection *collection = survey->collection;
  for (int i = 0; i < collection->runs && !file->error; i++) {
    int damage;
    size_t at = (size_t)i;
    put_run(file, survey, ids, i, &damage);
    if (damage)
      lore_collect_damaged(survey, i, damage);
    int state =
        survey->file[i] == LORE_COLLECT_DAMAGED ? collection->states - 1 : collection->run[i].state;
    if (!file->error)
      file->error = nc_put_var1_int(file->ncid, ids->run_state, &at, &state);
  }
}

static void fill_file(lore_ncfile *file, void *content) {
  lore_collect_survey *survey = content;
  lore_collect_ids ids = {.dimension = calloc((size_t)survey->dimensions, sizeof *ids.dimension),
                          .variable = calloc((size_t)survey->variables + 1, sizeof *ids.variable)};
  if (!ids.dimension || !ids.variable)
    file->error = NC_ENOMEM;
  else
    lore_collect_define(file, survey, &ids);
  if (!file->error)
    put_labels(file, survey, &ids);
  put_runs(file, survey, &ids);
  free(ids.dimension);
  free(ids.variable);
}

lore_status lore_collect_write(const char *path, const lore_collection *collection,
                               lore_collect_result *result) {
  lore_collect_survey survey;
  lore_status status = lore_collect_survey_read(collection, &survey);
  if (status == LORE_OK && survey.steps == 0)
    status =
        lore_fail(LORE_USER, "nothing to collect: %d run%s, none with %s %s%s", collection->runs,
                  collection->runs == 1 ? "" : "s", collection->probes ? "probes" : "a record",
                  survey.damaged ? "that can be read" : "yet",
                  collection->probes ? "; 'lore probe' makes them" : "");
  if (status == LORE_OK)
    status = lore_ncfile_make(path, NC_NETCDF4, true, fill_file, &survey);
  *result = (lore_collect_result){.collected = survey.collected,
                                  .damaged = survey.damaged,
                                  .steps = survey.steps,
                                  .groups = survey.groups};
  lore_collect_survey_destroy(&survey);
  return status;
}

/* The whole file in memory: the library would want to lock it, which not all file systems can. */
static int read_image(const char *path, NC_memio *image) {
  off_t size;
  int fd, error = lore_file_open(path, &fd, &size);
  if (error)
    return error;
  *image = (NC_memio){
      .size = (size_t)size, .memory = malloc((size_t)size + 1), .flags = NC_MEMIO_LOCKED};
  size_t done = 0;
  for (ssize_t got = 1; image->memory && done < image->size && got > 0;
       done += got > 0 ? (size_t)got : 0) {
    got = read(fd, (char *)image->memory + done, image->size - done);
    error = got < 0 ? errno : 0;
  }
  close(fd);
  if (!image->memory)
    return NC_ENOMEM;
  return error ? error : done < image->size ? LORE_NC_TRUNCATED : NC_NOERR;
}

static int read_variable(int ncid, int id) {
  int rank, dimension[NC_MAX_VAR_DIMS];
  nc_type type;
  size_t values = 1, length, size = 0;
  int error = nc_inq_var(ncid, id, NULL, &type, &rank, dimension, NULL);
  if (!error)
    error = nc_inq_type(ncid, type, NULL, &size);
  for (int i = 0; i < rank && !error; i++) {
    error = nc_inq_dimlen(ncid, dimension[i], &length);
    if (!error && __builtin_mul_overflow(values, length, &values))
      error = LORE_NC_DAMAGED;
  }
  void *room = error ? NULL : calloc(values + 1, size);
  if (!error)
    error = room ? nc_get_var(ncid, id, room) : NC_ENOMEM;
  if (!error && type == NC_STRING)
    nc_free_string(values, room);
  free(room);
  return error;
}

int lore_collect_open(const char *path, int *ncid, void **memory) {
  NC_memio image = {0};
  int error = read_image(path, &image);
  if (!error && !lore_netcdf_is_version4(image.memory, image.size))
    error = NC_ENOTNC; /* the library would only say that something was wrong */
  if (!error)
    error = nc_open_memio(path, NC_NOWRITE | NC_NETCDF4, &image, ncid);
  *memory = image.memory;
  return error;
}

lore_status lore_collect_verify(const char *path) {
  void *memory;
  char seal[LORE_XXH3_TEXT];
  int ncid, variables = 0, error = lore_collect_open(path, &ncid, &memory);
  if (!error) {
    error = nc_inq_nvars(ncid, &variables);
    for (int id = 0; id < variables && !error; id++)
      error = read_variable(ncid, id);
    if (!error && lore_seal_exists(ncid) && lore_seal_verify(path, seal) != LORE_OK)
      error = LORE_NC_CHECKSUM;
    nc_close(ncid);
  }
  free(memory);
  return lore_netcdf_status(error, "read", path);
}
