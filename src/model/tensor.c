/* Tensors from the rows that describe them. */
#include "lore/model/tensor.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

enum { ELEMENT_ALIGNMENT = 16 };

const char *lore_side_name(lore_side side) {
  static const char *const names[] = {
#define X(side, name) [side] = (name),
      LORE_SIDE_LIST(X)
#undef X
  };
  return names[side];
}

int lore_tensor_rank(const lore_tensor *tensor) {
  return tensor->row->side[1] == LORE_SIDE_NONE ? 1 : 2;
}

int32_t lore_tensor_length(const lore_tensor *tensor, int side) {
  return side + 1 == lore_tensor_rank(tensor) ? tensor->columns : tensor->rows;
}

int64_t lore_tensor_size(const lore_tensor *tensor) {
  return (int64_t)tensor->rows * tensor->columns;
}

lore_tensor lore_tensor_place(const lore_tensor_row *row, const int64_t length[LORE_SIDES],
                              int64_t *elements) {
  bool is_matrix = row->side[1] != LORE_SIDE_NONE;
  lore_tensor tensor = {.row = row,
                        .offset = *elements,
                        .rows = is_matrix ? (int32_t)length[row->side[0]] : 1,
                        .columns = (int32_t)length[row->side[is_matrix]]};
  int64_t size = lore_tensor_size(&tensor);
  assert(size > 0);
  snprintf(tensor.name, sizeof tensor.name, "%s", row->name);
  *elements += (size + ELEMENT_ALIGNMENT - 1) / ELEMENT_ALIGNMENT * ELEMENT_ALIGNMENT;
  return tensor;
}

lore_tensor lore_tensor_place_in_layer(const lore_tensor_row *row, int layer,
                                       const int64_t length[LORE_SIDES], int64_t *elements) {
  lore_tensor tensor = lore_tensor_place(row, length, elements);
  tensor.layer = layer;
  tensor.in_layer = true;
  snprintf(tensor.name, sizeof tensor.name, "layer_%d/%s", layer + 1, row->name);
  return tensor;
}

static double initial_deviation(const lore_tensor *tensor, const double *deviation) {
  switch (tensor->row->deviation) {
  case LORE_DEVIATION_ROWS:
    return 1 / sqrt(tensor->rows);
  case LORE_DEVIATION_COLUMNS:
    return 1 / sqrt(tensor->columns);
  case LORE_DEVIATION_FIXED:
    return tensor->row->fixed_deviation;
  default:
    return deviation[tensor->row->deviation];
  }
}

static void draw_weights(int64_t size, double deviation, lore_random *stream, real *w) {
  for (int64_t j = 0; j < size; j++)
    w[j] = (real)(deviation * lore_random_normal(stream));
}

void lore_tensors_initialise(int tensors, const lore_tensor *tensor, const double *deviation,
                             uint64_t seed, real *parameters) {
  for (int i = 0; i < tensors; i++) {
    const lore_tensor_row *row = tensor[i].row;
    real *w = parameters + tensor[i].offset;
    int64_t size = lore_tensor_size(&tensor[i]);
    lore_random stream = lore_random_stream(seed, LORE_RANDOM_INITIALISATION, 0, (uint64_t)i);
    if (row->kind == LORE_WEIGHT)
      draw_weights(size, initial_deviation(&tensor[i], deviation), &stream, w);
    for (int64_t j = 0; j < size && row->kind == LORE_GAIN; j++)
      w[j] = 1;
    for (int64_t j = 0; j < size && row->kind == LORE_DRAWN; j++)
      w[j] = row->draw(&stream);
  }
}
