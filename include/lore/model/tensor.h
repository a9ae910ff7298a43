/* The table of tensors: all that a model, its checkpoints and the toy memory know of each.
 *
 * A row describes a tensor once: its name, its dimensions, what its elements begin as and whether
 * they decay. From rows and the lengths of the dimensions come the layout of the parameter buffer,
 * the initial parameters and the variables of a checkpoint. */
#ifndef LORE_MODEL_TENSOR_H
#define LORE_MODEL_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lore/base/random.h"
#include "lore/base/real.h"

/* X(dimension, its name in checkpoints), in the order in which files define them. */
#define LORE_SIDE_LIST(X)                                                                          \
  X(LORE_SIDE_VOCABULARY, "vocabulary")                                                            \
  X(LORE_SIDE_CONTEXT, "context")                                                                  \
  X(LORE_SIDE_WIDTH, "width")                                                                      \
  X(LORE_SIDE_QKV, "qkv")                                                                          \
  X(LORE_SIDE_ATTENTION, "attention")                                                              \
  X(LORE_SIDE_KEY, "key")                                                                          \
  X(LORE_SIDE_HIDDEN, "hidden")                                                                    \
  X(LORE_SIDE_VALUE, "value")                                                                      \
  X(LORE_SIDE_BRANCHES, "branches")                                                                \
  X(LORE_SIDE_RECURRENT, "recurrent")                                                              \
  X(LORE_SIDE_BLOCK, "block")                                                                      \
  X(LORE_SIDE_LAG, "lag")

typedef enum {
  LORE_SIDE_NONE,
#define X(side, name) side,
  LORE_SIDE_LIST(X)
#undef X
      LORE_SIDES
} lore_side;

/* Weights are drawn at random and decay; gains begin at 1 and biases at 0. What is drawn begins as
 * its row's function says. Constants are never trained, and lie in a buffer of their own. */
typedef enum { LORE_WEIGHT, LORE_GAIN, LORE_BIAS, LORE_DRAWN, LORE_CONSTANT } lore_tensor_kind;

/* The standard deviation of initial weights. */
typedef enum {
  LORE_DEVIATION_SCALE,    /* the model's initial_scale */
  LORE_DEVIATION_RESIDUAL, /* of maps into the residual stream: initial_scale / sqrt(2 layers) */
  LORE_DEVIATION_ROWS,     /* 1 / sqrt(rows) */
  LORE_DEVIATION_COLUMNS,  /* 1 / sqrt(columns) */
  LORE_DEVIATION_FIXED,    /* the row's */
  LORE_DEVIATIONS
} lore_deviation;

/* The settings that a model's tensor depends on. */
typedef enum {
  LORE_ALWAYS,
  LORE_WITH_BIAS,
  LORE_WITH_NORM_BIAS,         /* biases, and layer norm */
  LORE_WITH_LEARNED_POSITIONS, /* positions that are looked up */
  LORE_WITH_OWN_HEAD           /* the head does not use the embedding's weights */
} lore_tensor_condition;

typedef struct {
  const char *name;      /* "embedding"; of a layer, what follows "layer_1/" */
  const char *long_name; /* for readers of checkpoints */
  lore_side side[2];     /* rows, columns; a vector has the first alone */
  lore_tensor_kind kind;
  lore_deviation deviation;
  double fixed_deviation;
  real (*draw)(lore_random *stream); /* one element of LORE_DRAWN */
  lore_tensor_condition condition;
  size_t index; /* offset, in the struct that names a model's tensors, of this one's number */
} lore_tensor_row;

enum { LORE_TENSOR_NAME_MAX = 48 };

/* A named matrix (rows x columns, row-major) or vector (rows == 1) inside the parameter buffer.
 * Linear maps are stored input x output: y = x W + b. */
typedef struct {
  char name[LORE_TENSOR_NAME_MAX]; /* "embedding", "layer_1/attention/qkv", ...: see
                                      doc/checkpoint.md */
  const lore_tensor_row *row;      /* owned by the table */
  int64_t offset;                  /* elements from the start of the buffer, a multiple of 16 */
  int32_t rows, columns;
  int layer; /* 0 .. layers-1; -1 embedding side, `layers` head side */
  bool in_layer;
} lore_tensor;

/* The name of a dimension in checkpoints. */
const char *lore_side_name(lore_side side);

/* Dimensions of the tensor: 1 or 2. `side` is 0 or 1: the length of that one. */
int lore_tensor_rank(const lore_tensor *tensor);
int32_t lore_tensor_length(const lore_tensor *tensor, int side);

/* Number of elements. */
int64_t lore_tensor_size(const lore_tensor *tensor);

/* The tensor of `row`, outside of layers, at the end of a buffer of *elements reals, which grows:
 * gaps for alignment stay 0. length[side] are the lengths of the dimensions. */
lore_tensor lore_tensor_place(const lore_tensor_row *row, const int64_t length[LORE_SIDES],
                              int64_t *elements);

/* The same in layer `layer`, whose number is a part of the name. */
lore_tensor lore_tensor_place_in_layer(const lore_tensor_row *row, int layer,
                                       const int64_t length[LORE_SIDES], int64_t *elements);

/* Writes initial parameters: tensor i from stream i of (seed, LORE_RANDOM_INITIALISATION).
 * `deviation` has those of LORE_DEVIATION_SCALE and _RESIDUAL; may be NULL if no row asks for
 * them. Biases and gaps are left as they are: 0. */
void lore_tensors_initialise(int tensors, const lore_tensor *tensor, const double *deviation,
                             uint64_t seed, real *parameters);

#endif
