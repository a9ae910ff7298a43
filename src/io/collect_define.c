/* Dimensions, variables and attributes of a collected file. */
#include "collect_define.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lore/base/build.h"
#include "lore/base/clock.h"
#include "lore/io/whole.h"

enum { DEFLATE = 4, CHUNK_VALUES = 1 << 17, CACHE_SLOTS = 1009 };

static const char summary[] =
    "Training runs of language models on synthetic biographies, evaluated at steps, side by side "
    "along the dimension run. Values of runs that are unfinished, shorter or without a group or "
    "layer are the fill value.";

/* The file that attributes are copied from stays open until another run's is needed. */
typedef struct {
  int run, ncid;
} source_file;

static void copy_attributes(lore_ncfile *file, const lore_collect_survey *survey,
                            source_file *source, const lore_collect_variable *variable, int to) {
  char name[NC_MAX_NAME + 1];
  int from, attributes = 0;
  if (source->run != variable->from && !file->error) {
    if (source->run >= 0)
      nc_close(source->ncid);
    file->error = lore_netcdf_open(survey->collection->run[variable->from].path, 0, &source->ncid);
    source->run = file->error ? -1 : variable->from;
  }
  if (!file->error)
    file->error = nc_inq_varid(source->ncid, variable->name, &from);
  if (!file->error)
    file->error = nc_inq_varnatts(source->ncid, from, &attributes);
  for (int i = 0; i < attributes && !file->error; i++) {
    file->error = nc_inq_attname(source->ncid, from, i, name);
    if (!file->error && strcmp(name, "_FillValue") != 0 && strcmp(name, "coordinates") != 0)
      file->error = nc_copy_att(source->ncid, from, name, file->ncid, to);
  }
}

static void define_fill(lore_ncfile *file, int id, nc_type type) {
  if (type == NC_CHAR)
    return;
  if (type == NC_DOUBLE)
    lore_ncfile_real(file, id, "_FillValue", NC_FILL_DOUBLE);
  else
    lore_ncfile_integer(file, id, "_FillValue", NC_FILL_INT);
}

/* Numbers are kept as 32-bit integers or doubles. */
static nc_type stored_type(nc_type type) {
  if (type == NC_CHAR)
    return NC_CHAR;
  return type == NC_INT || type == NC_SHORT || type == NC_BYTE ? NC_INT : NC_DOUBLE;
}

static int define_variable(lore_ncfile *file, const char *name, nc_type type, int rank,
                           const int *dimension) {
  int id = -1;
  if (!file->error)
    file->error = nc_def_var(file->ncid, name, type, rank, dimension, &id);
  if (!file->error && rank > 0)
    file->error = nc_def_var_deflate(file->ncid, id, NC_SHUFFLE, 1, DEFLATE);
  if (!file->error && rank > 0)
    file->error = nc_def_var_fletcher32(file->ncid, id, NC_FLETCHER32);
  return id;
}

/* Chunks of one run each, as runs are written and read one by one; a run that is missing takes no
 * room. The library's cache would hold megabytes for every variable otherwise. */
static void chunk_by_run(lore_ncfile *file, int id, int rank, const size_t *length) {
  size_t chunk[LORE_COLLECT_RANK + 1] = {1}, inner = 1;
  for (int i = 1; i < rank; i++) {
    chunk[i] = length[i] > 0 ? length[i] : 1;
    inner *= i > 1 ? chunk[i] : 1;
  }
  if (rank > 1 && chunk[1] * inner > CHUNK_VALUES)
    chunk[1] = inner < CHUNK_VALUES ? CHUNK_VALUES / inner : 1;
  size_t bytes = sizeof(double) * inner * (rank > 1 ? chunk[1] : 1);
  if (!file->error)
    file->error = nc_def_var_chunking(file->ncid, id, NC_CHUNKED, chunk);
  if (!file->error)
    file->error = nc_set_var_chunk_cache(file->ncid, id, bytes, CACHE_SLOTS, 1.0F);
}

static int define_text(lore_ncfile *file, const char *name, int dimension, int length,
                       const char *long_name) {
  int id = define_variable(file, name, NC_CHAR, 2, (int[]){dimension, length});
  lore_ncfile_text(file, id, "long_name", long_name);
  lore_ncfile_text(file, id, "_Encoding", "utf-8");
  return id;
}

static size_t longest_name(const lore_collection *collection, bool experiment) {
  size_t most = 1;
  for (int i = 0; i < collection->runs; i++) {
    const lore_collect_run *run = &collection->run[i];
    size_t length = strlen(experiment ? run->experiment : run->id);
    most = length > most ? length : most;
  }
  return most;
}

static void define_state(lore_ncfile *file, const lore_collection *collection,
                         lore_collect_ids *ids) {
  signed char value[16];
  char meanings[256] = "";
  ids->run_state = define_variable(file, "run_state", NC_BYTE, 1, &ids->run);
  lore_ncfile_text(file, ids->run_state, "long_name", "state of the run when it was collected");
  for (int i = 0; i < collection->states; i++) {
    value[i] = (signed char)i;
    size_t length = strlen(meanings);
    snprintf(meanings + length, sizeof meanings - length, "%s%s", i ? " " : "",
             collection->state[i]);
  }
  if (!file->error)
    file->error = nc_put_att_schar(file->ncid, ids->run_state, "flag_values", NC_BYTE,
                                   (size_t)collection->states, value);
  lore_ncfile_text(file, ids->run_state, "flag_meanings", meanings);
}

static void define_labels(lore_ncfile *file, const lore_collect_survey *survey,
                          lore_collect_ids *ids) {
  const lore_collection *collection = survey->collection;
  int step = ids->dimension[LORE_COLLECT_STEP], group = ids->dimension[LORE_COLLECT_GROUP];
  int id_length = lore_ncfile_dimension(file, "run_id_length", longest_name(collection, false));
  int name_length =
      lore_ncfile_dimension(file, "experiment_length", longest_name(collection, true));
  int label = lore_ncfile_dimension(file, "group_length", LORE_GROUP_NAME_MAX);
  ids->run_id = define_text(file, "run_id", ids->run, id_length, "name of the run");
  ids->experiment =
      define_text(file, "experiment", ids->run, name_length, "experiment that the run belongs to");
  define_state(file, collection, ids);
  ids->step = define_variable(file, "step", NC_INT, 1, &step);
  lore_ncfile_text(file, ids->step, "long_name", "optimiser updates made so far");
  lore_ncfile_text(file, ids->step, "units", "1");
  ids->group = define_text(file, "group", group, label, "set of individuals");
}

/* A data variable gains `run` in front. */
static int define_data(lore_ncfile *file, const lore_collect_survey *survey,
                       const lore_collect_variable *variable, const lore_collect_ids *ids) {
  nc_type type = stored_type(variable->type);
  int dimension[LORE_COLLECT_RANK + 1] = {ids->run}, rank = variable->rank + 1;
  size_t length[LORE_COLLECT_RANK + 1] = {1};
  for (int i = 1; i < rank; i++) {
    dimension[i] = ids->dimension[variable->dimension[i - 1]];
    length[i] = survey->dimension[variable->dimension[i - 1]].length;
  }
  int id = define_variable(file, variable->name, type, rank, dimension);
  if (rank > 1)
    chunk_by_run(file, id, rank, length);
  define_fill(file, id, type);
  return id;
}

static int define_setting(lore_ncfile *file, const lore_collect_survey *survey,
                          const lore_collect_variable *variable, const lore_collect_ids *ids) {
  nc_type type = stored_type(variable->type);
  bool along = lore_collect_along_run(survey, variable), text = type == NC_CHAR;
  int dimension[2] = {ids->run};
  if (text)
    dimension[1] = lore_ncfile_text_length(file, variable->name, variable->text_length);
  int id = define_variable(file, variable->name, type, along + text, dimension + !along);
  bool missing = along && variable->seen < survey->collection->runs;
  if ((missing && strcmp(variable->name, "seed") != 0) || variable->optional)
    define_fill(file, id, type);
  return id;
}

static void define_origin(lore_ncfile *file, const lore_collect_variable *variable, int id) {
  lore_ncfile_text(file, id, "long_name", lore_collect_origin_name(variable->name));
  lore_ncfile_text(file, id, "units", "1");
  lore_ncfile_text(file, id, "_Encoding", "utf-8");
}

static int define_label(lore_ncfile *file, const lore_collect_variable *variable,
                        const lore_collect_ids *ids) {
  int dimension[LORE_COLLECT_RANK];
  for (int i = 0; i < variable->rank; i++)
    dimension[i] = ids->dimension[variable->dimension[i]];
  return define_variable(file, variable->name, stored_type(variable->type), variable->rank,
                         dimension);
}

static void define_variables(lore_ncfile *file, const lore_collect_survey *survey,
                             lore_collect_ids *ids) {
  source_file source = {-1, -1};
  for (int i = 0; i < survey->variables && !file->error; i++) {
    const lore_collect_variable *variable = &survey->variable[i];
    ids->variable[i] = -1;
    if (variable->seen == 0)
      continue;
    if (variable->kind == LORE_COLLECT_DATA)
      ids->variable[i] = define_data(file, survey, variable, ids);
    else if (variable->kind == LORE_COLLECT_LABEL)
      ids->variable[i] = define_label(file, variable, ids);
    else
      ids->variable[i] = define_setting(file, survey, variable, ids);
    if (variable->kind == LORE_COLLECT_ORIGIN)
      define_origin(file, variable, ids->variable[i]);
    else
      copy_attributes(file, survey, &source, variable, ids->variable[i]);
  }
  if (source.run >= 0)
    nc_close(source.ncid);
}

typedef enum { ALL_SETTINGS, SETTINGS_ALONG_RUN, SWEPT_SETTINGS } setting_choice;

/* Without a plan, what differs between runs counts as swept. */
static bool is_chosen(const lore_collect_survey *survey, const lore_collect_variable *variable,
                      setting_choice which) {
  const lore_collection *collection = survey->collection;
  bool setting = variable->kind == LORE_COLLECT_NUMBER || variable->kind == LORE_COLLECT_TEXT;
  if (variable->kind == LORE_COLLECT_ORIGIN)
    return variable->seen > 0 && which == ALL_SETTINGS;
  if (!setting || variable->seen == 0)
    return false;
  if (which == SWEPT_SETTINGS && collection->swept > 0)
    return lore_collect_swept(collection, variable->name) >= 0;
  if (which == SWEPT_SETTINGS)
    return variable->differs;
  return which == ALL_SETTINGS || lore_collect_along_run(survey, variable);
}

/* Sets an attribute to blank-separated names: `first`, then the chosen settings. */
static void put_names(lore_ncfile *file, int variable, const char *attribute,
                      const lore_collect_survey *survey, const char *first, setting_choice which) {
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  if (!stream) {
    file->error = NC_ENOMEM;
    return;
  }
  fputs(first, stream);
  for (int i = 0; i < survey->variables; i++)
    if (is_chosen(survey, &survey->variable[i], which))
      fprintf(stream, " %s", survey->variable[i].name);
  if (fclose(stream) && !file->error)
    file->error = NC_ENOMEM;
  const char *names = text + (*text == ' ');
  if (!file->error && *names)
    lore_ncfile_text(file, variable, attribute, names);
  free(text);
}

/* xarray reads the global list; CF's programs read the variables'. These leave run_id out, which
 * NCO would mutilate: it cuts the name of an averaged dimension out of that text. */
static void define_coordinates(lore_ncfile *file, const lore_collect_survey *survey,
                               const lore_collect_ids *ids) {
  put_names(file, NC_GLOBAL, "coordinates", survey, "run_id experiment", ALL_SETTINGS);
  put_names(file, NC_GLOBAL, "swept_settings", survey, "", SWEPT_SETTINGS);
  put_names(file, ids->run_state, "coordinates", survey, "experiment", SETTINGS_ALONG_RUN);
  for (int i = 0; i < survey->variables; i++)
    if (ids->variable[i] >= 0 && survey->variable[i].kind == LORE_COLLECT_DATA)
      put_names(file, ids->variable[i], "coordinates", survey, "experiment", SETTINGS_ALONG_RUN);
}

static void define_globals(lore_ncfile *file, const lore_collection *collection) {
  char now[32], title[256], *history = NULL, *build = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&build, &size);
  lore_clock_utc(now, sizeof now);
  snprintf(title, sizeof title, "runs of the study %s", collection->study);
  if (stream) {
    lore_build_describe(stream);
    fclose(stream);
  }
  if (asprintf(&history, "%s: %s", now, collection->command) < 0)
    history = NULL;
  if (history && build) {
    const lore_provenance provenance[] = {{"history", history},
                                          {"lore_version", lore_build_version()},
                                          {"lore_commit", lore_build_commit()},
                                          {"lore_build", build}};
    lore_ncfile_globals(file, title, summary, sizeof provenance / sizeof *provenance, provenance);
  } else {
    file->error = NC_ENOMEM;
  }
  free(history);
  free(build);
}

void lore_collect_define(lore_ncfile *file, const lore_collect_survey *survey,
                         lore_collect_ids *ids) {
  define_globals(file, survey->collection);
  ids->run = lore_ncfile_dimension(file, "run", (size_t)survey->collection->runs);
  for (int i = 0; i < survey->dimensions; i++)
    ids->dimension[i] =
        lore_ncfile_dimension(file, survey->dimension[i].name, survey->dimension[i].length);
  define_labels(file, survey, ids);
  define_variables(file, survey, ids);
  define_coordinates(file, survey, ids);
  lore_ncfile_end(file);
}
