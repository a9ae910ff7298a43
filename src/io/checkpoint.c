/* Checkpoints of transformers: writing, describing, checking, and reading parameters back,
 * believing nothing. */
#include "checkpoint.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seal.h"
#include "words.h"

#define CHECKSUM "checksum_xxh3_128" /* attribute: of the parameters */

_Static_assert((int)LORE_CHECKSUM_TEXT == (int)LORE_XXH3_TEXT, "both are an XXH3");

enum { BLOCK = 1 << 20, TEXT_MAX = 64, TASK_MAX = 32, SETTINGS_MAX = 13 };

/* A setting of the model that the forward pass depends on. */
typedef struct {
  const char *name; /* attribute */
  const char *text; /* NULL for numbers */
  double number;
  bool integer;
} model_setting;

/* Returns how many there are. */
static int list_settings(const lore_model *model, model_setting setting[SETTINGS_MAX]) {
  const lore_model_config *c = &model->config;
  const model_setting all[SETTINGS_MAX] = {
      {"model_mixer", lore_mixer_name(c->mixer), 0, false},
      {"model_layers", NULL, c->layers, true},
      {"model_width", NULL, c->width, true},
      {"model_heads", NULL, c->heads, true},
      {"model_hidden", NULL, c->hidden, true},
      {"model_norm", lore_norm_name(c->norm), 0, false},
      {"model_positions", lore_positions_name(c->positions), 0, false},
      {"model_activation", lore_activation_name(c->activation), 0, false},
      {"model_bias", NULL, c->bias, true},
      {"model_tied_embedding", NULL, c->tied_embedding, true},
      {"model_rotary_base", NULL, c->rotary_base, false},
      {"model_norm_epsilon", NULL, c->norm_epsilon, false},
      {"model_recurrent_width", NULL, c->recurrent_width, true},
  };
  memcpy(setting, all, sizeof all);
  return lore_mixer_has_width(c->mixer) ? SETTINGS_MAX : SETTINGS_MAX - 1;
}

/* 64-bit offset, which every tool reads (R's ncdf4 knows no CDF-5), unless a tensor is too large.
 */
static int file_format(const lore_model *model) {
  const int64_t most = (INT64_C(1) << 32) - 8; /* bytes of a variable */
  for (int i = 0; i < model->tensors; i++) {
    if (lore_tensor_size(&model->tensor[i]) > most / (int64_t)sizeof(real))
      return NC_64BIT_DATA;
  }
  return NC_64BIT_OFFSET;
}

static void define_attributes(lore_ncfile *file, const lore_checkpoint_content *content) {
  char checksum[LORE_XXH3_TEXT];
  model_setting setting[SETTINGS_MAX];
  lore_ncfile_globals(file, content->title, content->summary, content->provenances,
                      content->provenance);
  lore_ncfile_text(file, NC_GLOBAL, "coordinates", "word");
  lore_ncfile_integer(file, NC_GLOBAL, "checkpoint_format", LORE_CHECKPOINT_FORMAT);
  lore_ncfile_integer(file, NC_GLOBAL, "step", content->step);
  lore_variables_checksum(content->model->tensors, content->model->tensor,
                          content->vector[LORE_VECTOR_PARAMETERS].memory, checksum);
  lore_ncfile_text(file, NC_GLOBAL, CHECKSUM, checksum);
  int settings = list_settings(content->model, setting);
  for (int i = 0; i < settings; i++) {
    const model_setting *s = &setting[i];
    if (s->text)
      lore_ncfile_text(file, NC_GLOBAL, s->name, s->text);
    else if (s->integer)
      lore_ncfile_integer(file, NC_GLOBAL, s->name, (int64_t)s->number);
    else
      lore_ncfile_real(file, NC_GLOBAL, s->name, s->number);
  }
  /* Not checked: weights of one precision are good for the other. */
  lore_ncfile_text(file, NC_GLOBAL, "train_precision",
                   lore_precision_name(content->model->config.precision));
  if (content->put_more)
    content->put_more(file, content->more);
}

/* Ids of variables; `tensor` has one for each tensor of each vector. */
typedef struct {
  int word, seal, *tensor;
} variable_ids;

static void define_checkpoint(lore_ncfile *file, const lore_checkpoint_content *content,
                              variable_ids *ids) {
  const lore_model *model = content->model;
  int dimension[LORE_SIDES];
  lore_variables_define_sides(file, model->tensors, model->tensor, dimension);
  ids->word = lore_words_define(file, dimension[LORE_SIDE_VOCABULARY], content->vocabulary);
  for (int v = 0; v < content->vectors; v++)
    lore_variables_define(file, model->tensors, model->tensor, dimension, (lore_vector)v,
                          ids->tensor + v * model->tensors);
  ids->seal = lore_seal_define(file);
}

/* Room for the `bytes` of data that follow the header, which is written. */
static int reserve_data(int fd, int64_t bytes) {
  struct stat file;
  return fstat(fd, &file) ? errno : lore_file_reserve(fd, 0, file.st_size, bytes);
}

/* Bytes of all variables. */
static int64_t data_size(const lore_checkpoint_content *content) {
  const lore_model *model = content->model;
  return model->vocabulary * (int64_t)lore_words_length(content->vocabulary) + LORE_SEAL_SIZE +
         content->vectors * model->parameters * (int64_t)sizeof(real);
}

static int fill_checkpoint(int ncid, int fd, const void *context) {
  const lore_checkpoint_content *content = context;
  lore_ncfile file = {.ncid = ncid};
  variable_ids ids = {
      .tensor = calloc((size_t)(content->vectors * content->model->tensors), sizeof(int))};
  if (!ids.tensor)
    return NC_ENOMEM;
  /* Everything is written below, so there is nothing to fill. */
  file.error = nc_set_fill(ncid, NC_NOFILL, NULL);
  define_attributes(&file, content);
  define_checkpoint(&file, content, &ids);
  if (!file.error)
    file.error = nc_enddef(ncid);
  if (!file.error)
    file.error = nc_sync(ncid);
  if (!file.error)
    file.error = reserve_data(fd, data_size(content));
  lore_words_put(&file, ids.word, content->vocabulary);
  for (int v = 0; v < content->vectors; v++)
    lore_variables_put(&file, content->model->tensors, content->model->tensor,
                       ids.tensor + v * content->model->tensors, &content->vector[v]);
  lore_seal_reserve(&file, ids.seal);
  if (!file.error)
    file.error = nc_sync(ncid);
  free(ids.tensor);
  return file.error;
}

/* The file has what it was made of, tensor by tensor. */
static int compare_checkpoint(int ncid, const void *context) {
  const lore_checkpoint_content *content = context;
  const lore_model *model = content->model;
  int error = NC_NOERR;
  for (int v = 0; v < content->vectors && !error; v++)
    error = lore_variables_compare(ncid, model->tensors, model->tensor, (lore_vector)v,
                                   &content->vector[v]);
  return error;
}

/* Writes `partial`, which is open as `fd`, too: there errors show that the library overlooks. */
static lore_status write_partial(const char *partial, int ncid, int fd,
                                 const lore_checkpoint_writer *writer, const void *content) {
  int error = writer->fill(ncid, fd, content);
  if (error)
    lore_partial_discard(ncid, partial);
  else
    error = nc_close(ncid);
  LORE_TRY(lore_netcdf_status(error, "write", partial));
  LORE_TRY(lore_partial_flush(fd, partial));
  error = lore_netcdf_open(partial, BLOCK, &ncid);
  if (!error) {
    error = writer->compare(ncid, content);
    nc_close(ncid);
  }
  LORE_TRY(lore_netcdf_status(error, "read back", partial));
  return lore_seal_put(fd, partial);
}

static lore_status make_partial(const char *partial, const lore_checkpoint_writer *writer,
                                const void *content) {
  int ncid;
  size_t block = BLOCK;
  LORE_TRY(lore_netcdf_status(nc__create(partial, NC_CLOBBER | writer->format, 0, &block, &ncid),
                              "create", partial));
  int fd = open(partial, O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    int error = errno;
    lore_partial_discard(ncid, partial);
    return lore_netcdf_status(error, "write", partial);
  }
  lore_status status = write_partial(partial, ncid, fd, writer, content);
  if (close(fd) && status == LORE_OK)
    status = lore_netcdf_status(errno, "close", partial);
  return status;
}

lore_status lore_checkpoint_make(const char *path, const lore_checkpoint_writer *writer,
                                 const void *content) {
  char *partial;
  LORE_TRY(lore_partial_name(path, &partial));
  return lore_partial_finish(make_partial(partial, writer, content), partial, path);
}

lore_status lore_checkpoint_put(const char *path, const lore_checkpoint_content *content) {
  assert(lore_vocabulary_size(content->vocabulary) == content->model->vocabulary);
  const lore_checkpoint_writer writer = {file_format(content->model), fill_checkpoint,
                                         compare_checkpoint};
  return lore_checkpoint_make(path, &writer, content);
}

lore_status lore_checkpoint_write(const char *path, const lore_model *model, const real *parameters,
                                  const lore_vocabulary *vocabulary, int64_t step, int provenances,
                                  const lore_provenance *provenance) {
  return lore_checkpoint_put(
      path, &(lore_checkpoint_content){
                .title = "model checkpoint",
                .summary = "Parameters of a decoder-only transformer, one variable per tensor; "
                           "matrices are (input, output).",
                .model = model,
                .vectors = 1,
                .vector = {{.memory = (real *)parameters}},
                .vocabulary = vocabulary,
                .step = step,
                .provenances = provenances,
                .provenance = provenance});
}

static lore_status open_file(const char *path, int *ncid) {
  return lore_netcdf_status(lore_netcdf_open(path, BLOCK, ncid), "open", path);
}

static lore_status check_format(int ncid, const char *path) {
  double format;
  int error = lore_netcdf_get_number(ncid, "checkpoint_format", &format);
  if (error)
    return lore_netcdf_unreadable(path, "checkpoint_format", error);
  if (format != LORE_CHECKPOINT_FORMAT)
    return lore_fail(LORE_USER, "%s has checkpoint format %g; this build reads %d", path, format,
                     LORE_CHECKPOINT_FORMAT);
  return LORE_OK;
}

static lore_status check_model_settings(int ncid, const char *path, const lore_model *model) {
  model_setting setting[SETTINGS_MAX];
  int settings = list_settings(model, setting);
  for (int i = 0; i < settings; i++) {
    const model_setting *s = &setting[i];
    char text[TEXT_MAX];
    double number = 0;
    int error = s->text ? lore_netcdf_get_text(ncid, s->name, sizeof text, text)
                        : lore_netcdf_get_number(ncid, s->name, &number);
    if (error)
      return lore_netcdf_unreadable(path, s->name, error);
    if (s->text && strcmp(text, s->text))
      return lore_fail(LORE_USER, "%s holds another model: %s is %s there and %s here", path,
                       s->name, text, s->text);
    if (!s->text && number != s->number)
      return lore_fail(LORE_USER, "%s holds another model: %s is %.9g there and %.9g here", path,
                       s->name, number, s->number);
  }
  return LORE_OK;
}

/* That the tensors are where the table says. */
static lore_status check_parameters(int ncid, const char *path, const lore_model *model,
                                    const real *parameters) {
  char stored[TEXT_MAX], computed[LORE_XXH3_TEXT];
  int error = lore_netcdf_get_text(ncid, CHECKSUM, sizeof stored, stored);
  if (error)
    return lore_netcdf_unreadable(path, CHECKSUM, error);
  lore_variables_checksum(model->tensors, model->tensor, parameters, computed);
  if (strcmp(stored, computed))
    return lore_fail(LORE_NETCDF, "the parameters of %s have the checksum %s, not %s", path,
                     computed, stored);
  return LORE_OK;
}

static lore_status read_open(int ncid, const char *path, const lore_model *model, int vectors,
                             const lore_elements *vector, int64_t *step,
                             lore_checkpoint_get_more *get_more, void *more) {
  LORE_TRY(check_format(ncid, path));
  LORE_TRY(check_model_settings(ncid, path, model));
  if (get_more)
    LORE_TRY(get_more(ncid, path, more));
  int error = lore_netcdf_get_whole(ncid, "step", step);
  if (error)
    return lore_netcdf_unreadable(path, "step", error);
  for (int v = 0; v < vectors; v++) {
    if (vector[v].memory)
      memset(vector[v].memory, 0, sizeof(real) * (size_t)model->elements);
    LORE_TRY(lore_variables_read(ncid, path, "model", model->tensors, model->tensor, (lore_vector)v,
                                 &vector[v]));
  }
  return check_parameters(ncid, path, model, vector[LORE_VECTOR_PARAMETERS].memory);
}

lore_status lore_checkpoint_take(const char *path, const lore_model *model, int vectors,
                                 const lore_elements *vector, int64_t *step,
                                 lore_checkpoint_get_more *get_more, void *more) {
  int ncid;
  LORE_TRY(open_file(path, &ncid));
  lore_status status = read_open(ncid, path, model, vectors, vector, step, get_more, more);
  nc_close(ncid);
  return status;
}

lore_status lore_checkpoint_read(const char *path, const lore_model *model, real *parameters,
                                 int64_t *step) {
  char seal[LORE_XXH3_TEXT];
  LORE_TRY(lore_seal_verify(path, seal));
  const lore_elements vector = {.memory = parameters};
  return lore_checkpoint_take(path, model, 1, &vector, step, NULL, NULL);
}

/* Files of earlier versions do not name the run that wrote them. */
static lore_status read_origin(int ncid, const char *path, lore_checkpoint_about *about) {
  char text[32], *end;
  if (lore_netcdf_get_text(ncid, "run_id", sizeof about->run, about->run))
    *about->run = 0;
  if (lore_netcdf_get_text(ncid, "steps_before", sizeof text, text))
    return LORE_OK;
  errno = 0;
  about->steps_before = strtoll(text, &end, 10);
  if (*text && !*end && !errno && about->steps_before >= 0 &&
      about->steps_before <= LORE_NC_WHOLE_MAX)
    return LORE_OK;
  return lore_netcdf_unreadable(path, "steps_before", LORE_NC_NUMBER);
}

static lore_status read_description(int ncid, const char *path, lore_checkpoint_about *about) {
  char task[TASK_MAX], checksum[LORE_XXH3_TEXT];
  int error = lore_netcdf_get_whole(ncid, "step", &about->step);
  if (error)
    return lore_netcdf_unreadable(path, "step", error);
  about->memory = !lore_netcdf_get_text(ncid, "task", sizeof task, task) && !strcmp(task, "memory");
  /* A toy memory's has none: there the seal stands for it. */
  if (!lore_netcdf_get_text(ncid, CHECKSUM, sizeof checksum, checksum))
    memcpy(about->checksum, checksum, sizeof checksum);
  return read_origin(ncid, path, about);
}

lore_status lore_checkpoint_describe(const char *path, lore_checkpoint_about *about) {
  int ncid;
  *about = (lore_checkpoint_about){0};
  LORE_TRY(lore_seal_verify(path, about->checksum));
  LORE_TRY(open_file(path, &ncid));
  lore_status status = read_description(ncid, path, about);
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
  lore_status status = check_format(ncid, path);
  if (status == LORE_OK)
    status = check_model_settings(ncid, path, model);
  if (status == LORE_OK)
    status = lore_variables_check(ncid, path, "model", model->tensors, model->tensor);
  if (status == LORE_OK)
    status = check_words(ncid, path, vocabulary);
  nc_close(ncid);
  return status;
}
