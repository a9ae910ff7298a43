/* Orthogonalisation of a matrix by a Newton-Schulz iteration (Jordan 2024, "Muon"): all singular
 * values are brought near 1. */
#ifndef LORE_TRAIN_NEWTON_SCHULZ_H
#define LORE_TRAIN_NEWTON_SCHULZ_H

#include "lore/base/arena.h"
#include "lore/base/real.h"
#include "lore/model/gemm_shape.h"

/* Room for matrices of up to `smaller` x `larger`. */
typedef struct {
  real *x, *y;             /* smaller x larger */
  real *gram, *polynomial; /* smaller x smaller */
} lore_newton_schulz_room;

/* Cuts the room out of `arena`, or counts it. */
lore_newton_schulz_room lore_newton_schulz_layout(lore_arena *arena, int smaller, int larger);

/* Replaces `matrix` (rows x columns, rows `stride` elements apart) by `scale` times U f(S) V^T,
 * where U S V^T is its singular value decomposition and f five times p(s) = a s + b s^3 + c s^5 of
 * s over the Frobenius norm, (a, b, c) = (3.4445, -4.7750, 2.0315). Products are made in
 * `precision`. Single-threaded: the same bits whoever calls it. */
void lore_newton_schulz(lore_precision precision, int rows, int columns, int stride, double scale,
                        real *matrix, const lore_newton_schulz_room *room);

/* Floating-point operations of that. */
double lore_newton_schulz_operations(int rows, int columns);

#endif
