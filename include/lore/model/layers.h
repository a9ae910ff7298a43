/* The layers of the decoder: free functions, forward beside backward, one file each. Kernels, of
 * which there is one of each level: called by lore_kernels()->name (lore/model/kernels.h).
 *
 * Shapes: T tokens of a shard, d width, H hidden units, V vocabulary, h heads of size d / h. All
 * matrices are row-major and dense unless a leading dimension says otherwise. Gradients of
 * parameters are written, not added, unless said; gradients of the residual stream are added. Each
 * has a naive twin in tests/. */
#ifndef LORE_MODEL_LAYERS_H
#define LORE_MODEL_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lore/base/real.h"
#include "lore/model/gemm_shape.h"
#include "lore/model/model.h"

/* -- norm.c: y = x / sqrt(mean(x^2) + epsilon) * gain, or layer norm (Ba et al. 2016) with optional
 * bias -- */

/* x, y: T x d; gain: d; bias: d or NULL; mean: T, written by layer norm only; scale: T, 1 /
 * deviation. */
void lore_norm_forward(lore_norm norm, int tokens, int width, double epsilon, const real *x,
                       const real *gain, const real *bias, real *y, real *mean, real *scale);

/* dy: T x d; adds d loss / dx to dx. dgain: d, or NULL for dx alone; dbias: d or NULL. */
void lore_norm_backward(lore_norm norm, int tokens, int width, const real *x, const real *gain,
                        const real *mean, const real *scale, const real *dy, real *dx, real *dgain,
                        real *dbias);

/* dgain and dbias (or NULL) alone, of some columns: x, dy: T x columns, rows `stride` apart. */
void lore_norm_slopes(lore_norm norm, int tokens, int columns, int stride, const real *x,
                      const real *mean, const real *scale, const real *dy, real *dgain,
                      real *dbias);

/* -- linear.c: y = x W (+ b) (+ residual), and in bf16 the operands of all products, forward and
 * backward, rounded -- */

/* x: T x in; weight: in x out; bias: out or NULL; residual: T x out or NULL (may be y); y: T x out.
 */
void lore_linear_forward(lore_precision precision, int tokens, int in, int out, const real *x,
                         const real *weight, const real *bias, const real *residual, real *y);

/* dy: T x out; dx: T x in; dweight: in x out; dbias: out. Each result may be NULL. */
void lore_linear_backward(lore_precision precision, int tokens, int in, int out, const real *x,
                          const real *weight, const real *dy, real *dx, real *dweight, real *dbias);

/* Block-diagonal: `blocks` square maps side by side. x, y: T x channels; weight: channels x
 * channels / blocks, the blocks one below the other; bias: channels. */
void lore_blocks_forward(lore_precision precision, int tokens, int channels, int blocks,
                         const real *x, const real *weight, const real *bias, real *y);

/* The sum of each column. x: T x columns, rows `stride` apart. */
void lore_column_sums(int tokens, int columns, int stride, const real *x, real *sums);

/* Adds to dx. */
void lore_blocks_backward(lore_precision precision, int tokens, int channels, int blocks,
                          const real *weight, const real *dy, real *dx);

/* Writes rows [first, last) of dweight: channels of x, the blocks one below the other. */
void lore_blocks_slopes(lore_precision precision, int tokens, int channels, int blocks, int first,
                        int last, const real *x, const real *dy, real *dweight);

/* -- rotary.c: rotary positions (Su et al. 2021), pairs (i, i + size/2) -- */

/* cosine, sine: context x size/2. */
void lore_rotary_table(int context, int size, double base, real *cosine, real *sine);

/* Rotates `heads` heads of `size` elements in each of `tokens` rows, `stride` elements apart, by
 * the angle of positions 0, 1, ...; the other way round when `inverse`. */
void lore_rotary_apply(int tokens, int heads, int size, int stride, const real *cosine,
                       const real *sine, int inverse, real *x);

/* -- attention.c: causal softmax(q k^T / sqrt(size)) v for one head of one sequence; patterns
 * alone, and given patterns, for attention patching -- */

/* Row length of a matrix of attention probabilities. */
int lore_attention_stride(int tokens);

/* Reals that attention needs as scratch for sequences of `tokens` tokens and heads of `size`. */
size_t lore_attention_scratch(int tokens, int size);

/* q, k, v: T x size, rows `stride` elements apart; probability: T x lore_attention_stride(T), zeros
 * right of the diagonal; out: T x size, rows `out_stride` apart. */
void lore_attention_forward(int tokens, int size, int stride, const real *q, const real *k,
                            const real *v, real *probability, int out_stride, real *out,
                            real *scratch);

/* The probabilities alone: the same bits. */
void lore_attention_patterns(int tokens, int size, int stride, const real *q, const real *k,
                             real *probability, real *scratch);

/* dout like out; dq, dk, dv: like q, k, v, rows `dstride` apart, written. */
void lore_attention_backward(int tokens, int size, int stride, const real *q, const real *k,
                             const real *v, const real *probability, int out_stride,
                             const real *dout, int dstride, real *dq, real *dk, real *dv,
                             real *scratch);

/* out = P v with given probabilities: no query and no key. Arguments as above. */
void lore_attention_apply(int tokens, int size, int stride, const real *v, const real *probability,
                          int out_stride, real *out, real *scratch);

/* dv = P^T dout; nothing flows into the probabilities. */
void lore_attention_apply_backward(int tokens, int size, const real *probability, int out_stride,
                                   const real *dout, int dstride, real *dv, real *scratch);

/* -- convolution.c: depthwise causal convolution over one sequence; before it lie zeros -- */

enum { LORE_CONVOLUTION_WIDTH = 4 };

/* x: T x channels, rows `stride` apart; weight: LORE_CONVOLUTION_WIDTH x channels, row k for the
 * token k places back; bias: channels or NULL; y: T x channels. */
void lore_convolution_forward(int tokens, int channels, int stride, const real *x,
                              const real *weight, const real *bias, real *y);

/* dx: like x, rows `dstride` apart, written. Adds to dweight (NULL: dx alone) and dbias (or NULL).
 */
void lore_convolution_backward(int tokens, int channels, int stride, const real *x,
                               const real *weight, const real *dy, int dstride, real *dx,
                               real *dweight, real *dbias);

/* Adds to dweight and dbias (or NULL) alone, of `columns` of the channels: x, dy and the slopes
 * begin with the first of them, rows of dy and dweight are `channels` apart. */
void lore_convolution_slopes(int tokens, int columns, int channels, int stride, const real *x,
                             const real *dy, real *dweight, real *dbias);

/* -- recurrent.c: the RG-LRU (De et al. 2024, equations 1-4) over one sequence, from a state of 0:
 * h_t = a_t h_(t-1) + sqrt(1 - a_t^2) (i_t x_t) with ln a_t = rate r_t; and GELU(gate) h -- */

enum { LORE_RG_LRU_POWER = 8 };

/* rate = 8 ln logistic(lambda), the logarithm of a^c. */
void lore_recurrent_rate(int channels, const real *lambda, real *rate);

/* Turns d loss / d rate into d loss / d lambda, in place. */
void lore_recurrent_rate_backward(int channels, const real *lambda, real *slope);

/* T x channels each, dense where no stride is given. */
typedef struct {
  const real *rate;         /* channels */
  const real *gate;         /* rows `stride` apart */
  const real *x;            /* what is fed in */
  real *recurrence, *input; /* the gates r and i: logits before forward, values after it */
  real *h, *mixed;          /* written by forward: the state, and GELU(gate) h */
  int stride;
} lore_recurrent;

typedef struct {
  const real *mixed;
  real *gate;                   /* rows `stride` apart */
  real *x, *recurrence, *input; /* written; of the gates, with respect to their logits */
  real *rate;                   /* channels, added */
  real *carry;                  /* channels, scratch */
  int stride;
} lore_recurrent_slopes;

void lore_recurrent_forward(int tokens, int channels, const lore_recurrent *s);
/* Of channels [first, last). */
void lore_recurrent_backward(int tokens, int channels, int first, int last, const lore_recurrent *s,
                             const lore_recurrent_slopes *d);

/* -- activation.c: GELU (tanh form, Hendrycks and Gimpel 2016) or ReLU -- */

void lore_activation_forward(lore_activation activation, size_t count, const real *u, real *a);

/* du = da * f'(u); du may be da. */
void lore_activation_backward(lore_activation activation, size_t count, const real *u,
                              const real *da, real *du);

/* -- embedding.c -- */

/* x[t] = embedding[token[t]] (+ position_embedding[t - start of its sequence], unless NULL). */
void lore_embedding_forward(int sequences, const int32_t *offset, const uint16_t *token, int width,
                            const real *embedding, const real *position_embedding, real *x);

/* Adds to columns [first, last) of dembedding and dposition (or NULL). */
void lore_embedding_backward(int sequences, const int32_t *offset, const uint16_t *token, int width,
                             int first, int last, const real *dx, real *dembedding,
                             real *dposition);

/* -- head.c: logits and cross-entropy over chunks of rows; logits are never stored whole -- */

enum { LORE_HEAD_ROWS = 256 };

/* Reals of scratch for width d and a vocabulary of V. */
size_t lore_head_scratch(lore_precision precision, int width, int vocabulary);

/* x: T x d; weight: V x d; bias: V or NULL; target: T. Writes dx (T x d), dweight (V x d), dbias (V
 * or NULL) of scale * sum of cross-entropies; returns the sum (nats). */
double lore_head_train(lore_precision precision, int tokens, int width, int vocabulary,
                       const real *x, const real *weight, const real *bias, const uint16_t *target,
                       double scale, real *dx, real *dweight, real *dbias, real *scratch);

/* The same in parts, which several threads may make: the weights are packed, then for each chunk of
 * at most LORE_HEAD_ROWS rows all of its rows, then all of its words. What is one behind the other
 * here needs all parts of what is before. */
typedef struct {
  lore_precision precision;
  int width, vocabulary;
  const real *weight, *bias;
} lore_head;

/* Part `part` of `parts` of the packed weights; for dx too if `backward`. */
void lore_head_pack(const lore_head *head, bool backward, int part, int parts, real *scratch);

/* Rows [first, first + rows) of a chunk; x, target, loss (nats) and dx begin with the first. */
void lore_head_rows(const lore_head *head, int first, int rows, const real *x,
                    const uint16_t *target, double scale, double *loss, real *dx, real *scratch);

/* Words [first, last) of dweight and dbias (or NULL), from all `rows` rows of a chunk; `add`: to
 * those of the chunks before. */
void lore_head_slopes(const lore_head *head, int rows, int first, int last, const real *x, bool add,
                      real *dweight, real *dbias, const real *scratch);

/* Scores of T rows, see lore_scores; outputs T each, NULL to leave one out. */
void lore_head_score(lore_precision precision, int tokens, int width, int vocabulary, const real *x,
                     const real *weight, const real *bias, const uint16_t *target, double *loss,
                     unsigned char *correct, double *top, double *entropy, real *scratch);

/* -- gemm_kernel.c: the built-in matrix product, as lore_gemm -- */

void lore_gemm_builtin(lore_precision precision, lore_transpose ta, lore_transpose tb, int m, int n,
                       int k, const real *a, int lda, const real *b, int ldb, const real *add,
                       real *c, int ldc);

/* Reals that it keeps per thread to make products with n columns, of any depth: a later, deeper
 * product must not need more. */
size_t lore_gemm_builtin_scratch(int n);

/* -- vector.c: whole vectors of parameters -- */

/* to += from. */
void lore_vector_add(int64_t count, const real *from, real *to);

/* The numbers of one update of AdamW (lore/train/adamw.h). */
typedef struct {
  real beta1, beta2, rest1, rest2; /* rest = 1 - beta */
  real scale;                      /* of the gradient */
  real keep;                       /* what decay leaves of a parameter */
  real step, unbias2;              /* rate and bias corrections */
  real epsilon;
} lore_update;

/* m = beta1 m + rest1 g and v = beta2 v + rest2 g^2 with g = scale * gradient;
 * w = keep w - step m / (sqrt(v) unbias2 + epsilon). */
void lore_vector_update(const lore_update *update, int64_t count, const real *gradient,
                        real *parameters, real *first_moment, real *second_moment);

#endif
