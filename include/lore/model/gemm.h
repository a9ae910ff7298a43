/* Matrix products behind one name. All calls are single-threaded and safe to make from several
 * threads. */
#ifndef LORE_MODEL_GEMM_H
#define LORE_MODEL_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "lore/base/enum.h"
#include "lore/base/real.h"
#include "lore/base/status.h"
#include "lore/model/gemm_shape.h"

#define LORE_GEMM_BACKEND_LIST(X)                                                                  \
  X(LORE_GEMM_AUTO, "auto")                                                                        \
  X(LORE_GEMM_BUILTIN, "builtin")                                                                  \
  X(LORE_GEMM_CBLAS, "cblas")                                                                      \
  X(LORE_GEMM_ONEDNN, "onednn")

typedef enum { LORE_GEMM_BACKEND_LIST(LORE_ENUM_VALUE) } lore_gemm_backend;

/* C = A B, C = C + A B (add == C) or C = D + A B (add == D, leading dimension ldc), with
 * op(A): m x k, op(B): k x n, C: m x n, all row-major; lda, ldb, ldc are row lengths in elements as
 * stored. In float32 by the backend that is selected, in bf16 always by the built-in one. */
void lore_gemm(lore_precision precision, lore_transpose ta, lore_transpose tb, int m, int n, int k,
               const real *a, int lda, const real *b, int ldb, const real *add, real *c, int ldc);

/* Whether this build has `backend`, and its name ("builtin", "cblas", "onednn"). */
int lore_gemm_has(lore_gemm_backend backend);
const char *lore_gemm_name(lore_gemm_backend backend);

/* The backend that `wanted` comes to in that precision. */
lore_gemm_backend lore_gemm_for(lore_precision precision, lore_gemm_backend wanted);

/* Whether products may be made in parts: an element has the same bits whatever rows and columns are
 * computed with it. So it is with our own; libraries choose their ways by the shape. */
bool lore_gemm_divides(lore_precision precision, lore_gemm_backend backend);

/* Uses `backend` from now on. Not while a product is running. LORE_USER if the build lacks it,
 * LORE_MEMORY if `ulimit -v` leaves a library too little: then it is not touched. */
lore_status lore_gemm_select(lore_gemm_backend backend);
lore_gemm_backend lore_gemm_selected(void);

/* Lists the products of `count` linear maps: y = x W forward, dx = dy W^T and dW = x^T dy backward.
 * Returns the entry behind the last. */
lore_gemm_shape *lore_linear_shapes(lore_gemm_shape *shape, int tokens, int in, int out, int count);

/* Bytes that the built-in backend keeps per thread to make such products. */
size_t lore_gemm_scratch_bytes(int count, const lore_gemm_shape *shapes);

/* Seconds that each of `threads` threads takes to make all `shapes` (times their counts) at once
 * with `backend`: per shape the best of several repeats, at least one after a warm-up, within about
 * `budget` seconds in all. LORE_USER if the build lacks the backend, LORE_MEMORY. */
lore_status lore_gemm_time(lore_precision precision, lore_gemm_backend backend,
                           const lore_gemm_shape *shapes, int count, int threads, double budget,
                           double *seconds);

/* Times every backend of this build on `shapes`, selects the fastest (the built-in one
 * unless another is clearly faster) and describes the choice in `text`: "builtin 160, onednn 155,
 * cblas 140 GFLOP/s: builtin". Takes about `budget` seconds. */
lore_status lore_gemm_choose(const lore_gemm_shape *shapes, int count, int threads, double budget,
                             size_t size, char *text);

#endif
