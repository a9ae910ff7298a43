/* A pass over one shard, by one thread or by a crew: what the decoder and its mixer share.
 *
 * Sequences do not know of each other until their gradients are summed. So each member of a crew
 * takes some whole sequences of the shard through the forward pass, and their rows through the
 * gradient of the stream, as a thread alone does. Sums over all tokens begin when the crew has met:
 * then each member computes some elements of a parameter's gradient, from all rows. No element is
 * summed in another order than by one thread, so the bits are the same. */
#ifndef LORE_MODEL_PASS_H
#define LORE_MODEL_PASS_H

#include <stdbool.h>

#include "lore/data/batch.h"
#include "lore/model/decoder.h"
#include "workspace.h"

typedef struct lore_pass {
  const lore_model *model;
  const real *parameters;
  real *gradient; /* NULL in a forward-only pass */
  const lore_batch *shard;
  lore_workspace *workspace;         /* this member's */
  const lore_train_watch *watch;     /* or NULL */
  int member, members;               /* of the crew */
  int first_sequence, last_sequence; /* [first, last): this member's own */
  int first_row, rows;               /* their tokens */
} lore_pass;

enum { LORE_LINE = 16 /* reals that members share out at least: a cache line */ };

/* Elements [first, last) of something. */
typedef struct {
  int first, last;
} lore_part;

/* Takes up the shard, when all members have; false: the others compute it without this one. */
bool lore_pass_begin(lore_pass *pass);

/* Waits until all members have come here. */
void lore_pass_meet(const lore_pass *pass);

/* This member's part of `count` elements, whole units of `unit`. */
lore_part lore_pass_part(const lore_pass *pass, int count, int unit);

/* y = x W (+ b) (+ residual) of the member's own rows. Matrices of all tokens; tensors by number,
 * -1 for no bias; residual may be NULL. */
void lore_pass_linear(const lore_pass *pass, int in, int out, const real *x, int weight, int bias,
                      const real *residual, real *y);

/* dx = dy W^T of the member's own rows. */
void lore_pass_linear_backward(const lore_pass *pass, int in, int out, int weight, const real *dy,
                               real *dx);

/* The member's part of dW = x^T dy and of db. */
void lore_pass_linear_slopes(const lore_pass *pass, int in, int out, const real *x, const real *dy,
                             int weight, int bias);

/* The same of columns of a weight: rows of dweight are `stride` apart. */
void lore_pass_weight_slopes(const lore_pass *pass, int in, int out, const real *x, const real *dy,
                             real *dweight, int stride);
void lore_pass_bias_slopes(const lore_pass *pass, int out, const real *dy, real *dbias);

/* Where the member's own rows begin. */
static inline real *lore_pass_rows(const lore_pass *pass, real *matrix, int columns) {
  return matrix + (size_t)pass->first_row * (size_t)columns;
}

/* Where tensor `tensor` and its gradient are; NULL if the model has none (-1). */
static inline const real *lore_pass_weight(const lore_pass *pass, int tensor) {
  return tensor < 0 ? NULL : pass->parameters + pass->model->tensor[tensor].offset;
}

static inline real *lore_pass_slope(const lore_pass *pass, int tensor) {
  return tensor < 0 ? NULL : pass->gradient + pass->model->tensor[tensor].offset;
}

#endif
