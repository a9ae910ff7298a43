/* Five steps X <- a X + (b A + c A A) X, A = X X^T. */
#include "newton_schulz.h"

#include <math.h>
#include <stdint.h>

#include "lore/model/gemm.h"

enum { STEPS = 5, LANES = 16 };

static const real a = (real)3.4445, b = (real)-4.7750, c = (real)2.0315;

lore_newton_schulz_room lore_newton_schulz_layout(lore_arena *arena, int smaller, int larger) {
  size_t all = (size_t)smaller * (size_t)larger, square = (size_t)smaller * (size_t)smaller;
  lore_newton_schulz_room room;
  room.x = lore_arena_take(arena, all, sizeof(real));
  room.y = lore_arena_take(arena, all, sizeof(real));
  room.gram = lore_arena_take(arena, square, sizeof(real));
  room.polynomial = lore_arena_take(arena, square, sizeof(real));
  return room;
}

/* In fixed lanes: the same bits at any vector width. */
static double sum_of_squares(int64_t count, const real *x) {
  double lane[LANES] = {0}, sum = 0;
  int64_t whole = count / LANES * LANES;
  for (int64_t i = 0; i < whole; i += LANES)
    for (int j = 0; j < LANES; j++)
      lane[j] += (double)x[i + j] * (double)x[i + j];
  for (int64_t i = whole; i < count; i++)
    lane[0] += (double)x[i] * (double)x[i];
  for (int j = 0; j < LANES; j++)
    sum += lane[j];
  return sum;
}

/* x (m x n, m <= n) is the matrix, transposed if it is tall. */
static void load(int rows, int columns, int stride, const real *matrix, real *x) {
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      x[rows > columns ? j * rows + i : i * columns + j] = matrix[(size_t)i * stride + j];
}

static void store(int rows, int columns, int stride, real scale, const real *x, real *matrix) {
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      matrix[(size_t)i * stride + j] = scale * x[rows > columns ? j * rows + i : i * columns + j];
}

static void scale_into(int64_t count, real factor, const real *restrict from, real *restrict to) {
  for (int64_t i = 0; i < count; i++)
    to[i] = factor * from[i];
}

static void step(lore_precision precision, int m, int n, const real *x, real *y,
                 const lore_newton_schulz_room *room) {
  real *gram = room->gram, *polynomial = room->polynomial;
  lore_gemm(precision, LORE_PLAIN, LORE_TRANSPOSED, m, m, n, x, n, x, n, NULL, gram, m);
  lore_gemm(precision, LORE_PLAIN, LORE_PLAIN, m, m, m, gram, m, gram, m, NULL, polynomial, m);
  for (int64_t i = 0; i < (int64_t)m * m; i++)
    polynomial[i] = b * gram[i] + c * polynomial[i];
  scale_into((int64_t)m * n, a, x, y);
  lore_gemm(precision, LORE_PLAIN, LORE_PLAIN, m, n, m, polynomial, m, x, n, y, y, n);
}

void lore_newton_schulz(lore_precision precision, int rows, int columns, int stride, double scale,
                        real *matrix, const lore_newton_schulz_room *room) {
  int m = rows < columns ? rows : columns, n = rows < columns ? columns : rows;
  int64_t count = (int64_t)m * n;
  real *x = room->x, *y = room->y;
  load(rows, columns, stride, matrix, y);
  scale_into(count, (real)(1 / (sqrt(sum_of_squares(count, y)) + 1e-7)), y, x);
  for (int k = 0; k < STEPS; k++) {
    step(precision, m, n, x, y, room);
    real *swapped = x;
    x = y;
    y = swapped;
  }
  store(rows, columns, stride, (real)scale, x, matrix);
}

double lore_newton_schulz_operations(int rows, int columns) {
  double m = rows < columns ? rows : columns, n = rows < columns ? columns : rows;
  return STEPS * (4 * m * m * n + 2 * m * m * m);
}
