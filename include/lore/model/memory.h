/* The toy associative memory (science.md section 7; paper, appendix F.4): one hidden layer of ReLU
 * units, o = W2 relu(W1 k + b1) + b2, and a softmax over the products of o with the values' fixed
 * vectors. */
#ifndef LORE_MODEL_MEMORY_H
#define LORE_MODEL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lore/base/arena.h"
#include "lore/base/real.h"
#include "lore/data/pairs.h"
#include "lore/model/gemm_shape.h"
#include "lore/model/tensor.h"

/* W1 (d x hidden), b1, W2 (hidden x d), b2: one buffer; then the values' vectors (V x d), which
 * are not trained and lie elsewhere. */
enum {
  LORE_MEMORY_TENSORS = 4,
  LORE_MEMORY_VALUE_VECTOR = LORE_MEMORY_TENSORS,
  LORE_MEMORY_VARIABLES,
  LORE_MEMORY_GEMM_SHAPES = 7
};

/* Fills the table of tensors "up", "up_bias", "down", "down_bias" and "value_vector"; returns the
 * length of the buffer that the first LORE_MEMORY_TENSORS of them share, whose gaps stay 0. */
int64_t lore_memory_layout(const lore_memory_config *config,
                           lore_tensor tensor[LORE_MEMORY_VARIABLES]);

/* Number of parameters, gaps left out. */
int64_t lore_memory_parameters(const lore_memory_config *config);

/* Normal matrices of variance 1 / rows from LORE_RANDOM_INITIALISATION (LeCun et al. 1998); biases
 * 0. */
void lore_memory_initialise(const lore_memory_config *config, uint64_t seed, real *parameters);

/* Temporaries for up to `rows` pairs at once; B of them, d dimensions, H units. */
typedef struct {
  real *key;             /* B x d, for callers to gather keys in */
  uint16_t *value;       /* B */
  real *up, *activated;  /* B x H */
  real *out, *dout;      /* B x d */
  real *dup;             /* B x H */
  real *dvector, *head;  /* gradient of the fixed vectors, not used; scratch of the softmax */
  double *loss;          /* B */
  double *top, *entropy; /* B */
  unsigned char *correct;
} lore_memory_workspace;

/* Cuts it out of the arena, which may be a counting one. */
void lore_memory_workspace_layout(const lore_memory_config *config, int rows, lore_arena *arena,
                                  lore_memory_workspace *workspace);

/* Forward and backward for the `rows` pairs in workspace->key and value. Writes the gradient of the
 * mean cross-entropy (a buffer like parameters; gaps are left alone); returns the sum, nats. */
double lore_memory_train(const lore_memory_config *config, const real *parameters,
                         const real *value_vector, int rows, lore_memory_workspace *workspace,
                         real *gradient);

/* Forward for `rows` pairs with keys at `key` (B x d): workspace->loss (nats), correct, top (the
 * largest probability) and entropy (nats) of each. */
void lore_memory_score(const lore_memory_config *config, const real *parameters,
                       const real *value_vector, int rows, const real *key, const uint16_t *value,
                       lore_memory_workspace *workspace);

/* The matrix products of a training step, and the floating-point operations for one pair. */
void lore_memory_gemm_shapes(const lore_memory_config *config, int rows,
                             lore_gemm_shape shape[LORE_MEMORY_GEMM_SHAPES]);
double lore_memory_flops(const lore_memory_config *config);

#endif
