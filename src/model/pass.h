/* A pass over one shard: what the decoder and its mixer share. */
#ifndef LORE_MODEL_PASS_H
#define LORE_MODEL_PASS_H

#include "lore/data/batch.h"
#include "workspace.h"

typedef struct lore_pass {
  const lore_model *model;
  const real *parameters;
  real *gradient; /* NULL in a forward-only pass */
  const lore_batch *shard;
  lore_workspace *workspace;
} lore_pass;

/* Where tensor `tensor` and its gradient are; NULL if the model has none (-1). */
static inline const real *lore_pass_weight(const lore_pass *pass, int tensor) {
  return tensor < 0 ? NULL : pass->parameters + pass->model->tensor[tensor].offset;
}

static inline real *lore_pass_slope(const lore_pass *pass, int tensor) {
  return tensor < 0 ? NULL : pass->gradient + pass->model->tensor[tensor].offset;
}

#endif
