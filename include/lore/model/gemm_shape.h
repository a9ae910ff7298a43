/* What a matrix product is. */
#ifndef LORE_MODEL_GEMM_SHAPE_H
#define LORE_MODEL_GEMM_SHAPE_H

#include "lore/base/enum.h"

/* In bf16 both operands are rounded to 8 significant bits, to nearest even, and their products are
 * added in float32. X(value, its name in settings) */
#define LORE_PRECISION_LIST(X)                                                                     \
  X(LORE_FLOAT32, "float32")                                                                       \
  X(LORE_BF16, "bf16")

typedef enum { LORE_PRECISION_LIST(LORE_ENUM_VALUE) } lore_precision;

typedef enum { LORE_PLAIN = 0, LORE_TRANSPOSED = 1 } lore_transpose;

/* op(A): m x k, op(B): k x n, and how often it occurs. */
typedef struct {
  lore_transpose ta, tb;
  int m, n, k;
  int count;
} lore_gemm_shape;

#endif
