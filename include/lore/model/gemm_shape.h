/* What a matrix product is. */
#ifndef LORE_MODEL_GEMM_SHAPE_H
#define LORE_MODEL_GEMM_SHAPE_H

typedef enum { LORE_PLAIN = 0, LORE_TRANSPOSED = 1 } lore_transpose;

/* op(A): m x k, op(B): k x n, and how often it occurs. */
typedef struct {
  lore_transpose ta, tb;
  int m, n, k;
  int count;
} lore_gemm_shape;

#endif
