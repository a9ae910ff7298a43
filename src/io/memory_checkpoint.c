/* Weights of the toy memory: one variable per tensor, sealed as those of transformers are. */
#include "lore/io/memory_checkpoint.h"

#include <string.h>

#include "checkpoint_parts.h"
#include "lore/io/ncfile.h"

enum { SIDES = 3, ONE_TENSOR_MORE = LORE_MEMORY_TENSORS + 1, TEXT_MAX = 32 };

typedef struct {
  const lore_pairs *pairs;
  const real *parameters;
  int64_t step;
  int provenances;
  const lore_provenance *provenance;
} content;

/* A variable: its dimensions as indices into the sides of a memory. */
typedef struct {
  const char *name, *long_name;
  int rank, side[2];
} variable;

enum { SIDE_KEY, SIDE_HIDDEN, SIDE_VALUE };

/* In the order of lore_memory_layout, then the vectors that are not trained. */
static const variable variables[ONE_TENSOR_MORE] = {
    {"up", "map from a key to the hidden units", 2, {SIDE_KEY, SIDE_HIDDEN}},
    {"up_bias", "biases of the hidden units", 1, {SIDE_HIDDEN}},
    {"down", "map from the hidden units to the output", 2, {SIDE_HIDDEN, SIDE_KEY}},
    {"down_bias", "bias of the output", 1, {SIDE_KEY}},
    {"value_vector",
     "vectors whose products with the output are the logits; not trained",
     2,
     {SIDE_VALUE, SIDE_KEY}},
};

static const char *const side_names[SIDES] = {"key", "hidden", "value"};

static int side_length(const lore_memory_config *c, int side) {
  return side == SIDE_KEY ? c->keys : side == SIDE_HIDDEN ? c->hidden : c->values;
}

static void define(lore_ncfile *file, const content *all, int *id, int *seal) {
  const lore_memory_config *c = &all->pairs->config;
  int side[SIDES];
  lore_ncfile_globals(file, "checkpoint of an associative memory",
                      "Parameters of a toy associative memory with one hidden layer: output = "
                      "relu(key up + up_bias) down + down_bias.",
                      all->provenances, all->provenance);
  lore_ncfile_integer(file, NC_GLOBAL, "checkpoint_format", LORE_CHECKPOINT_FORMAT);
  lore_ncfile_integer(file, NC_GLOBAL, "step", all->step);
  lore_ncfile_text(file, NC_GLOBAL, "task", "memory");
  for (int i = 0; i < SIDES; i++)
    side[i] = lore_ncfile_dimension(file, side_names[i], (size_t)side_length(c, i));
  for (int i = 0; i < ONE_TENSOR_MORE; i++) {
    const variable *v = &variables[i];
    int dimension[2] = {side[v->side[0]], side[v->side[1]]};
    id[i] =
        lore_ncfile_variable(file, v->name, LORE_NC_REAL, v->rank, dimension, v->long_name, "1");
  }
  int bytes = lore_ncfile_dimension(file, "checksum_bytes", LORE_SEAL_SIZE);
  *seal = lore_ncfile_variable(file, LORE_SEAL, NC_BYTE, 1, &bytes,
                               "XXH3 (128 bits) of all bytes of the file before this", "1");
}

static int fill(int ncid, const char *partial, const void *context) {
  const content *all = context;
  lore_ncfile file = {.ncid = ncid};
  lore_memory_tensor tensor[LORE_MEMORY_TENSORS];
  int id[ONE_TENSOR_MORE], seal;
  (void)partial;
  lore_memory_layout(&all->pairs->config, tensor);
  define(&file, all, id, &seal);
  if (!file.error)
    file.error = nc_enddef(ncid);
  for (int i = 0; i < ONE_TENSOR_MORE && !file.error; i++)
    file.error = LORE_PUT_REALS(ncid, id[i],
                                i < LORE_MEMORY_TENSORS ? all->parameters + tensor[i].offset
                                                        : all->pairs->value_vector);
  if (!file.error)
    file.error = nc_put_var_schar(ncid, seal, (signed char[LORE_SEAL_SIZE]){0});
  return file.error ? file.error : nc_sync(ncid);
}

lore_status lore_memory_checkpoint_write(const char *path, const lore_pairs *pairs,
                                         const real *parameters, int64_t step, int provenances,
                                         const lore_provenance *provenance) {
  const content all = {pairs, parameters, step, provenances, provenance};
  return lore_checkpoint_make(path, NC_64BIT_OFFSET, fill, &all);
}

static lore_status check_sides(int ncid, const char *path, const lore_memory_config *config) {
  char task[TEXT_MAX] = "";
  if (lore_netcdf_get_text(ncid, "task", sizeof task, task) || strcmp(task, "memory") != 0)
    return lore_fail(LORE_USER, "%s holds no weights of an associative memory", path);
  for (int i = 0; i < SIDES; i++) {
    int dimension;
    size_t length = 0;
    if (!nc_inq_dimid(ncid, side_names[i], &dimension))
      nc_inq_dimlen(ncid, dimension, &length);
    if (length != (size_t)side_length(config, i))
      return lore_fail(LORE_USER,
                       "%s holds another memory: its dimension %s is %zu there and %d here", path,
                       side_names[i], length, side_length(config, i));
  }
  return LORE_OK;
}

/* The sides are right, so a variable of the right rank and sides has the right size. */
static lore_status read_tensor(int ncid, const char *path, const variable *v, real *to) {
  int id, rank, dimension[NC_MAX_VAR_DIMS];
  nc_type type;
  int error = nc_inq_varid(ncid, v->name, &id);
  if (!error)
    error = nc_inq_var(ncid, id, NULL, &type, &rank, dimension, NULL);
  if (!error && (type != LORE_NC_REAL || rank != v->rank))
    error = NC_EBADTYPE;
  for (int i = 0; i < v->rank && !error; i++) {
    char name[NC_MAX_NAME + 1];
    error = nc_inq_dimname(ncid, dimension[i], name);
    if (!error && strcmp(name, side_names[v->side[i]]) != 0)
      error = NC_EBADDIM;
  }
  if (!error)
    error = LORE_GET_REALS(ncid, id, to);
  return error ? lore_netcdf_unreadable(path, v->name, error) : LORE_OK;
}

lore_status lore_memory_checkpoint_read(const char *path, const lore_memory_config *config,
                                        real *parameters) {
  lore_memory_tensor tensor[LORE_MEMORY_TENSORS];
  int ncid;
  LORE_TRY(lore_checkpoint_verify(path));
  LORE_TRY(lore_netcdf_status(nc_open(path, NC_NOWRITE, &ncid), "open", path));
  lore_memory_layout(config, tensor);
  lore_status status = check_sides(ncid, path, config);
  for (int i = 0; i < LORE_MEMORY_TENSORS && status == LORE_OK; i++)
    status = read_tensor(ncid, path, &variables[i], parameters + tensor[i].offset);
  nc_close(ncid);
  return status;
}

lore_status lore_memory_checkpoint_check(const char *path, const lore_memory_config *config) {
  int ncid;
  LORE_TRY(lore_netcdf_status(nc_open(path, NC_NOWRITE, &ncid), "open", path));
  lore_status status = check_sides(ncid, path, config);
  nc_close(ncid);
  return status;
}
