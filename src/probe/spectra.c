/* Singular values of the weights. */
#include <string.h>

#include "readout.h"

typedef struct {
  const real *element;
  int columns;
} weights;

static lore_status give_rows(void *context, int first, int count, double *const row[]) {
  const weights *w = context;
  const real *from = w->element + (size_t)first * (size_t)w->columns;
  for (size_t i = 0; i < (size_t)count * (size_t)w->columns; i++)
    row[0][i] = from[i];
  return LORE_OK;
}

static lore_status one_tensor(lore_probe_work *work, int index) {
  const lore_tensor *tensor =
      &work->problem->model->tensor[lore_probe_tensor(work->problem->model, index)];
  weights w = {work->reader.parameters + tensor->offset, tensor->columns};
  lore_probe_result *r = work->result;
  double *value = r->singular_value + (size_t)index * (size_t)work->sizes.singular;
  lore_matrix matrix, *list[] = {&matrix};
  LORE_TRY(lore_matrix_create(work->grid, tensor->rows, tensor->columns, &matrix));
  lore_status status = lore_matrix_fill(1, list, give_rows, &w);
  if (status == LORE_OK)
    status = lore_singular_values(&matrix, value);
  lore_matrix_destroy(&matrix);
  LORE_TRY(status);
  int values = tensor->rows < tensor->columns ? tensor->rows : tensor->columns;
  lore_probe_put_spectrum(values, value, &r->weight_effective_rank[index],
                          &r->weight_participation[index], &r->weight_condition[index]);
  return LORE_OK;
}

lore_status lore_probe_weights(lore_probe_work *work) {
  for (int t = 0; t < work->sizes.tensors; t++)
    LORE_TRY(one_tensor(work, t));
  return LORE_OK;
}
