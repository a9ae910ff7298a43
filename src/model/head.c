/* Output head: logits = x W^T (+ bias), cross-entropy and its gradient, a chunk of rows at a time.
 */
#include "level.h"

#include <math.h>
#include <string.h>

#include "gemm_kernel.h"
#include "lore/model/gemm.h"
#include "lore/model/layers.h"
#include "vecmath.h"

static int padded_vocabulary(int vocabulary) {
  return (vocabulary + LORE_LANES - 1) / LORE_LANES * LORE_LANES;
}

/* The weights, and for the built-in backend also packed: once for all chunks. */
typedef struct {
  lore_precision precision;
  int width, vocabulary;
  const real *weight, *bias;
  real *logits;         /* LORE_HEAD_ROWS rows of padded_vocabulary(vocabulary) */
  real *across, *along; /* packed W^T and W; NULL with another backend */
} lore_head;

size_t lore_head_scratch(lore_precision precision, int width, int vocabulary) {
  return (size_t)padded_vocabulary(vocabulary) * LORE_HEAD_ROWS +
         lore_packed_whole(precision, width, vocabulary) +
         lore_packed_whole(precision, vocabulary, width);
}

static lore_head open_head(lore_precision precision, int width, int vocabulary, const real *weight,
                           const real *bias, int backward, real *scratch) {
  lore_head head = {precision, width, vocabulary, weight, bias, scratch, NULL, NULL};
  if (precision == LORE_FLOAT32 && lore_gemm_selected() != LORE_GEMM_BUILTIN)
    return head;
  head.across = scratch + (size_t)padded_vocabulary(vocabulary) * LORE_HEAD_ROWS;
  lore_gemm_pack(precision, LORE_TRANSPOSED, width, vocabulary, weight, width, head.across);
  if (backward) {
    head.along = head.across + lore_packed_whole(precision, width, vocabulary);
    lore_gemm_pack(precision, LORE_PLAIN, vocabulary, width, weight, width, head.along);
  }
  return head;
}

/* Logits of `rows` rows; lanes beyond V hold -inf, so that row loops need no tail. */
static void chunk_logits(const lore_head *head, int rows, const real *x) {
  int stride = padded_vocabulary(head->vocabulary), d = head->width;
  if (head->across)
    lore_gemm_prepacked(head->precision, rows, head->vocabulary, d, x, d, head->across, NULL,
                        head->logits, stride);
  else
    lore_gemm(head->precision, LORE_PLAIN, LORE_TRANSPOSED, rows, head->vocabulary, d, x, d,
              head->weight, d, NULL, head->logits, stride);
  for (int r = 0; r < rows; r++) {
    real *row = head->logits + (size_t)r * (size_t)stride;
    if (head->bias)
      for (int i = 0; i < head->vocabulary; i++)
        row[i] += head->bias[i];
    for (int i = head->vocabulary; i < stride; i++)
      row[i] = -INFINITY;
  }
}

/* dx = dlogits W. */
static void chunk_backward(const lore_head *head, int rows, real *dx) {
  int stride = padded_vocabulary(head->vocabulary), d = head->width;
  if (head->along)
    lore_gemm_prepacked(head->precision, rows, d, head->vocabulary, head->logits, stride,
                        head->along, NULL, dx, d);
  else
    lore_gemm(head->precision, LORE_PLAIN, LORE_PLAIN, rows, d, head->vocabulary, head->logits,
              stride, head->weight, d, NULL, dx, d);
}

static real row_largest(int stride, const real *row) {
  lore_vec a = lore_vec_load(row), b = a;
  int i = LORE_LANES;
  for (; i + 2 * LORE_LANES <= stride; i += 2 * LORE_LANES) {
    a = lore_vec_max(a, lore_vec_load(row + i));
    b = lore_vec_max(b, lore_vec_load(row + i + LORE_LANES));
  }
  for (; i < stride; i += LORE_LANES)
    a = lore_vec_max(a, lore_vec_load(row + i));
  return lore_vec_largest(lore_vec_max(a, b));
}

/* row = exp(row - largest); returns the sum. Lanes beyond V add about 1e-38 each: nothing. */
static real row_exponentials(int stride, real largest, real *row) {
  lore_vec shift = lore_vec_set(largest), sum = {0};
  for (int i = 0; i < stride; i += LORE_LANES) {
    lore_vec e = lore_vec_exp(lore_vec_load(row + i) - shift);
    lore_vec_store(row + i, e);
    sum += e;
  }
  return lore_vec_sum(sum);
}

/* Turns one row of logits into scale * (softmax - one-hot); returns its cross-entropy. */
static double row_gradient(int stride, int target, real scale, real *row) {
  real largest = row_largest(stride, row), at_target = row[target];
  real sum = row_exponentials(stride, largest, row);
  lore_vec factor = lore_vec_set(scale / sum);
  for (int i = 0; i < stride; i += LORE_LANES)
    lore_vec_store(row + i, lore_vec_load(row + i) * factor);
  row[target] -= scale;
  return log((double)sum) + (double)largest - (double)at_target;
}

double lore_head_train(lore_precision precision, int tokens, int width, int vocabulary,
                       const real *x, const real *weight, const real *bias, const uint16_t *target,
                       double scale, real *dx, real *dweight, real *dbias, real *scratch) {
  lore_head head = open_head(precision, width, vocabulary, weight, bias, 1, scratch);
  int stride = padded_vocabulary(vocabulary);
  double loss = 0;
  if (dbias)
    memset(dbias, 0, sizeof(real) * (size_t)vocabulary);
  for (int t = 0; t < tokens; t += LORE_HEAD_ROWS) {
    int rows = tokens - t < LORE_HEAD_ROWS ? tokens - t : LORE_HEAD_ROWS;
    size_t at = (size_t)t * (size_t)width;
    chunk_logits(&head, rows, x + at);
    for (int r = 0; r < rows; r++) {
      real *row = scratch + (size_t)r * (size_t)stride;
      loss += row_gradient(stride, target[t + r], (real)scale, row);
      if (dbias)
        for (int i = 0; i < vocabulary; i++)
          dbias[i] += row[i];
    }
    chunk_backward(&head, rows, dx + at);
    lore_gemm(precision, LORE_TRANSPOSED, LORE_PLAIN, vocabulary, width, rows, scratch, stride,
              x + at, width, t ? dweight : NULL, dweight, width);
  }
  return loss;
}

/* -sum p ln p with p = e / sum and e = exp(logit - largest): ln sum - sum(e (logit - largest)) /
 * sum. */
static double row_entropy(int vocabulary, const real *e, double sum) {
  double weighted = 0;
  for (int i = 0; i < vocabulary; i++)
    if (e[i] > 0)
      weighted += (double)e[i] * log((double)e[i]);
  return log(sum) - weighted / sum;
}

void lore_head_score(lore_precision precision, int tokens, int width, int vocabulary, const real *x,
                     const real *weight, const real *bias, const uint16_t *target, double *loss,
                     unsigned char *correct, double *top, double *entropy, real *scratch) {
  lore_head head = open_head(precision, width, vocabulary, weight, bias, 0, scratch);
  int stride = padded_vocabulary(vocabulary);
  for (int t = 0; t < tokens; t++) {
    real *row = scratch + (size_t)(t % LORE_HEAD_ROWS) * (size_t)stride;
    if (t % LORE_HEAD_ROWS == 0) {
      int rows = tokens - t < LORE_HEAD_ROWS ? tokens - t : LORE_HEAD_ROWS;
      chunk_logits(&head, rows, x + (size_t)t * (size_t)width);
    }
    real largest = row_largest(stride, row), at_target = row[target[t]];
    double sum = (double)row_exponentials(stride, largest, row);
    if (loss)
      loss[t] = log(sum) + (double)largest - (double)at_target;
    if (correct)
      correct[t] = at_target >= largest;
    if (top)
      top[t] = 1 / sum;
    if (entropy)
      entropy[t] = row_entropy(vocabulary, row, sum);
  }
}
