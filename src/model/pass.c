/* Sharing out a shard among the members of a crew, and what both mixers do with linear maps. */
#include "pass.h"

#include <assert.h>

#include "lore/model/gemm.h"

/* Units of what members share of a weight: whole cache lines, and whole tiles of products. */
enum { WEIGHT_COLUMNS = 32, WEIGHT_ROWS = 4 };

static int length_of(const lore_batch *shard, int sequence) {
  return shard->offset[sequence + 1] - shard->offset[sequence];
}

/* Where each sequence's probabilities begin; the same in every layer. */
static void place_sequences(const lore_pass *pass) {
  const lore_batch *shard = pass->shard;
  lore_workspace *w = pass->workspace;
  size_t at = 0;
  assert(shard->tokens <= w->tokens && shard->sequences <= w->sequences);
  for (int s = 0; s < shard->sequences; s++) {
    w->length[s] = length_of(shard, s);
    assert(w->length[s] <= pass->model->context);
    w->probability_at[s] = at;
    at += (size_t)w->length[s] * (size_t)lore_kernels()->attention_stride(w->length[s]) *
          (size_t)pass->model->config.heads;
  }
}

/* How many parts of at most `limit` tokens the sequences make, taken in order. */
static int count_parts(const lore_batch *shard, int limit) {
  int parts = 0, room = 0;
  for (int s = 0; s < shard->sequences; s++) {
    if (length_of(shard, s) > room) {
      parts++;
      room = limit;
    }
    room -= length_of(shard, s);
  }
  return parts;
}

/* Tokens of the largest part, if it is made as small as possible. */
static int least_limit(const lore_batch *shard, int parts) {
  int low = 1, high = shard->tokens;
  for (int s = 0; s < shard->sequences; s++)
    low = length_of(shard, s) > low ? length_of(shard, s) : low;
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (count_parts(shard, middle) <= parts)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

static void share_sequences(lore_pass *pass) {
  const lore_batch *shard = pass->shard;
  int limit = least_limit(shard, pass->members), part = -1, room = 0;
  pass->first_sequence = pass->last_sequence = 0;
  for (int s = 0; s < shard->sequences; s++) {
    if (length_of(shard, s) > room) {
      part++;
      room = limit;
    }
    room -= length_of(shard, s);
    if (part < pass->member)
      pass->first_sequence = s + 1;
    if (part <= pass->member)
      pass->last_sequence = s + 1;
  }
  pass->first_row = shard->offset[pass->first_sequence];
  pass->rows = shard->offset[pass->last_sequence] - pass->first_row;
}

bool lore_pass_begin(lore_pass *pass) {
  lore_workspace *w = pass->workspace;
  bool divides = lore_gemm_divides(pass->model->config.precision, lore_gemm_selected());
  pass->member = w->member;
  pass->members = divides ? w->members : 1;
  if (pass->member >= pass->members)
    return false;
  if (pass->member == 0)
    place_sequences(pass);
  lore_pass_meet(pass);
  w->sequences_used = pass->shard->sequences;
  share_sequences(pass);
  return true;
}

void lore_pass_meet(const lore_pass *pass) {
  if (pass->members > 1)
    lore_barrier_wait(pass->workspace->barrier, pass->members);
}

lore_part lore_pass_part(const lore_pass *pass, int count, int unit) {
  int64_t units = (count + unit - 1) / unit;
  int64_t first = units * pass->member / pass->members * unit;
  int64_t last = units * (pass->member + 1) / pass->members * unit;
  return (lore_part){first < count ? (int)first : count, last < count ? (int)last : count};
}

void lore_pass_linear(const lore_pass *pass, int in, int out, const real *x, int weight, int bias,
                      const real *residual, real *y) {
  size_t row = (size_t)pass->first_row;
  if (pass->rows > 0)
    lore_kernels()->linear_forward(
        pass->model->config.precision, pass->rows, in, out, x + row * (size_t)in,
        lore_pass_weight(pass, weight), lore_pass_weight(pass, bias),
        residual ? residual + row * (size_t)out : NULL, y + row * (size_t)out);
}

void lore_pass_linear_backward(const lore_pass *pass, int in, int out, int weight, const real *dy,
                               real *dx) {
  size_t row = (size_t)pass->first_row;
  if (pass->rows > 0)
    lore_kernels()->linear_backward(pass->model->config.precision, pass->rows, in, out, NULL,
                                    lore_pass_weight(pass, weight), dy + row * (size_t)out,
                                    dx + row * (size_t)in, NULL, NULL);
}

/* Along the longer side: the operand of the other one is packed by each member. */
void lore_pass_weight_slopes(const lore_pass *pass, int in, int out, const real *x, const real *dy,
                             real *dweight, int stride) {
  lore_part rows = {0, in}, columns = {0, out};
  if (out > in)
    columns = lore_pass_part(pass, out, WEIGHT_COLUMNS);
  else
    rows = lore_pass_part(pass, in, WEIGHT_ROWS);
  if (rows.first < rows.last && columns.first < columns.last)
    lore_gemm(pass->model->config.precision, LORE_TRANSPOSED, LORE_PLAIN, rows.last - rows.first,
              columns.last - columns.first, pass->shard->tokens, x + rows.first, in,
              dy + columns.first, out, NULL,
              dweight + (size_t)rows.first * (size_t)stride + columns.first, stride);
}

void lore_pass_bias_slopes(const lore_pass *pass, int out, const real *dy, real *dbias) {
  lore_part part = lore_pass_part(pass, out, LORE_LINE);
  lore_kernels()->column_sums(pass->shard->tokens, part.last - part.first, out, dy + part.first,
                              dbias + part.first);
}

void lore_pass_linear_slopes(const lore_pass *pass, int in, int out, const real *x, const real *dy,
                             int weight, int bias) {
  lore_pass_weight_slopes(pass, in, out, x, dy, lore_pass_slope(pass, weight), out);
  if (bias >= 0)
    lore_pass_bias_slopes(pass, out, dy, lore_pass_slope(pass, bias));
}
