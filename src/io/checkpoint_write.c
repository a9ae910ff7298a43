/* Writing a model's parameters. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint_parts.h"
#include "lore/io/ncfile.h"
#include "lore/io/resume.h"

enum { BLOCK = 1 << 20 };

static size_t longest_word(const lore_vocabulary *vocabulary) {
  size_t longest = 1;
  for (int i = 0; i < lore_vocabulary_size(vocabulary); i++) {
    size_t length = strlen(lore_vocabulary_word(vocabulary, (uint16_t)i));
    longest = length > longest ? length : longest;
  }
  return longest;
}

/* 64-bit offset, which every tool reads (R's ncdf4 knows no CDF-5), unless a tensor is too large.
 */
static int file_format(const lore_model *model) {
  const int64_t most = (INT64_C(1) << 32) - 8; /* bytes of a variable */
  for (int i = 0; i < model->tensors; i++) {
    const lore_tensor *tensor = &model->tensor[i];
    if ((int64_t)tensor->rows * tensor->columns > most / (int64_t)sizeof(real))
      return NC_64BIT_DATA;
  }
  return NC_64BIT_OFFSET;
}

static void define_attributes(lore_ncfile *file, const lore_checkpoint_content *content) {
  char checksum[LORE_CHECKSUM_TEXT];
  lore_checkpoint_setting setting[LORE_CHECKPOINT_SETTINGS_MAX];
  lore_ncfile_globals(file, content->title, content->summary, content->provenances,
                      content->provenance);
  lore_ncfile_text(file, NC_GLOBAL, "coordinates", "word");
  lore_ncfile_integer(file, NC_GLOBAL, "checkpoint_format", LORE_CHECKPOINT_FORMAT);
  lore_ncfile_integer(file, NC_GLOBAL, "step", content->step);
  lore_checkpoint_checksum(content->model, content->vector[LORE_VECTOR_PARAMETERS], checksum);
  lore_ncfile_text(file, NC_GLOBAL, LORE_CHECKPOINT_CHECKSUM, checksum);
  int settings = lore_checkpoint_settings(content->model, setting);
  for (int i = 0; i < settings; i++) {
    const lore_checkpoint_setting *s = &setting[i];
    if (s->text)
      lore_ncfile_text(file, NC_GLOBAL, s->name, s->text);
    else if (s->integer)
      lore_ncfile_integer(file, NC_GLOBAL, s->name, (int64_t)s->number);
    else
      lore_ncfile_real(file, NC_GLOBAL, s->name, s->number);
  }
  if (content->resume)
    lore_resume_put_fields(file, content->resume);
}

/* Ids of variables; `tensor` has one for each tensor of each vector. */
typedef struct {
  int word, seal, *tensor;
} variables;

static bool uses_side(const lore_model *model, lore_side side) {
  for (int i = 0; i < model->tensors; i++) {
    lore_variable_layout layout = lore_checkpoint_variable(model, LORE_VECTOR_PARAMETERS, i);
    if (layout.side[0] == side || (layout.rank == 2 && layout.side[1] == side))
      return true;
  }
  return false;
}

static void define_variables(lore_ncfile *file, const lore_checkpoint_content *content,
                             size_t word_length, variables *ids) {
  const lore_model *model = content->model;
  int dimension[LORE_SIDES], words[2];
  for (int i = 0; i < LORE_SIDES; i++)
    dimension[i] = uses_side(model, (lore_side)i)
                       ? lore_ncfile_dimension(file, lore_side_name((lore_side)i),
                                               (size_t)lore_side_length(model, (lore_side)i))
                       : -1;
  words[0] = dimension[LORE_SIDE_VOCABULARY];
  words[1] = lore_ncfile_dimension(file, "word_length", word_length);
  ids->word = lore_ncfile_variable(file, "word", NC_CHAR, 2, words, "word of a token", NULL);
  for (int i = 0; i < content->vectors * model->tensors; i++) {
    lore_variable_layout layout =
        lore_checkpoint_variable(model, (lore_vector)(i / model->tensors), i % model->tensors);
    int sides[2] = {dimension[layout.side[0]], dimension[layout.side[1]]};
    ids->tensor[i] = lore_ncfile_variable(file, layout.name, LORE_NC_REAL, layout.rank, sides,
                                          layout.long_name, "1");
  }
  int seal = lore_ncfile_dimension(file, "checksum_bytes", LORE_SEAL_SIZE);
  ids->seal = lore_ncfile_variable(file, LORE_SEAL, NC_BYTE, 1, &seal,
                                   "XXH3 (128 bits) of all bytes of the file before this", "1");
}

static void put_words(lore_ncfile *file, int variable, size_t length,
                      const lore_vocabulary *vocabulary) {
  size_t words = (size_t)lore_vocabulary_size(vocabulary);
  char *text = calloc(words, length);
  if (!text && !file->error)
    file->error = NC_ENOMEM;
  for (size_t i = 0; i < words && text; i++) {
    const char *word = lore_vocabulary_word(vocabulary, (uint16_t)i);
    memcpy(text + i * length, word, strlen(word));
  }
  if (!file->error)
    file->error = nc_put_var_text(file->ncid, variable, text);
  free(text);
}

static void put_tensors(lore_ncfile *file, const lore_checkpoint_content *content,
                        const variables *ids) {
  const lore_model *model = content->model;
  for (int v = 0; v < content->vectors; v++)
    for (int i = 0; i < model->tensors && !file->error; i++)
      file->error = LORE_PUT_REALS(file->ncid, ids->tensor[v * model->tensors + i],
                                   content->vector[v] + model->tensor[i].offset);
}

/* Room for the `bytes` of data that follow the header, which is written. */
static int reserve(const char *partial, int64_t bytes) {
  struct stat file;
  int fd = open(partial, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return errno;
  int error = fstat(fd, &file) ? errno : lore_file_reserve(fd, file.st_size, bytes);
  close(fd);
  return error;
}

/* Bytes of all variables. */
static int64_t data_size(const lore_checkpoint_content *content, size_t word_length) {
  const lore_model *model = content->model;
  return model->vocabulary * (int64_t)word_length + LORE_SEAL_SIZE +
         content->vectors * model->parameters * (int64_t)sizeof(real);
}

static int checkpoint_fill(int ncid, const char *partial, const void *context) {
  const lore_checkpoint_content *content = context;
  lore_ncfile file = {.ncid = ncid};
  size_t word_length = longest_word(content->vocabulary);
  variables ids = {.tensor =
                       calloc((size_t)(content->vectors * content->model->tensors), sizeof(int))};
  if (!ids.tensor)
    return NC_ENOMEM;
  /* Everything is written below, so there is nothing to fill. */
  file.error = nc_set_fill(ncid, NC_NOFILL, NULL);
  define_attributes(&file, content);
  define_variables(&file, content, word_length, &ids);
  if (!file.error)
    file.error = nc_enddef(ncid);
  if (!file.error)
    file.error = nc_sync(ncid);
  if (!file.error)
    file.error = reserve(partial, data_size(content, word_length));
  put_words(&file, ids.word, word_length, content->vocabulary);
  put_tensors(&file, content, &ids);
  if (!file.error)
    file.error = nc_put_var_schar(ncid, ids.seal, (signed char[LORE_SEAL_SIZE]){0});
  if (!file.error)
    file.error = nc_sync(ncid);
  free(ids.tensor);
  return file.error;
}

lore_status lore_checkpoint_make(const char *path, int format,
                                 int (*fill)(int ncid, const char *partial, const void *content),
                                 const void *content) {
  char *partial;
  int ncid;
  size_t block = BLOCK;
  LORE_TRY(lore_partial_name(path, &partial));
  lore_status status = lore_netcdf_status(
      nc__create(partial, NC_CLOBBER | format, 0, &block, &ncid), "create", partial);
  if (status == LORE_OK) {
    int error = fill(ncid, partial, content);
    if (error)
      lore_partial_discard(ncid, partial);
    else
      error = nc_close(ncid);
    status = lore_netcdf_status(error, "write", partial);
    if (status == LORE_OK)
      status = lore_checkpoint_seal(partial);
    if (status == LORE_OK)
      status = lore_partial_commit(partial, path);
    if (status != LORE_OK)
      unlink(partial);
  }
  free(partial);
  return status;
}

lore_status lore_checkpoint_put(const char *path, const lore_checkpoint_content *content) {
  assert(lore_vocabulary_size(content->vocabulary) == content->model->vocabulary);
  return lore_checkpoint_make(path, file_format(content->model), checkpoint_fill, content);
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
                .vector = {parameters},
                .vocabulary = vocabulary,
                .step = step,
                .provenances = provenances,
                .provenance = provenance});
}
