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

/* The parts of a head's scratch. */
typedef struct {
  real *logits;         /* LORE_HEAD_ROWS rows of padded_vocabulary(vocabulary) */
  real *across, *along; /* packed W^T and W; NULL with another backend */
} head_parts;

size_t lore_head_scratch(lore_precision precision, int width, int vocabulary) {
  return (size_t)padded_vocabulary(vocabulary) * LORE_HEAD_ROWS +
         lore_packed_whole(precision, width, vocabulary) +
         lore_packed_whole(precision, vocabulary, width);
}

static head_parts find_parts(const lore_head *head, real *scratch) {
  head_parts parts = {.logits = scratch};
  if (head->precision == LORE_FLOAT32 && lore_gemm_selected() != LORE_GEMM_BUILTIN)
    return parts;
  parts.across = scratch + (size_t)padded_vocabulary(head->vocabulary) * LORE_HEAD_ROWS;
  parts.along = parts.across + lore_packed_whole(head->precision, head->width, head->vocabulary);
  return parts;
}

void lore_head_pack(const lore_head *head, bool backward, int part, int parts, real *scratch) {
  const int d = head->width, v = head->vocabulary;
  const head_parts to = find_parts(head, scratch);
  if (to.across)
    lore_gemm_pack(head->precision, LORE_TRANSPOSED, d, v, head->weight, d, part, parts, to.across);
  if (to.along && backward)
    lore_gemm_pack(head->precision, LORE_PLAIN, v, d, head->weight, d, part, parts, to.along);
}

/* Logits of `rows` rows; lanes beyond V hold -inf, so that row loops need no tail. */
static void rows_logits(const lore_head *head, const head_parts *parts, int rows, const real *x,
                        real *logits) {
  int stride = padded_vocabulary(head->vocabulary), d = head->width;
  if (parts->across)
    lore_gemm_prepacked(head->precision, rows, head->vocabulary, d, x, d, parts->across, NULL,
                        logits, stride);
  else
    lore_gemm(head->precision, LORE_PLAIN, LORE_TRANSPOSED, rows, head->vocabulary, d, x, d,
              head->weight, d, NULL, logits, stride);
  for (int r = 0; r < rows; r++) {
    real *row = logits + (size_t)r * (size_t)stride;
    if (head->bias)
      for (int i = 0; i < head->vocabulary; i++)
        row[i] += head->bias[i];
    for (int i = head->vocabulary; i < stride; i++)
      row[i] = -INFINITY;
  }
}

/* dx = dlogits W. */
static void rows_backward(const lore_head *head, const head_parts *parts, int rows,
                          const real *dlogits, real *dx) {
  int stride = padded_vocabulary(head->vocabulary), d = head->width;
  if (parts->along)
    lore_gemm_prepacked(head->precision, rows, d, head->vocabulary, dlogits, stride, parts->along,
                        NULL, dx, d);
  else
    lore_gemm(head->precision, LORE_PLAIN, LORE_PLAIN, rows, d, head->vocabulary, dlogits, stride,
              head->weight, d, NULL, dx, d);
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

void lore_head_rows(const lore_head *head, int first, int rows, const real *x,
                    const uint16_t *target, double scale, double *loss, real *dx, real *scratch) {
  const head_parts parts = find_parts(head, scratch);
  int stride = padded_vocabulary(head->vocabulary);
  real *logits = parts.logits + (size_t)first * (size_t)stride;
  rows_logits(head, &parts, rows, x, logits);
  for (int r = 0; r < rows; r++)
    loss[r] = row_gradient(stride, target[r], (real)scale, logits + (size_t)r * (size_t)stride);
  rows_backward(head, &parts, rows, logits, dx);
}

void lore_head_slopes(const lore_head *head, int rows, int first, int last, const real *x, bool add,
                      real *dweight, real *dbias, const real *scratch) {
  int stride = padded_vocabulary(head->vocabulary), d = head->width;
  real *to = dweight + (size_t)first * (size_t)d;
  if (dbias && !add)
    memset(dbias + first, 0, sizeof(real) * (size_t)(last - first));
  for (int r = 0; r < rows && dbias; r++)
    for (int i = first; i < last; i++)
      dbias[i] += scratch[(size_t)r * (size_t)stride + (size_t)i];
  if (first < last)
    lore_gemm(head->precision, LORE_TRANSPOSED, LORE_PLAIN, last - first, d, rows, scratch + first,
              stride, x, d, add ? to : NULL, to, d);
}

double lore_head_train(lore_precision precision, int tokens, int width, int vocabulary,
                       const real *x, const real *weight, const real *bias, const uint16_t *target,
                       double scale, real *dx, real *dweight, real *dbias, real *scratch) {
  const lore_head head = {precision, width, vocabulary, weight, bias};
  double loss = 0, each[LORE_HEAD_ROWS];
  lore_head_pack(&head, true, 0, 1, scratch);
  for (int t = 0; t < tokens; t += LORE_HEAD_ROWS) {
    int rows = tokens - t < LORE_HEAD_ROWS ? tokens - t : LORE_HEAD_ROWS;
    size_t at = (size_t)t * (size_t)width;
    lore_head_rows(&head, 0, rows, x + at, target + t, scale, each, dx + at, scratch);
    lore_head_slopes(&head, rows, 0, vocabulary, x + at, t > 0, dweight, dbias, scratch);
    for (int r = 0; r < rows; r++)
      loss += each[r];
  }
  return loss;
}

/* The sum of e = exp(logit - largest), to the bit that of row_exponentials, and that of
 * e (logit - largest). Lanes beyond V add nothing to either. */
static void row_sums(int stride, real largest, const real *row, double *sum, double *weighted) {
  lore_vec shift = lore_vec_set(largest), least = lore_vec_set((real)-87);
  lore_vec plain = {0}, times = {0};
  for (int i = 0; i < stride; i += LORE_LANES) {
    lore_vec x = lore_vec_load(row + i) - shift, e = lore_vec_exp(x);
    plain += e;
    times += e * lore_vec_max(x, least);
  }
  *sum = (double)lore_vec_sum(plain);
  *weighted = (double)lore_vec_sum(times);
}

/* Whether no other token is as likely: a model that says nothing has not said the right thing. */
static bool is_alone(int vocabulary, const real *logit, int target) {
  int as_likely = 0;
  for (int i = 0; i < vocabulary; i++)
    as_likely += logit[i] >= logit[target];
  return as_likely == 1;
}

void lore_head_score(lore_precision precision, int tokens, int width, int vocabulary, const real *x,
                     const real *weight, const real *bias, const uint16_t *target, double *loss,
                     unsigned char *correct, double *top, double *entropy, real *scratch) {
  const lore_head head = {precision, width, vocabulary, weight, bias};
  const head_parts parts = find_parts(&head, scratch);
  int stride = padded_vocabulary(vocabulary);
  lore_head_pack(&head, false, 0, 1, scratch);
  for (int t = 0; t < tokens; t++) {
    const real *row = scratch + (size_t)(t % LORE_HEAD_ROWS) * (size_t)stride;
    double sum, weighted;
    if (t % LORE_HEAD_ROWS == 0) {
      int rows = tokens - t < LORE_HEAD_ROWS ? tokens - t : LORE_HEAD_ROWS;
      rows_logits(&head, &parts, rows, x + (size_t)t * (size_t)width, scratch);
    }
    real largest = row_largest(stride, row), at_target = row[target[t]];
    bool right = at_target >= largest && is_alone(vocabulary, row, target[t]);
    row_sums(stride, largest, row, &sum, &weighted);
    if (loss)
      loss[t] = log(sum) + (double)largest - (double)at_target;
    if (correct)
      correct[t] = right;
    if (top)
      top[t] = 1 / sum;
    if (entropy) /* -sum p ln p with p = e / sum */
      entropy[t] = log(sum) - weighted / sum;
  }
}
