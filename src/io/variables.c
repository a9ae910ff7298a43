/* Names, definition, checking and reading of tensors' variables. */
#include "variables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL /* makes the state a complete type */
#include <xxhash.h>

enum { VARIABLE_NAME_MAX = LORE_TENSOR_NAME_MAX + 16, VARIABLE_TEXT_MAX = 128, RANK_MOST = 2 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "checksums are over little-endian numbers: swap them first");

/* Tensor "layer_1/mlp/up" of the first moment is first_moment_layer_1_mlp_up. */
static void name_variable(const lore_tensor *tensor, lore_vector vector,
                          char name[VARIABLE_NAME_MAX]) {
  static const char *const prefixes[LORE_VECTORS] = {"", "first_moment_", "second_moment_"};
  snprintf(name, VARIABLE_NAME_MAX, "%s%s", prefixes[vector], tensor->name);
  for (char *c = name; *c; c++)
    if (*c == '/')
      *c = '_';
}

static void describe_variable(const lore_tensor *tensor, lore_vector vector,
                              char text[VARIABLE_TEXT_MAX]) {
  static const char *const moments[LORE_VECTORS] = {
      "", "mean or sum of the gradient that the optimiser keeps of ",
      "mean of the squared gradient that AdamW keeps of "};
  char layer[24] = "";
  if (tensor->in_layer)
    snprintf(layer, sizeof layer, "layer %d: ", tensor->layer + 1);
  snprintf(text, VARIABLE_TEXT_MAX, "%s%s%s", moments[vector], layer, tensor->row->long_name);
}

/* The length that the tensors give to `side`; 0: none of them has it. */
static int32_t side_length(int tensors, const lore_tensor *tensor, lore_side side) {
  for (int i = 0; i < tensors; i++)
    for (int k = 0; k < lore_tensor_rank(&tensor[i]); k++)
      if (tensor[i].row->side[k] == side)
        return lore_tensor_length(&tensor[i], k);
  return 0;
}

void lore_variables_define_sides(lore_ncfile *file, int tensors, const lore_tensor *tensor,
                                 int dimension[LORE_SIDES]) {
  dimension[LORE_SIDE_NONE] = -1;
  for (int s = LORE_SIDE_NONE + 1; s < LORE_SIDES; s++) {
    int32_t length = side_length(tensors, tensor, (lore_side)s);
    dimension[s] =
        length > 0 ? lore_ncfile_dimension(file, lore_side_name((lore_side)s), (size_t)length) : -1;
  }
}

void lore_variables_define(lore_ncfile *file, int tensors, const lore_tensor *tensor,
                           const int dimension[LORE_SIDES], lore_vector vector, int *id) {
  for (int i = 0; i < tensors; i++) {
    char name[VARIABLE_NAME_MAX], text[VARIABLE_TEXT_MAX];
    const lore_side *side = tensor[i].row->side;
    name_variable(&tensor[i], vector, name);
    describe_variable(&tensor[i], vector, text);
    id[i] = lore_ncfile_variable(file, name, NC_FLOAT, lore_tensor_rank(&tensor[i]),
                                 (int[]){dimension[side[0]], dimension[side[1]]}, text, "1");
  }
}

/* Some rows of a tensor, which are moved or compared at once: the largest may be half of the model.
 */
typedef struct {
  size_t start[RANK_MOST], count[RANK_MOST]; /* for NetCDF */
  int64_t from;                              /* first element */
  size_t elements;
} tensor_rows;

/* Elements of a row. */
static size_t row_length(const lore_tensor *tensor) {
  size_t length = 1;
  for (int k = 1; k < lore_tensor_rank(tensor); k++)
    length *= (size_t)lore_tensor_length(tensor, k);
  return length;
}

/* The next rows, of `capacity` elements at most; false at the end. Zeroed rows come first. */
static bool next_rows(const lore_tensor *tensor, size_t capacity, tensor_rows *rows) {
  size_t length = row_length(tensor), most = capacity / length;
  size_t left = (size_t)lore_tensor_length(tensor, 0) - rows->start[0] - rows->count[0];
  rows->start[0] += rows->count[0];
  rows->count[0] = left < most ? left : most;
  for (int k = 1; k < lore_tensor_rank(tensor); k++)
    rows->count[k] = (size_t)lore_tensor_length(tensor, k);
  rows->from = tensor->offset + (int64_t)(rows->start[0] * length);
  rows->elements = rows->count[0] * length;
  return rows->count[0] > 0;
}

/* Room for `copies` times `*capacity` elements, a row of each tensor at least; NULL: none. */
static real *allocate_rows(int tensors, const lore_tensor *tensor, size_t copies,
                           size_t *capacity) {
  *capacity = 1 << 16;
  for (int i = 0; i < tensors; i++)
    *capacity = row_length(&tensor[i]) > *capacity ? row_length(&tensor[i]) : *capacity;
  return malloc(copies * *capacity * sizeof(real));
}

/* Elements of `rows`: where they are, or fetched into `room`; NULL if that fails. */
static const real *elements_of(const lore_elements *elements, const tensor_rows *rows, real *room) {
  if (elements->memory)
    return elements->memory + rows->from;
  return elements->fetch(elements->context, rows->from, (int64_t)rows->elements, room) == LORE_OK
             ? room
             : NULL;
}

static int put_rows(int ncid, int id, const lore_tensor *tensor, const lore_elements *elements,
                    real *room, size_t capacity) {
  int error = NC_NOERR;
  for (tensor_rows rows = {0}; !error && next_rows(tensor, capacity, &rows);) {
    const real *values = elements_of(elements, &rows, room);
    error = values ? nc_put_vara_float(ncid, id, rows.start, rows.count, values) : EIO;
  }
  return error;
}

void lore_variables_put(lore_ncfile *file, int tensors, const lore_tensor *tensor, const int *id,
                        const lore_elements *elements) {
  size_t capacity;
  real *room = elements->memory ? NULL : allocate_rows(tensors, tensor, 1, &capacity);
  if (!elements->memory && !room && !file->error)
    file->error = NC_ENOMEM;
  for (int i = 0; i < tensors && !file->error; i++)
    file->error = elements->memory
                      ? nc_put_var_float(file->ncid, id[i], elements->memory + tensor[i].offset)
                      : put_rows(file->ncid, id[i], &tensor[i], elements, room, capacity);
  free(room);
}

/* Finds the variable of a tensor and compares its type and dimensions. */
static lore_status find_tensor_variable(int ncid, const char *path, const char *kind,
                                        const lore_tensor *tensor, const char *variable, int *id) {
  int rank, dimension[NC_MAX_VAR_DIMS];
  nc_type type;
  if (nc_inq_varid(ncid, variable, id))
    return lore_fail(LORE_USER, "%s holds another %s: it has no tensor %s", path, kind, variable);
  int error = nc_inq_var(ncid, *id, NULL, &type, &rank, dimension, NULL);
  if (error)
    return lore_netcdf_unreadable(path, variable, error);
  if (type != NC_FLOAT)
    return lore_fail(LORE_USER, "%s holds %s in another precision than this build's", path,
                     variable);
  if (rank != lore_tensor_rank(tensor))
    return lore_fail(LORE_USER, "%s holds another %s: %s has %d dimensions there and %d here", path,
                     kind, variable, rank, lore_tensor_rank(tensor));
  for (int i = 0; i < rank; i++) {
    char name[NC_MAX_NAME + 1];
    const char *wanted = lore_side_name(tensor->row->side[i]);
    size_t length, wanted_length = (size_t)lore_tensor_length(tensor, i);
    error = nc_inq_dim(ncid, dimension[i], name, &length);
    if (error)
      return lore_netcdf_unreadable(path, variable, error);
    if (strcmp(name, wanted) || length != wanted_length)
      return lore_fail(LORE_USER, "%s holds another %s: %s is %zu (%s) there and %zu (%s) here",
                       path, kind, variable, length, name, wanted_length, wanted);
  }
  return LORE_OK;
}

lore_status lore_variables_check(int ncid, const char *path, const char *kind, int tensors,
                                 const lore_tensor *tensor) {
  for (int i = 0; i < tensors; i++) {
    char name[VARIABLE_NAME_MAX];
    int id;
    name_variable(&tensor[i], LORE_VECTOR_PARAMETERS, name);
    LORE_TRY(find_tensor_variable(ncid, path, kind, &tensor[i], name, &id));
  }
  return LORE_OK;
}

static lore_status read_tensor(int ncid, const char *path, const char *name, int id,
                               const lore_tensor *tensor, const lore_elements *elements, real *room,
                               size_t capacity) {
  int error = NC_NOERR;
  if (elements->memory)
    error = nc_get_var_float(ncid, id, elements->memory + tensor->offset);
  for (tensor_rows rows = {0}; !elements->memory && !error && next_rows(tensor, capacity, &rows);) {
    error = nc_get_vara_float(ncid, id, rows.start, rows.count, room);
    if (!error)
      LORE_TRY(elements->store(elements->context, rows.from, (int64_t)rows.elements, room));
  }
  return error ? lore_netcdf_unreadable(path, name, error) : LORE_OK;
}

lore_status lore_variables_read(int ncid, const char *path, const char *kind, int tensors,
                                const lore_tensor *tensor, lore_vector vector,
                                const lore_elements *elements) {
  size_t capacity;
  real *room = elements->memory ? NULL : allocate_rows(tensors, tensor, 1, &capacity);
  lore_status status = LORE_OK;
  if (!elements->memory && !room)
    status = lore_fail(LORE_MEMORY, "cannot allocate a part of %s", path);
  for (int i = 0; i < tensors && status == LORE_OK; i++) {
    char name[VARIABLE_NAME_MAX];
    int id;
    name_variable(&tensor[i], vector, name);
    status = find_tensor_variable(ncid, path, kind, &tensor[i], name, &id);
    if (status == LORE_OK)
      status = read_tensor(ncid, path, name, id, &tensor[i], elements, room, capacity);
  }
  free(room);
  return status;
}

static int compare_tensor(int ncid, int id, const lore_tensor *tensor,
                          const lore_elements *elements, real *room, size_t capacity) {
  int error = NC_NOERR;
  for (tensor_rows rows = {0}; !error && next_rows(tensor, capacity, &rows);) {
    const real *values = elements_of(elements, &rows, room + capacity);
    error = values ? nc_get_vara_float(ncid, id, rows.start, rows.count, room) : EIO;
    if (!error && memcmp(room, values, sizeof(real) * rows.elements))
      error = LORE_NC_DAMAGED;
  }
  return error;
}

int lore_variables_compare(int ncid, int tensors, const lore_tensor *tensor, lore_vector vector,
                           const lore_elements *elements) {
  size_t capacity;
  real *room = allocate_rows(tensors, tensor, elements->memory ? 1 : 2, &capacity);
  int error = room ? NC_NOERR : NC_ENOMEM;
  for (int i = 0; i < tensors && !error; i++) {
    char name[VARIABLE_NAME_MAX];
    int id;
    name_variable(&tensor[i], vector, name);
    error = nc_inq_varid(ncid, name, &id);
    if (!error)
      error = compare_tensor(ncid, id, &tensor[i], elements, room, capacity);
  }
  free(room);
  return error;
}

void lore_variables_checksum(int tensors, const lore_tensor *tensor, const real *buffer,
                             char text[LORE_XXH3_TEXT]) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset(&state);
  for (int i = 0; i < tensors; i++)
    XXH3_128bits_update(&state, buffer + tensor[i].offset,
                        sizeof(real) * (size_t)lore_tensor_size(&tensor[i]));
  XXH128_hash_t hash = XXH3_128bits_digest(&state);
  snprintf(text, LORE_XXH3_TEXT, "%016llx%016llx", (unsigned long long)hash.high64,
           (unsigned long long)hash.low64);
}
