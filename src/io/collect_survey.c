/* Reading metrics files: the parts that runs are joined by, and the survey of all runs. */
#include "collect_survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lore/base/log.h"
#include "lore/io/metrics_check.h"
#include "lore/io/ncfile.h"
#include "seal.h"

/* Memory for one more in an array that grows in powers of two. */
static void *make_room(void *array, size_t count, size_t size) {
  if (count & (count - 1))
    return array;
  return realloc(array, (count ? 2 * count : 1) * size);
}

static int dimension_length(int ncid, const char *name, size_t *length) {
  int id, error = nc_inq_dimid(ncid, name, &id);
  return error ? error : nc_inq_dimlen(ncid, id, length);
}

int lore_collect_text(int ncid, int variable, char **text) {
  int rank, dimension;
  size_t length = 1;
  int error = nc_inq_varndims(ncid, variable, &rank);
  if (!error && rank > 1)
    error = NC_EEDGE;
  if (!error && rank == 1)
    error = nc_inq_vardimid(ncid, variable, &dimension);
  if (!error && rank == 1)
    error = nc_inq_dimlen(ncid, dimension, &length);
  *text = error ? NULL : calloc(length + 1, 1);
  if (!error && !*text)
    error = NC_ENOMEM;
  return error ? error : nc_get_var_text(ncid, variable, *text);
}

int lore_collect_groups(int ncid, size_t *groups, char (**group)[LORE_GROUP_NAME_MAX]) {
  size_t length = 0;
  int id;
  *groups = 0;
  *group = NULL;
  int rank, dimension[NC_MAX_VAR_DIMS];
  int error = dimension_length(ncid, "group", groups);
  if (!error)
    error = nc_inq_varid(ncid, "group", &id);
  if (!error)
    error = nc_inq_var(ncid, id, NULL, NULL, &rank, dimension, NULL);
  if (!error && rank != 2)
    error = NC_EBADDIM;
  if (!error)
    error = nc_inq_dimlen(ncid, dimension[1], &length);
  if (!error && length > LORE_GROUP_NAME_MAX)
    error = NC_EEDGE;
  if (!error && !(*group = calloc(*groups, sizeof **group)))
    error = NC_ENOMEM;
  for (size_t i = 0; i < *groups && !error; i++)
    error = nc_get_vara_text(ncid, id, (size_t[]){i, 0}, (size_t[]){1, length}, (*group)[i]);
  return error;
}

int lore_collect_steps(int ncid, size_t *steps, int64_t **step) {
  long long *number = NULL;
  int id;
  *steps = 0;
  *step = NULL;
  int error = dimension_length(ncid, "step", steps);
  if (!error)
    error = nc_inq_varid(ncid, "step", &id);
  if (!error) {
    number = calloc(*steps + 1, sizeof *number);
    *step = calloc(*steps + 1, sizeof **step);
    error = number && *step ? nc_get_var_longlong(ncid, id, number) : NC_ENOMEM;
  }
  for (size_t i = 0; i < *steps && !error; i++) {
    (*step)[i] = number[i];
    if (number[i] < 0 || (i > 0 && number[i] <= number[i - 1]))
      error = NC_ERANGE;
  }
  free(number);
  return error;
}

int lore_collect_swept(const lore_collection *collection, const char *name) {
  for (int i = 0; i < collection->swept; i++)
    if (!strcmp(collection->swept_setting[i], name))
      return i;
  return -1;
}

/* Attributes of runs' files that become variables along the runs. */
static const struct {
  const char *attribute, *long_name;
} origins[] = {{"gemm_backend", "library of the matrix products"},
               {"isa", "level of processors whose instructions were used"},
               {"host", "computer of the first rank when the run began"}};

enum { ORIGINS = sizeof origins / sizeof *origins };

const char *lore_collect_origin_name(const char *attribute) {
  int i = 0;
  while (i + 1 < ORIGINS && strcmp(attribute, origins[i].attribute) != 0)
    i++;
  return origins[i].long_name;
}

int lore_collect_origin(int ncid, const char *attribute, char **text) {
  nc_type type;
  size_t length;
  *text = NULL;
  if (nc_inq_att(ncid, NC_GLOBAL, attribute, &type, &length) || type != NC_CHAR)
    return NC_NOERR;
  *text = calloc(length + 1, 1);
  return *text ? nc_get_att_text(ncid, NC_GLOBAL, attribute, *text) : NC_ENOMEM;
}

bool lore_collect_along_run(const lore_collect_survey *survey,
                            const lore_collect_variable *variable) {
  return variable->kind == LORE_COLLECT_ORIGIN || variable->differs ||
         variable->seen < survey->collected || !strcmp(variable->name, "seed") ||
         lore_collect_swept(survey->collection, variable->name) >= 0;
}

/* Index of the dimension, made if need be; -1 without memory. */
static int find_dimension(lore_collect_survey *survey, const char *name) {
  for (int i = 0; i < survey->dimensions; i++)
    if (!strcmp(survey->dimension[i].name, name))
      return i;
  lore_collect_dimension *grown =
      make_room(survey->dimension, (size_t)survey->dimensions, sizeof *grown);
  if (!grown)
    return -1;
  survey->dimension = grown;
  survey->dimension[survey->dimensions] = (lore_collect_dimension){.from = -1};
  strcpy(survey->dimension[survey->dimensions].name, name);
  return survey->dimensions++;
}

/* The variable, made if need be; NULL without memory. */
static lore_collect_variable *find_variable(lore_collect_survey *survey, const char *name,
                                            int run) {
  for (int i = 0; i < survey->variables; i++)
    if (!strcmp(survey->variable[i].name, name))
      return &survey->variable[i];
  lore_collect_variable *grown =
      make_room(survey->variable, (size_t)survey->variables, sizeof *grown);
  if (!grown)
    return NULL;
  survey->variable = grown;
  grown = &survey->variable[survey->variables++];
  *grown = (lore_collect_variable){.from = run};
  strcpy(grown->name, name);
  return grown;
}

/* Joins sorted steps into the sorted ones of the survey. */
static int join_steps(lore_collect_survey *survey, size_t steps, const int64_t *step) {
  int64_t *joined = malloc((survey->steps + steps + 1) * sizeof *joined);
  size_t count = 0, i = 0, j = 0;
  if (!joined)
    return NC_ENOMEM;
  while (i < survey->steps || j < steps) {
    bool ours = j == steps || (i < survey->steps && survey->step[i] <= step[j]);
    int64_t next = ours ? survey->step[i] : step[j];
    i += i < survey->steps && survey->step[i] == next;
    j += j < steps && step[j] == next;
    joined[count++] = next;
  }
  free(survey->step);
  survey->step = joined;
  survey->steps = count;
  return NC_NOERR;
}

static int join_groups(lore_collect_survey *survey, size_t groups,
                       char (*group)[LORE_GROUP_NAME_MAX]) {
  for (size_t i = 0; i < groups; i++) {
    size_t at = 0;
    while (at < survey->groups && memcmp(survey->group[at], group[i], sizeof *group) != 0)
      at++;
    if (at < survey->groups)
      continue;
    void *grown = make_room(survey->group, survey->groups, sizeof *survey->group);
    if (!grown)
      return NC_ENOMEM;
    survey->group = grown;
    memcpy(survey->group[survey->groups++], group[i], sizeof *group);
  }
  return NC_NOERR;
}

/* Steps and groups: what a damaged file is most likely noticed by, so nothing is kept before. */
static int survey_labels(lore_collect_survey *survey, int ncid) {
  size_t steps, groups = 0;
  int64_t *step;
  char(*group)[LORE_GROUP_NAME_MAX] = NULL;
  int error = lore_collect_steps(ncid, &steps, &step);
  if (!error)
    error = lore_collect_groups(ncid, &groups, &group);
  if (!error)
    error = join_steps(survey, steps, step);
  if (!error)
    error = join_groups(survey, groups, group);
  free(step);
  free(group);
  return error;
}

static int survey_number(lore_collect_variable *variable, int ncid, int id) {
  double number;
  size_t length;
  int error = nc_get_var_double(ncid, id, &number);
  if (error)
    return error;
  variable->optional |= !nc_inq_attlen(ncid, id, "_FillValue", &length);
  if (!variable->seen++)
    variable->number = number;
  variable->differs |= number != variable->number;
  return NC_NOERR;
}

/* Takes `text`. */
static void add_text(lore_collect_variable *variable, char *text) {
  size_t length = strlen(text);
  variable->text_length = length > variable->text_length ? length : variable->text_length;
  variable->differs |= variable->seen && strcmp(text, variable->text) != 0;
  if (variable->seen++)
    free(text);
  else
    variable->text = text;
}

static int survey_text(lore_collect_variable *variable, int ncid, int id) {
  char *text;
  int error = lore_collect_text(ncid, id, &text);
  if (error)
    free(text);
  else
    add_text(variable, text);
  return error;
}

static int survey_origins(lore_collect_survey *survey, int ncid, int run) {
  int error = NC_NOERR;
  for (int i = 0; i < ORIGINS && !error; i++) {
    char *text;
    error = lore_collect_origin(ncid, origins[i].attribute, &text);
    lore_collect_variable *variable =
        error || !text ? NULL : find_variable(survey, origins[i].attribute, run);
    if (!error && text && !variable)
      error = NC_ENOMEM;
    if (!variable) {
      free(text);
      continue;
    }
    if (!variable->seen) {
      variable->kind = LORE_COLLECT_ORIGIN;
      variable->type = NC_CHAR;
      variable->text_length = 1;
    }
    add_text(variable, text);
  }
  return error;
}

static int survey_data(lore_collect_survey *survey, lore_collect_variable *variable, int ncid,
                       int id, int run) {
  char name[NC_MAX_NAME + 1];
  int dimension[NC_MAX_VAR_DIMS];
  size_t length;
  int error = nc_inq_varndims(ncid, id, &variable->rank);
  if (!error && variable->rank > LORE_COLLECT_RANK)
    error = NC_EMAXDIMS;
  if (!error)
    error = nc_inq_vardimid(ncid, id, dimension);
  for (int i = 0; i < variable->rank && !error; i++) {
    error = nc_inq_dim(ncid, dimension[i], name, &length);
    int at = error ? 0 : find_dimension(survey, name);
    if (at < 0)
      error = NC_ENOMEM;
    if (error)
      return error;
    variable->dimension[i] = at;
    if (survey->dimension[at].from < 0 || length > survey->dimension[at].length) {
      survey->dimension[at].from = run;
      survey->dimension[at].length = length;
    }
  }
  variable->seen++;
  return error;
}

/* Whether the blank-separated `list` has `word`. */
static bool has_word(const char *list, const char *word) {
  size_t length = strlen(word);
  for (const char *at = list; (at = strstr(at, word)); at += length)
    if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
      return true;
  return false;
}

/* A variable of the same name that is of another kind, from another version, counts as missing. */
static int survey_variable(lore_collect_survey *survey, int ncid, int id, const char *settings,
                           int run) {
  char name[NC_MAX_NAME + 1];
  nc_type type;
  int rank, same;
  int error = nc_inq_var(ncid, id, name, &type, &rank, NULL, NULL);
  if (error || !strcmp(name, "step") || !strcmp(name, "group") || !strcmp(name, LORE_SEAL_VARIABLE))
    return error;
  bool setting = has_word(settings, name), label = !nc_inq_dimid(ncid, name, &same);
  lore_collect_kind kind = setting && type == NC_CHAR ? LORE_COLLECT_TEXT
                           : setting                  ? LORE_COLLECT_NUMBER
                           : label                    ? LORE_COLLECT_LABEL
                                                      : LORE_COLLECT_DATA;
  if (kind == LORE_COLLECT_DATA && type == NC_CHAR)
    return NC_NOERR;
  lore_collect_variable *variable = find_variable(survey, name, run);
  if (!variable)
    return NC_ENOMEM;
  if (variable->from == run && !variable->seen)
    *variable = (lore_collect_variable){.kind = kind, .type = type, .from = run, .text_length = 1};
  strcpy(variable->name, name);
  if (variable->kind != kind ||
      (variable->seen && kind == LORE_COLLECT_DATA && variable->rank != rank))
    return NC_NOERR;
  if (type != variable->type && type != NC_CHAR)
    variable->type = NC_DOUBLE;
  if (kind == LORE_COLLECT_NUMBER)
    return survey_number(variable, ncid, id);
  if (kind == LORE_COLLECT_TEXT)
    return survey_text(variable, ncid, id);
  return survey_data(survey, variable, ncid, id, run);
}

static int survey_file(lore_collect_survey *survey, int ncid, int run) {
  int variables;
  size_t length = 0;
  int error = survey_labels(survey, ncid);
  if (!error)
    error = nc_inq_nvars(ncid, &variables);
  if (error)
    return error;
  if (nc_inq_attlen(ncid, NC_GLOBAL, "coordinates", &length))
    length = 0;
  char *settings = calloc(length + 1, 1);
  if (!settings)
    return NC_ENOMEM;
  if (length > 0)
    error = nc_get_att_text(ncid, NC_GLOBAL, "coordinates", settings);
  for (int id = 0; id < variables && !error; id++)
    error = survey_variable(survey, ncid, id, settings, run);
  if (!error)
    error = survey_origins(survey, ncid, run);
  free(settings);
  return error;
}

void lore_collect_damaged(lore_collect_survey *survey, int run, int error) {
  survey->file[run] = LORE_COLLECT_DAMAGED;
  survey->collected--;
  survey->damaged++;
  lore_warn("%s cannot be read (%s); the run is marked as damaged",
            survey->collection->run[run].path,
            error == NC_ERANGE ? "its steps do not ascend" : lore_netcdf_reason(error));
}

/* A run that has not ended may have no file yet, which is no damage. */
static void survey_run(lore_collect_survey *survey, int run) {
  const lore_collect_run *from = &survey->collection->run[run];
  const char *path = from->path;
  int ncid;
  if (!from->ended && access(path, F_OK) && (errno == ENOENT || errno == ENOTDIR))
    return;
  int error = from->ended ? lore_metrics_compare(path, from->records, from->checksum) : NC_NOERR;
  if (!error)
    error = lore_netcdf_open(path, 0, &ncid);
  if (!error) {
    error = survey_file(survey, ncid, run);
    nc_close(ncid);
  }
  survey->file[run] = LORE_COLLECT_READABLE;
  survey->collected++;
  if (error)
    lore_collect_damaged(survey, run, error);
}

lore_status lore_collect_survey_read(const lore_collection *collection,
                                     lore_collect_survey *survey) {
  *survey = (lore_collect_survey){.collection = collection};
  survey->file = calloc((size_t)collection->runs + 1, sizeof *survey->file);
  if (!survey->file || find_dimension(survey, "step") != LORE_COLLECT_STEP ||
      find_dimension(survey, "group") != LORE_COLLECT_GROUP)
    return lore_fail(LORE_MEMORY, "cannot allocate a survey of %d runs", collection->runs);
  for (int i = 0; i < collection->runs; i++)
    survey_run(survey, i);
  survey->dimension[LORE_COLLECT_STEP].length = survey->steps;
  survey->dimension[LORE_COLLECT_GROUP].length = survey->groups;
  return LORE_OK;
}

void lore_collect_survey_destroy(lore_collect_survey *survey) {
  for (int i = 0; i < survey->variables; i++)
    free(survey->variable[i].text);
  free(survey->variable);
  free(survey->dimension);
  free(survey->file);
  free(survey->step);
  free(survey->group);
}
