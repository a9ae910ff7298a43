/* How the tensors of a model are called and shaped in a checkpoint: doc/checkpoint.md. */
#ifndef LORE_IO_CHECKPOINT_LAYOUT_H
#define LORE_IO_CHECKPOINT_LAYOUT_H

#include <stdint.h>

#include "lore/model/model.h"

enum { LORE_VARIABLE_NAME_MAX = LORE_TENSOR_NAME_MAX + 16, LORE_VARIABLE_TEXT_MAX = 128 };

/* The vectors of a training run, each as one variable per tensor. A checkpoint of weights has only
 * the first. */
typedef enum {
  LORE_VECTOR_PARAMETERS,
  LORE_VECTOR_FIRST_MOMENT,
  LORE_VECTOR_SECOND_MOMENT,
  LORE_VECTORS
} lore_vector;

/* The dimensions that tensors have; their names are lore_side_name. */
typedef enum {
  LORE_SIDE_VOCABULARY,
  LORE_SIDE_CONTEXT,
  LORE_SIDE_WIDTH,
  LORE_SIDE_QKV,
  LORE_SIDE_ATTENTION,
  LORE_SIDE_HIDDEN,
  LORE_SIDE_BRANCHES,
  LORE_SIDE_RECURRENT,
  LORE_SIDE_BLOCK,
  LORE_SIDE_LAG,
  LORE_SIDES
} lore_side;

typedef struct {
  char name[LORE_VARIABLE_NAME_MAX]; /* "first_moment_" or the like, then the tensor's with '_' for
                                        '/' */
  char long_name[LORE_VARIABLE_TEXT_MAX];
  int rank;
  lore_side side[2]; /* rows, columns; of a vector only the first */
} lore_variable_layout;

const char *lore_side_name(lore_side side);
int64_t lore_side_length(const lore_model *model, lore_side side);

/* Layout of tensor `index` in `vector`. A tensor that the model's tables do not place is a bug. */
lore_variable_layout lore_checkpoint_variable(const lore_model *model, lore_vector vector,
                                              int index);

/* A setting of the model that the forward pass depends on. */
typedef struct {
  const char *name; /* attribute */
  const char *text; /* NULL for numbers */
  double number;
  bool integer;
} lore_checkpoint_setting;

enum { LORE_CHECKPOINT_SETTINGS_MAX = 13 };

/* Returns how many there are. */
int lore_checkpoint_settings(const lore_model *model,
                             lore_checkpoint_setting setting[LORE_CHECKPOINT_SETTINGS_MAX]);

#endif
