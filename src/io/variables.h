/* Tensors as variables of a NetCDF file: doc/checkpoint.md. */
#ifndef LORE_IO_VARIABLES_H
#define LORE_IO_VARIABLES_H

#include <stdbool.h>

#include "lore/base/status.h"
#include "lore/io/elements.h"
#include "lore/io/ncfile.h"
#include "lore/model/tensor.h"
#include "seal.h"

/* The vectors of a training run, each as one variable per tensor. A checkpoint of weights has only
 * the first. */
typedef enum {
  LORE_VECTOR_PARAMETERS,
  LORE_VECTOR_FIRST_MOMENT,
  LORE_VECTOR_SECOND_MOMENT,
  LORE_VECTORS
} lore_vector;

/* Defines the dimensions that the tensors have, in the order of LORE_SIDE_LIST: their ids, -1 for
 * those that no tensor has. */
void lore_variables_define_sides(lore_ncfile *file, int tensors, const lore_tensor *tensor,
                                 int dimension[LORE_SIDES]);

/* Defines a variable for each tensor of `vector`: its id in id[tensors]. */
void lore_variables_define(lore_ncfile *file, int tensors, const lore_tensor *tensor,
                           const int dimension[LORE_SIDES], lore_vector vector, int *id);

/* Writes them; the tensors' offsets count in `elements`. Data mode. */
void lore_variables_put(lore_ncfile *file, int tensors, const lore_tensor *tensor, const int *id,
                        const lore_elements *elements);

/* LORE_USER, "<path> holds another <kind>: ...", unless the file has a variable of each tensor's
 * name, type and dimensions. */
lore_status lore_variables_check(int ncid, const char *path, const char *kind, int tensors,
                                 const lore_tensor *tensor);

/* Checks and reads the variables of `vector` into `elements`. */
lore_status lore_variables_read(int ncid, const char *path, const char *kind, int tensors,
                                const lore_tensor *tensor, lore_vector vector,
                                const lore_elements *elements);

/* NetCDF's code, LORE_NC_DAMAGED unless the variables of `vector` have the same bits as
 * `elements`. */
int lore_variables_compare(int ncid, int tensors, const lore_tensor *tensor, lore_vector vector,
                           const lore_elements *elements);

/* XXH3 (128 bits) of the tensors in table order, little-endian, as hexadecimal digits: tells
 * whether two files hold the same parameters. */
void lore_variables_checksum(int tensors, const lore_tensor *tensor, const real *buffer,
                             char text[LORE_XXH3_TEXT]);

#endif
