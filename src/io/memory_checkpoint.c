/* Weights of the toy memory: one variable per tensor, sealed as those of transformers are. */
#include "lore/io/memory_checkpoint.h"

#include <string.h>

#include "checkpoint.h"
#include "seal.h"

enum { TEXT_MAX = 32 };

typedef struct {
  const lore_pairs *pairs;
  const real *parameters;
  int64_t step;
  int provenances;
  const lore_provenance *provenance;
} memory_content;

static void define_memory(lore_ncfile *file, const memory_content *content,
                          const lore_tensor tensor[LORE_MEMORY_VARIABLES],
                          int id[LORE_MEMORY_VARIABLES], int *seal) {
  int dimension[LORE_SIDES];
  lore_ncfile_globals(file, "checkpoint of an associative memory",
                      "Parameters of a toy associative memory with one hidden layer: output = "
                      "relu(key up + up_bias) down + down_bias.",
                      content->provenances, content->provenance);
  lore_ncfile_integer(file, NC_GLOBAL, "checkpoint_format", LORE_CHECKPOINT_FORMAT);
  lore_ncfile_integer(file, NC_GLOBAL, "step", content->step);
  lore_ncfile_text(file, NC_GLOBAL, "task", "memory");
  lore_variables_define_sides(file, LORE_MEMORY_VARIABLES, tensor, dimension);
  lore_variables_define(file, LORE_MEMORY_VARIABLES, tensor, dimension, LORE_VECTOR_PARAMETERS, id);
  *seal = lore_seal_define(file);
}

static int fill_memory(int ncid, int fd, const void *context) {
  const memory_content *content = context;
  lore_ncfile file = {.ncid = ncid};
  lore_tensor tensor[LORE_MEMORY_VARIABLES];
  int id[LORE_MEMORY_VARIABLES], seal;
  (void)fd;
  lore_memory_layout(&content->pairs->config, tensor);
  define_memory(&file, content, tensor, id, &seal);
  if (!file.error)
    file.error = nc_enddef(ncid);
  lore_variables_put(&file, LORE_MEMORY_TENSORS, tensor, id,
                     &(lore_elements){.memory = (real *)content->parameters});
  lore_variables_put(&file, 1, &tensor[LORE_MEMORY_VALUE_VECTOR], &id[LORE_MEMORY_VALUE_VECTOR],
                     &(lore_elements){.memory = content->pairs->value_vector});
  lore_seal_reserve(&file, seal);
  return file.error ? file.error : nc_sync(ncid);
}

static int compare_memory(int ncid, const void *context) {
  const memory_content *content = context;
  lore_tensor tensor[LORE_MEMORY_VARIABLES];
  lore_memory_layout(&content->pairs->config, tensor);
  return lore_variables_compare(ncid, LORE_MEMORY_TENSORS, tensor, LORE_VECTOR_PARAMETERS,
                                &(lore_elements){.memory = (real *)content->parameters});
}

lore_status lore_memory_checkpoint_write(const char *path, const lore_pairs *pairs,
                                         const real *parameters, int64_t step, int provenances,
                                         const lore_provenance *provenance) {
  const memory_content content = {pairs, parameters, step, provenances, provenance};
  static const lore_checkpoint_writer writer = {NC_64BIT_OFFSET, fill_memory, compare_memory};
  return lore_checkpoint_make(path, &writer, &content);
}

/* The lengths of dimensions say more plainly than those of tensors what differs. */
static lore_status check_memory(int ncid, const char *path,
                                const lore_tensor tensor[LORE_MEMORY_VARIABLES]) {
  char task[TEXT_MAX] = "";
  if (lore_netcdf_get_text(ncid, "task", sizeof task, task) || strcmp(task, "memory") != 0)
    return lore_fail(LORE_USER, "%s holds no weights of an associative memory", path);
  for (int i = 0; i < LORE_MEMORY_VARIABLES; i++)
    for (int k = 0; k < lore_tensor_rank(&tensor[i]); k++) {
      const char *name = lore_side_name(tensor[i].row->side[k]);
      int dimension, wanted = lore_tensor_length(&tensor[i], k);
      size_t length = 0;
      if (!nc_inq_dimid(ncid, name, &dimension))
        nc_inq_dimlen(ncid, dimension, &length);
      if (length != (size_t)wanted)
        return lore_fail(LORE_USER,
                         "%s holds another memory: its dimension %s is %zu there and %d here", path,
                         name, length, wanted);
    }
  return LORE_OK;
}

lore_status lore_memory_checkpoint_read(const char *path, const lore_memory_config *config,
                                        real *parameters) {
  lore_tensor tensor[LORE_MEMORY_VARIABLES];
  char seal[LORE_XXH3_TEXT];
  int ncid;
  LORE_TRY(lore_seal_verify(path, seal));
  LORE_TRY(lore_netcdf_status(lore_netcdf_open(path, 0, &ncid), "open", path));
  lore_memory_layout(config, tensor);
  lore_status status = check_memory(ncid, path, tensor);
  if (status == LORE_OK)
    status = lore_variables_read(ncid, path, "memory", LORE_MEMORY_TENSORS, tensor,
                                 LORE_VECTOR_PARAMETERS, &(lore_elements){.memory = parameters});
  nc_close(ncid);
  return status;
}

lore_status lore_memory_checkpoint_check(const char *path, const lore_memory_config *config) {
  lore_tensor tensor[LORE_MEMORY_VARIABLES];
  int ncid;
  LORE_TRY(lore_netcdf_status(lore_netcdf_open(path, 0, &ncid), "open", path));
  lore_memory_layout(config, tensor);
  lore_status status = check_memory(ncid, path, tensor);
  nc_close(ncid);
  return status;
}
